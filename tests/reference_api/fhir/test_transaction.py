"""Transactions are done as a whole or not at all; the entries of a batch stand each for itself."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward import Ward

from conformance.contract.fhir.documents import examples
from reference_api.fhir.validation import parse

TABLES = ("fhir_resource", "fhir_version", "fhir_token")


def entry(method: str, url: str, resource: Any = None, full_url: str = "", **request: str) -> dict[str, Any]:
    """An entry of a Bundle."""
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if full_url:
        made["fullUrl"] = full_url
    return made


def send(ward: Ward, kind: str, entries: list[Any], who: str = "c0", *, scope: str = "", **headers: str) -> Any:
    """A Bundle sent to the server's base."""
    return ward.call(
        "POST", "", who, {"resourceType": "Bundle", "type": kind, "entry": entries}, scope=scope, **headers
    )


def lab(ward: Ward, sub: str = "c0", **other: Any) -> dict[str, Any]:
    """A laboratory result."""
    hl7 = "http://terminology.hl7.org/CodeSystem/observation-category"
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": hl7, "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}], "text": "検査"},
        "subject": {"reference": f"Patient/{ward.patient(sub)}"},
        "effectiveDateTime": "2027-01-15T07:00:00+09:00",
        "valueString": "1",
    } | other


def report(ward: Ward, *results: str) -> dict[str, Any]:
    """A report that refers to results."""
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "検査報告"},
        "subject": {"reference": f"Patient/{ward.patient('c0')}"},
        "effectiveDateTime": "2027-01-15T07:00:00+09:00",
        "result": [{"reference": reference} for reference in results],
    }


def content(ward: Ward) -> list[Any]:
    """Everything that the FHIR server keeps."""
    return [sorted(ward.city.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES]  # noqa: S608 - own names


def test_references_by_urn_lead_to_what_was_made(ward: Ward) -> None:
    """A report sent before its results refers to their ids afterwards."""
    first, second = "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6", "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa7"
    answer = send(
        ward,
        "transaction",
        [
            entry("POST", "DiagnosticReport", report(ward, first, second)),
            entry("POST", "Observation", lab(ward), first),
            entry("POST", "Observation", lab(ward, hasMember=[{"reference": first}]), second),
        ],
    )
    assert answer.status == 200, answer.body
    assert answer.json["type"] == "transaction-response"
    responses = [one["response"] for one in answer.json["entry"]]
    assert [one["status"] for one in responses] == ["201 Created"] * 3
    ids = [one["location"].split("/")[-3] for one in responses]
    kept = ward.call("GET", f"DiagnosticReport/{ids[0]}", "c0").json
    assert [one["reference"] for one in kept["result"]] == [f"Observation/{ids[1]}", f"Observation/{ids[2]}"]
    assert ward.search(f"DiagnosticReport?result={ids[1]}", "c0") == [kept]


def test_order_is_delete_post_put_get(ward: Ward) -> None:
    """Whatever the order of entries, deletions come first and reads see what was written."""
    old = ward.create("c0", lab(ward)).json
    changed = ward.create("c0", lab(ward)).json
    answer = send(
        ward,
        "transaction",
        [
            entry("GET", "Observation?_sort=_id"),
            entry("PUT", f"Observation/{changed['id']}", {**changed, "valueString": "2"}, ifMatch='W/"1"'),
            entry("POST", "Observation", lab(ward, valueString="3")),
            entry("DELETE", f"Observation/{old['id']}"),
            entry("GET", f"Observation/{changed['id']}"),
        ],
    )
    assert answer.status == 200, answer.body
    statuses = [one["response"]["status"] for one in answer.json["entry"]]
    assert statuses == ["200 OK", "200 OK", "201 Created", "204 No Content", "200 OK"]
    seen = answer.json["entry"][0]["resource"]
    assert sorted(one["resource"]["valueString"] for one in seen["entry"]) == ["2", "3"]
    assert answer.json["entry"][4]["resource"]["valueString"] == "2"


def test_what_is_posted_comes_before_what_is_put(ward: Ward) -> None:
    """A resource made by POST is older than one made by PUT, although its entry stands behind."""
    put = entry("PUT", "Observation?identifier=urn:app|1", lab(ward, valueString="put"))
    answer = send(ward, "transaction", [put, entry("POST", "Observation", lab(ward, valueString="posted"))])
    assert answer.status == 200, answer.body
    assert [one["valueString"] for one in ward.search("Observation", "c0")] == ["posted", "put"]


BROKEN = {
    "invalid": lambda ward: entry("POST", "Observation", lab(ward, status="red")),
    "stranger": lambda ward: entry("POST", "Observation", lab(ward, "c1")),
    "loose end": lambda ward: entry("POST", "DiagnosticReport", report(ward, "urn:uuid:none")),
    "condition": lambda ward: entry("POST", "DiagnosticReport", report(ward, "Observation?identifier=none")),
    "unknown id": lambda ward: entry("PUT", "Observation/none", lab(ward, id="none")),
    "other id": lambda ward: entry("PUT", "Observation/none", lab(ward, id="other")),
    "unread": lambda _: entry("GET", "Observation/none"),
    "method": lambda _: entry("PATCH", "Observation/none"),
    "type": lambda _: entry("GET", "Observatory"),
    "modifier": lambda _: entry("GET", "Observation?code:above=1"),
    "no resource": lambda _: entry("POST", "Observation"),
    "no request": lambda _: {"resource": {}},
    "null": lambda _: None,
    "patient": lambda _: entry("POST", "Patient", {"resourceType": "Patient"}),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(BROKEN)), st.integers(0, 3))
