"""What may be asked of a person: against the contract's JSON Schema, by its rules, and never more than was asked."""

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conformance.consent_model import CATEGORIES, MODES, PURPOSES, RECIPIENTS
from conformance.contract.catalogue import load_consent_catalogue, load_detail_schema
from reference_api.consent_requests import narrow, term_s, validate_detail
from reference_api.oidc.consent_details import ConsentDetail

NOW_S = 1_800_000_000.0
API = "http://127.0.0.1:8080/v1"
SCHEMA = jsonschema.Draft202012Validator(load_detail_schema())


def codes(known: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Lists of codes, with strange ones and repetitions now and then."""
    return st.lists(st.sampled_from(known) | st.sampled_from(["", "other", "service"]), max_size=4).map(tuple)


DETAILS = st.builds(
    ConsentDetail,
    type=st.just("cityos_consent"),
    purpose=st.sampled_from((*PURPOSES, "other")),
    datatypes=codes(CATEGORIES),
    recipients=codes((*RECIPIENTS, "service:care-app", "association:")),
    modes=codes(MODES),
    actions=st.just(("read",)) | codes(("read", "write")),
    locations=st.lists(st.sampled_from([API, "http://elsewhere/v1"]), max_size=1).map(tuple),
    valid_until=st.none() | st.sampled_from(["2027-06-01T00:00:00+09:00", "2027-06-01", "2020-01-01T00:00:00Z", ""]),
)
FITTING = st.sampled_from(PURPOSES).flatmap(
    lambda purpose: st.builds(
        ConsentDetail,
        type=st.just("cityos_consent"),
        purpose=st.just(purpose),
        datatypes=subsets(load_consent_catalogue().purposes[purpose].categories),
        recipients=subsets(
            tuple(
                "service:care-app" if kind == "service" else kind
                for kind in load_consent_catalogue().purposes[purpose].recipients
            )
        ),
        modes=subsets(MODES),
        valid_until=st.none() | st.just("2027-06-01T00:00:00+09:00"),
    )
)


def subsets(known: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of the codes, each once, at least one."""
    return st.lists(st.sampled_from(known), min_size=1, unique=True).map(tuple)


def faults(detail: ConsentDetail, client_id: str | None = "care-app") -> dict[str, str]:
    """What is wrong, by pointer."""
    found = validate_detail(detail, client_id=client_id, api_base=API, now_s=NOW_S)
    return {fault.pointer: fault.code for fault in found}


def as_json(detail: ConsentDetail) -> Any:
    """The detail as a client sends it, with nothing left out."""
    return {
        **json.loads(msgspec.json.encode(detail)),
        "modes": list(detail.modes),
        "actions": list(detail.actions),
    }


@given(FITTING)
def test_what_the_purpose_allows_is_accepted(detail: ConsentDetail) -> None:
    """Any choice of the purpose's categories and recipients is right, and valid by the schema."""
    assert faults(detail) == {}
    SCHEMA.validate(as_json(detail))


@given(DETAILS)
def test_whatever_is_accepted_is_valid_by_the_schema(detail: ConsentDetail) -> None:
    """Nothing that the schema refuses passes; what passes is among what the purpose allows."""
    if faults(detail):
        return
    SCHEMA.validate(as_json(detail))
    purpose = load_consent_catalogue().purposes[detail.purpose]
    assert set(detail.datatypes) <= set(purpose.categories)
    assert {code.partition(":")[0] for code in detail.recipients} <= set(purpose.recipients)


@given(DETAILS)
def test_what_the_schema_refuses_is_faulty(detail: ConsentDetail) -> None:
    """The schema and the rules agree on what is not well formed."""
    assume(not SCHEMA.is_valid(as_json(detail)))
    assert faults(detail)


BASE = ConsentDetail(
    type="cityos_consent", purpose="disaster_support", datatypes=("safety",), recipients=("family", "service:care-app")
)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"purpose": "marketing"}, "/purpose", "unknown"),
        ({"datatypes": ()}, "/datatypes", "empty"),
        ({"datatypes": ("safety", "safety")}, "/datatypes/1", "repeated"),
        ({"datatypes": ("lifelog",)}, "/datatypes/0", "not_for_purpose"),
        ({"recipients": ("service:bus",)}, "/recipients/0", "another_service"),
        ({"recipients": ("service",)}, "/recipients/0", "unknown"),
        ({"recipients": ("self",)}, "/recipients/0", "unknown"),
        ({"recipients": ("public",)}, "/recipients/0", "not_for_purpose"),
        ({"recipients": ("family:x",)}, "/recipients/0", "unknown"),
        ({"modes": ("war",)}, "/modes/0", "unknown"),
        ({"actions": ("write",)}, "/actions/0", "unknown"),
        ({"locations": ("http://elsewhere/v1",)}, "/locations/0", "unknown"),
        ({"valid_until": "soon"}, "/valid_until", "format"),
        ({"valid_until": "2027-01-15T17:00:00"}, "/valid_until", "format"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "/valid_until", "range"),
        ({"valid_until": "2099-01-01T00:00:00Z"}, "/valid_until", "range"),
    ],
)
def test_each_fault_has_its_place(change: dict[str, Any], pointer: str, code: str) -> None:
    """Whatever is wrong is named with its JSON pointer."""
    assert faults(msgspec.structs.replace(BASE, **change)) == {pointer: code}


def test_derived_data_are_asked_for_alone() -> None:
    """What is derived from a survey is a question of its own (N18)."""
    derived = {"purpose": "survey_analysis", "recipients": ("municipality",)}
    alone = msgspec.structs.replace(BASE, **derived, datatypes=("survey.derived",))
    assert faults(alone) == {}
    mixed = msgspec.structs.replace(BASE, **derived, datatypes=("survey.derived", "survey"))
    assert faults(mixed) == {"/datatypes": "ask_derived_alone", "/datatypes/1": "not_for_purpose"}


@given(FITTING, FITTING)
def test_what_is_granted_is_never_wider_than_asked(asked: ConsentDetail, choice: ConsentDetail) -> None:
    """Whatever a person ticks, the grant is within what was asked, and still valid; nothing left is no grant."""
    granted = narrow(asked, choice)
    if granted is None:
        common = [
            set(getattr(asked, name)) & set(getattr(choice, name)) for name in ("datatypes", "recipients", "modes")
        ]
        assert not all(common)
        return
    for name in ("datatypes", "recipients", "modes", "actions"):
        assert set(getattr(granted, name)) <= set(getattr(asked, name))
    assert granted.purpose == asked.purpose
    assert term_s(granted, NOW_S) <= term_s(asked, NOW_S)
    assert faults(granted) == {}


@given(FITTING)
def test_choosing_everything_changes_nothing(asked: ConsentDetail) -> None:
    """Whoever leaves every box ticked grants what was asked."""
    assert narrow(asked, asked) == asked
