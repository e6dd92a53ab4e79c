"""Malformed answers: what broke a check down is told by its name, and a defect of the suite stays one."""

import json

import pytest

from conformance.answer import MissingMember, read_json
from conformance.contract.exchange import Exchange
from conformance.contract.fhir.documents import examples
from conformance.fhir.form import faults_of_form
from conformance.malformed import fault_of, malformed
from conformance.origins import origin_of
from conformance.outcomes import Unmet


def answered(path: str, body: str, kind: str = "application/json") -> Exchange:
    """An answer of 200 to GET."""
    headers = {"content-type": kind}
    return Exchange(0, 0.0, "suite", "", "GET", f"http://x.example{path}", 200, 0.0, {}, "", headers, body)


def test_a_missing_member_is_told_by_its_name() -> None:
    """A member that was counted on is an outcome, not a KeyError of the suite."""
    with pytest.raises(MissingMember) as told:
        read_json('{"items": [{"id": 1}]}')["items"][0]["name"]
    outcome = malformed(told.value, [answered("/v1/shelters", "{}")])
    assert isinstance(outcome, Unmet)
    assert "name" in outcome.text.en


def test_an_answer_that_is_not_as_its_schema_is_named() -> None:
    """The place of what is wrong in it is told."""
    found = fault_of(answered("/v1/shelters", '{"items": {}}'))
    assert "GET /v1/shelters: 200: /items" in found
    assert isinstance(malformed(TypeError("x"), [answered("/v1/shelters", '{"items": {}}')]), Unmet)


def test_without_a_malformed_answer_the_suite_is_at_fault() -> None:
    """A defect of a check is not laid on the server."""
    assert malformed(TypeError("x"), []) is None
    assert malformed(KeyError("x"), [answered("/elsewhere", "{}")]) is None


def test_text_nested_too_deeply_is_no_json() -> None:
    """It is no RecursionError."""
    with pytest.raises(ValueError, match="deep"):
        read_json("[" * 100_000)


@pytest.mark.parametrize("name", sorted(examples()))
def test_right_resources_have_the_form(name: str) -> None:
    """The examples of the contract have no fault of form."""
    assert list(faults_of_form(json.loads(examples()[name]))) == []


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        ({"resourceType": "Observation", "code": "x"}, "Observation.code"),
        ({"resourceType": "Observation", "category": {}}, "Observation.category"),
        ({"resourceType": "Observation", "valueQuantity": [1]}, "Observation.valueQuantity"),
        ({"resourceType": "Bundle", "entry": [[]]}, "Bundle.entry[0]"),
        ({"resourceType": "Bundle", "entry": [{"search": "x"}]}, "Bundle.entry[0].search"),
        ({"resourceType": "Observation", "status": None}, "Observation.status"),
    ],
)
def test_members_of_another_form_are_told_with_their_place(resource: object, place: str) -> None:
    """Lists, objects and plain values are not mistaken for each other."""
    assert [one.partition(":")[0] for one in faults_of_form(resource)] == [place]


def test_origins_are_written_one_way() -> None:
    """The port of the scheme is told, and what cannot be read has none."""
    assert origin_of("https://Op.example/x") == origin_of("https://op.example:443/y") == "https://op.example:443"
    assert [origin_of(one) for one in ("http://[", "x", "mailto:a@b", "http://x:99999")] == [""] * 4