def test_a_transaction_with_a_fault_changes_nothing(ward: Ward, fault: str, place: int) -> None:
    """One entry that fails, wherever it stands, undoes all others, and is told by its number."""
    old = ward.create("c0", lab(ward)).json
    entries = [
        entry("POST", "Observation", lab(ward)),
        entry("PUT", f"Observation/{old['id']}", {**old, "valueString": "2"}),
        entry("POST", "Observation", lab(ward)),
    ]
    entries.insert(place, BROKEN[fault](ward))
    before = content(ward)
    answer = send(ward, "transaction", entries)
    assert 400 <= answer.status < 500
    assert content(ward) == before
    assert all(one["expression"][0].startswith(f"Bundle.entry[{place}]") for one in answer.json["issue"])
    assert ".Observation." not in answer.body.decode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["good", *sorted(BROKEN)]), min_size=1, max_size=6))
def test_entries_of_a_batch_are_independent(ward: Ward, kinds: list[str]) -> None:
    """Every good entry is done and every broken one is answered with what was wrong, in order."""
    before = len(ward.search("Observation", "c0"))
    good = [entry("POST", "Observation", lab(ward)) if kind == "good" else BROKEN[kind](ward) for kind in kinds]
    answer = send(ward, "batch", good)
    assert (answer.status, answer.json["type"]) == (200, "batch-response")
    responses = [one["response"] for one in answer.json["entry"]]
    assert len(responses) == len(kinds)
    for kind, response in zip(kinds, responses, strict=True):
        assert response["status"].startswith("201" if kind == "good" else "4")
        assert ("outcome" in response) is (kind != "good")
    assert len(ward.search("Observation", "c0")) == before + kinds.count("good")


def test_conditions_are_those_of_before(ward: Ward) -> None:
    """A conditional create finds what was there; two on one condition are refused; conditional references lead on."""
    identifier = [{"system": "urn:app", "value": "1"}]
    there = ward.create("c0", lab(ward, identifier=identifier)).json["id"]
    urn = "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"
    again = entry("POST", "Observation", lab(ward, identifier=identifier), urn, ifNoneExist="identifier=urn:app|1")
    answer = send(
        ward,
        "transaction",
        [
            again,
            entry("POST", "DiagnosticReport", report(ward, urn, "Observation?identifier=urn:app|1")),
            entry(
                "PUT", "Observation?identifier=urn:app|2", lab(ward, identifier=[{"system": "urn:app", "value": "2"}])
            ),
        ],
        prefer="return=representation",
    )
    assert answer.status == 200, answer.body
    assert [one["response"]["status"] for one in answer.json["entry"]] == ["200 OK", "201 Created", "201 Created"]
    references = [one["reference"] for one in answer.json["entry"][1]["resource"]["result"]]
    assert references == [f"Observation/{there}"] * 2
    for twice in (
        [{**again, "fullUrl": ""}, {**again, "fullUrl": ""}],
        [again, entry("POST", "Observation", lab(ward), urn)],
        [entry("PUT", f"Observation/{there}", lab(ward, id=there)), entry("DELETE", f"Observation/{there}")],
    ):
        assert send(ward, "transaction", twice).status == 400


def test_a_result_and_its_report_go_together(ward: Ward) -> None:
    """What refers to a resource may be deleted with it, but not left behind."""
    urn = "urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6"
    made = send(
        ward,
        "transaction",
        [entry("POST", "Observation", lab(ward), urn), entry("POST", "DiagnosticReport", report(ward, urn))],
    )
    paths = ["/".join(one["response"]["location"].split("/")[-4:-2]) for one in made.json["entry"]]
    assert send(ward, "transaction", [entry("DELETE", paths[0])]).status == 409
    assert send(ward, "transaction", [entry("DELETE", path) for path in paths]).status == 200


def test_what_is_no_batch_is_refused(ward: Ward) -> None:
    """Other resources, other Bundles and Bundles that are too long are refused."""
    assert send(ward, "searchset", []).status == 400
    assert ward.call("POST", "", "c0", lab(ward)).status == 400
    assert send(ward, "batch", [entry("GET", "Observation")] * 201).status == 413
    body = {"resourceType": "Bundle", "type": "batch", "entry": {"a": 1}}
    assert ward.call("POST", "", "c0", body).status == 400
    assert send(ward, "batch", []).json["type"] == "batch-response"


@pytest.mark.parametrize("name", ["bundle-transaction"])
def test_the_contracts_example_is_accepted(ward: Ward, name: str) -> None:
    """The transaction that the contract shows works here, for a patient of this server."""
    text = examples()[name].decode().replace("Patient/example", f"Patient/{ward.patient('c0')}")
    answer = ward.call("POST", "", "c0", text.encode())
    assert answer.status == 200, answer.body
    assert len(answer.json["entry"]) == len(parse(text.encode())["entry"])


def test_scopes_hold_for_each_entry(ward: Ward) -> None:
    """A token that may only read writes nothing by a batch either."""
    answer = send(
        ward,
        "batch",
        [entry("POST", "Observation", lab(ward)), entry("GET", "Observation")],
        scope="patient/Observation.rs",
    )
    assert [one["response"]["status"][:3] for one in answer.json["entry"]] == ["403", "200"]
