"""The consent catalogue, its rings, notices and events: whole, and in agreement with one another."""

import re

import jsonschema
import pytest

from conformance.contract.catalogue import (
    load_consent_catalogue,
    load_controllers,
    load_detail_schema,
    load_events,
    load_notice_texts,
    load_receipt_fields,
    load_ring_items,
    load_rings,
)
from conformance.contract.operations import load_document

CATALOGUE = load_consent_catalogue()
SCHEMAS = load_document()["components"]["schemas"]


def test_categories_are_those_of_the_seed_table() -> None:
    """Every data item of the seed's opt-in table (contract C4) has its category."""
    assert set(CATALOGUE.categories) >= {
        "profile.basic", "profile.contact", "profile.image", "profile.birth_year", "profile.residence_municipality",
        "family", "location", "support_flag", "safety", "medication_condition", "checkin", "survey", "survey.derived",
        "household", "payment_result", "lifelog", "rx_lab", "plan",
    }  # fmt: skip


def test_purposes_cover_known_codes_and_every_category_has_one() -> None:
    """A purpose covers known categories and recipients, never the person; each category is of use for something."""
    for purpose in CATALOGUE.purposes.values():
        assert set(purpose.categories) <= set(CATALOGUE.categories)
        assert set(purpose.recipients) <= set(CATALOGUE.recipients) - {"self"}
        assert purpose.max_validity_days > 0
        assert purpose.retention_days > 0
    assert {one for purpose in CATALOGUE.purposes.values() for one in purpose.categories} == set(CATALOGUE.categories)


def test_derived_data_and_tourism_stand_apart() -> None:
    """What is derived from surveys is for one purpose that covers nothing else; tourism gets no name and no address."""
    of_derived = [code for code, purpose in CATALOGUE.purposes.items() if "survey.derived" in purpose.categories]
    assert of_derived == ["survey_analysis"]
    assert CATALOGUE.purposes["survey_analysis"].categories == ("survey.derived",)
    assert set(CATALOGUE.purposes["tourism"].categories) == {
        "profile.gender", "profile.birth_year", "profile.residence_municipality",
    }  # fmt: skip


def test_law_gives_nothing_where_consent_alone_counts() -> None:
    """No clause names acquaintances or employers, nor a position; a clause is one word, as the log writes it."""
    assert CATALOGUE.default_deny.recipients == {"acquaintance", "employer"}
    for rule in CATALOGUE.statutory:
        assert rule.recipients.isdisjoint(CATALOGUE.default_deny.recipients)
        assert "location" not in rule.categories
        assert re.fullmatch(r"災害対策基本法\d+-\d+(\(\d+\))?", rule.clause)
    assert {rule.clause for rule in CATALOGUE.statutory} >= {
        "災害対策基本法49-11(3)", "災害対策基本法49-15(3)", "災害対策基本法86-15(1)", "災害対策基本法90-3",
    }  # fmt: skip


def test_law_stays_within_the_purpose() -> None:
    """What a clause gives for a purpose is among what the purpose is about."""
    for rule in CATALOGUE.statutory:
        assert rule.categories <= set(CATALOGUE.purposes[rule.purpose].categories) | {"profile.basic"}


def test_rings_hold_the_forms_items() -> None:
    """Form 1: kin get items 1 to 11, acquaintances 1, 7 and 8, others 1 to 11 if agreed; the contract gives no more."""
    items = load_ring_items()
    assert [item.number for item in items.values()] == list(range(1, 12))
    numbers = {ring.number: [items[code].number for code in ring.items] for ring in load_rings()}
    assert numbers == {1: list(range(1, 12)), 2: [1, 7, 8], 3: list(range(1, 12))}
    assert [ring.form for ring in load_rings()] == ["unless_refused", "unless_refused", "if_agreed"]
    assert [ring.contract for ring in load_rings()] == ["unless_refused", "if_agreed", "if_agreed"]


def test_a_recipient_is_in_one_ring_at_most_and_default_deny_is_in_the_second() -> None:
    """Nobody stands in two rings; those who are told nothing by default are the form's acquaintances."""
    members = [recipient for ring in load_rings() for recipient in ring.recipients]
    assert len(members) == len(set(members))
    assert load_rings()[1].recipients == CATALOGUE.default_deny.recipients


def test_moves_lead_between_known_states_and_never_out_of_a_withdrawal() -> None:
    """Events join states of the catalogue; what was withdrawn or refused does not come back."""
    states = CATALOGUE.valid_states | CATALOGUE.invalid_states
    for event in CATALOGUE.events.values():
        assert event.sources | {event.target} <= states
        assert event.sources.isdisjoint({"withdrawn", "refused"})
    assert CATALOGUE.valid_states.isdisjoint(CATALOGUE.invalid_states)


def test_every_purpose_has_its_notice_in_both_languages() -> None:
    """One sentence of use for each purpose, and the common ones, none empty; who manages the data is named."""
    texts = load_notice_texts()
    assert set(texts.uses) == set(CATALOGUE.purposes)
    assert all(one.ja and one.en for one in (*texts.uses.values(), *texts.sentences.values()))
    assert {"controller", "address", "contact"} == set(re.findall(r"{(\w+)}", texts.sentences["managed_by"].ja))
    assert all(len(code) == 6 and code.isdigit() for code in load_controllers())


def test_detail_schema_has_the_catalogues_codes() -> None:
    """The schema of the authorization detail lists the codes of the catalogue, and its examples are valid."""
    schema = load_detail_schema()
    members = schema["properties"]
    assert members["purpose"]["enum"] == list(CATALOGUE.purposes)
    assert members["datatypes"]["items"]["enum"] == list(CATALOGUE.categories)
    assert members["modes"]["items"]["enum"] == list(CATALOGUE.modes)
    assert members["actions"]["items"]["enum"] == list(CATALOGUE.actions)
    kinds = set(re.findall(r"[a-z]+", members["recipients"]["items"]["pattern"].replace("[!-~]", "")))
    assert kinds == set(CATALOGUE.recipients) - {"self"}
    for example in schema["examples"]:
        jsonschema.Draft202012Validator(schema).validate(example)


def test_schemas_have_the_catalogues_codes() -> None:
    """States, methods, obligations and recipients of the document are those of the catalogue."""
    assert set(SCHEMAS["ConsentState"]["enum"]) == CATALOGUE.valid_states | CATALOGUE.invalid_states
    assert SCHEMAS["ConsentMethod"]["enum"] == list(CATALOGUE.methods)
    context = SCHEMAS["ConsentDecision"]["properties"]["context"]["properties"]
    assert context["obligations"]["items"]["enum"] == list(CATALOGUE.obligations)
    assert SCHEMAS["RecipientCode"]["pattern"] == load_detail_schema()["properties"]["recipients"]["items"]["pattern"]
    assert set(SCHEMAS["ConsentEvent"]["properties"]["type"]["enum"]) == {"request", *CATALOGUE.events}


@pytest.mark.parametrize("pointer", sorted(set(load_receipt_fields().values())))
def test_fields_of_the_standard_are_members_of_a_receipt(pointer: str) -> None:
    """Each mandatory field of ISO/IEC TS 27560:2023 points to a required member of the receipt's schema."""
    name = pointer.split("/")[1]
    required = SCHEMAS["ConsentRecord"]["required"] + SCHEMAS["ConsentReceipt"]["allOf"][1]["required"]
    assert name in required


def test_events_have_addresses_of_their_own() -> None:
    """No two events share a URI, and each says what it tells."""
    uris = [event.uri for event in load_events().values()]
    assert len(uris) == len(set(uris))
    assert all(event.members for event in load_events().values())
