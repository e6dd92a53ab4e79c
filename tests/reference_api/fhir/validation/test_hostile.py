"""Resources made to cost much: an answer in every case, and a short one."""

from typing import Any

import pytest

from conformance.contract.fhir.documents import examples
from reference_api.fhir.validation import encode, parse, validate
from reference_api.fhir.validation.validate import ISSUE_LIMIT

MANY = 10_000


def _observation(**members: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "a"}, **members}


def _contained() -> dict[str, Any]:
    entries = [{"resourceType": "Observation", "id": f"o{number}", **_observation()} for number in range(MANY)]
    return _observation(contained=entries, hasMember=[{"reference": f"#o{number}"} for number in range(MANY)])


def _codings() -> dict[str, Any]:
    codings = [{"system": "urn:x", "code": str(number)} for number in range(MANY)]
    others = [{"system": "urn:y", "code": str(number)} for number in range(MANY)]
    return _observation(code={"coding": codings}, component=[{"code": {"coding": others}}], valueString="a")


def _categories() -> dict[str, Any]:
    resource = parse(examples()["body-temperature"])
    resource["category"] += [{"coding": [{"system": "urn:x", "code": str(number)}]} for number in range(MANY)]
    return resource


def _long_strings() -> dict[str, Any]:
    return _observation(code={"text": "あ" * 1_000_000}, subject={"reference": "Patient/a", "display": "/A" * 500_000})


@pytest.mark.parametrize("make", [_contained, _codings, _categories, _long_strings])
def test_much_of_everything_is_taken(make: Any) -> None:
    """Ten thousand contained resources and references, codings, categories, a megabyte of text: nothing is found."""
    assert validate(make()) == []


SPACES = "a " * 500_000


@pytest.mark.parametrize(
    "members",
    [
        {"status": SPACES},
        {
            "subject": {"reference": "/Abc" * 250_000 + "/Group/1"},
            "encounter": {"reference": "/Abc" * 250_000 + "/Group/1"},
        },
        {"effectiveDateTime": "2026-" * 200_000},
        {"identifier": [{"system": SPACES, "value": "x" * (1024 * 1024 + 1)}]},
        {"language": SPACES},
        {"text": {"status": "generated", "div": "<div>" * 100_000}},
        {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">' + "<p>" * 100_000}},
        {"valueQuantity": {"value": 10**5000, "code": "x" * 10**6}},
    ],
)
def test_long_wrong_values_are_refused(members: dict[str, Any]) -> None:
    """A megabyte in a code, a reference, a date, a narrative ends in an error."""
    assert any(issue.is_error for issue in validate(_observation(**members)))


def test_issues_are_few_and_errors_come_first() -> None:
    """A hundred thousand faults give a short answer, and warnings never hide an error."""
    unknown = [{"resourceType": "Encounter", "id": f"e{number}"} for number in range(MANY)]
    resource = _observation(contained=unknown, **{f"x{number}": None for number in range(MANY)})
    issues = validate(resource)
    assert len(issues) == ISSUE_LIMIT
    assert all(issue.is_error for issue in issues)
    warned = validate(_observation(contained=unknown, subject={"reference": "#nobody"}))
    assert [issue.is_error for issue in warned] == [True, *[False] * (ISSUE_LIMIT - 1)]


def test_a_megabyte_is_read_and_written() -> None:
    """A resource of a megabyte comes back as it was."""
    body = encode(_long_strings())
    assert encode(parse(body)) == body
