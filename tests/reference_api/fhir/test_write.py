"""Create, update and delete: nothing is lost, nothing is overwritten unseen, and a refusal changes nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward import HOSPITAL, Ward

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "update", "stale", "delete", "revive"]),
        st.integers(0, 4),
        st.sampled_from(["718-7", "4548-4"]),
        st.integers(40, 180),
    ),
    max_size=14,
)


def observation(ward: Ward, code: str, value: int, sub: str = "c0") -> dict[str, Any]:
    """An observation of the laboratory, free of what vital signs demand."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": "urn:x", "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": code}], "text": "検査"},
        "subject": {"reference": f"Patient/{ward.patient(sub)}"},
        "effectiveDateTime": "2027-01-15T07:00:00+09:00",
        "valueString": str(value),
    }


class Model:
    """What should be there: for each id its versions, None where it was deleted, and what a search by code finds."""

    def __init__(self) -> None:
        self.versions: dict[str, list[tuple[str, int] | None]] = {}

    def found(self, code: str) -> set[str]:
        """Ids of those that hold a code now."""
        return {id_ for id_, kept in self.versions.items() if kept[-1] is not None and kept[-1][0] == code}


def step(ward: Ward, model: Model, action: str, place: int, code: str, value: int) -> None:
    """One action, to the server and to the model."""
    ids = list(model.versions)
    if action == "create" or not ids:
        answer = ward.create("c0", observation(ward, code, value))
        assert answer.status == 201
        model.versions[answer.json["id"]] = [(code, value)]
        return
    logical_id = ids[place % len(ids)]
    kept = model.versions[logical_id]
    path, tag = f"Observation/{logical_id}", f'W/"{len(kept)}"'
    body = {**observation(ward, code, value), "id": logical_id}
    if action == "delete":
        assert ward.call("DELETE", path, "c0").status == 204
        if kept[-1] is not None:
            kept.append(None)
    elif action == "stale":
        assert ward.call("PUT", path, "c0", body, if_match='W/"99"').status == 412
    else:
        answer = ward.call("PUT", path, "c0", body, if_match=tag)
        assert answer.status == (200 if kept[-1] is not None else 201)
        kept.append((code, value))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_server_is_a_dictionary_of_versions(ward: Ward, steps: list[tuple[str, int, str, int]]) -> None:
    """After any steps: every version reads as it was written, deletions are 410, searches find what is there now."""
    for one in ward.search("Observation", "c0"):
        ward.call("DELETE", f"Observation/{one['id']}", "c0")
    model = Model()
    for one in steps:
        step(ward, model, *one)
    for logical_id, kept in model.versions.items():
        now = ward.call("GET", f"Observation/{logical_id}", "c0")
        assert now.status == (410 if kept[-1] is None else 200)
        for number, version in enumerate(kept, start=1):
            past = ward.call("GET", f"Observation/{logical_id}/_history/{number}", "c0")
            assert past.status == (410 if version is None else 200)
            if version is not None:
                assert (past.json["valueString"], past.json["meta"]["versionId"]) == (str(version[1]), str(number))
                assert past.headers["etag"] == f'W/"{number}"'
        assert ward.call("GET", f"Observation/{logical_id}/_history/{len(kept) + 1}", "c0").status == 404
    for code in ("718-7", "4548-4"):
        assert {one["id"] for one in ward.search(f"Observation?code={code}", "c0")} == model.found(code)


def test_what_was_written_is_read_with_the_same_digits_and_letters(ward: Ward) -> None:
    """Decimals keep their zeros; characters beyond the basic plane and variation selectors come back unharmed."""
    text = json.dumps(ward.observed("body-height", "c0", 0.0), ensure_ascii=False)
    body = text.replace('"value": 0.0', '"value": 172.50').replace('"text": "身長"', '"text": "𠮷野󠄁の身長"')
    answer = ward.call("POST", "Observation", "c0", body.encode())
    assert answer.status == 201, answer.body
    for raw in (answer.body, ward.call("GET", answer.headers["location"], "c0").body):
        assert b'"value":172.50,' in raw
        assert "𠮷野󠄁の身長".encode() in raw


def test_server_says_id_version_and_time(ward: Ward) -> None:
    """A client's id, versionId and lastUpdated are not taken; its other meta is."""
    sent = {**ward.pulse("c0"), "id": "mine"}
    sent["meta"] |= {"versionId": "7", "lastUpdated": "2000-01-01T00:00:00Z", "source": "urn:app"}
    answer = ward.create("c0", sent)
    kept = answer.json
    assert kept["id"] != "mine"
    assert kept["meta"] == {
        "profile": sent["meta"]["profile"],
        "source": "urn:app",
        "versionId": "1",
        "lastUpdated": "2027-01-15T17:00:00+09:00",
    }
    assert answer.headers["location"].endswith(f"/fhir/Observation/{kept['id']}/_history/1")
    assert answer.headers["last-modified"] == "Fri, 15 Jan 2027 08:00:00 GMT"


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [
        ("return=minimal", None),
        ("return=representation", "Observation"),
        ("return=OperationOutcome", "OperationOutcome"),
    ],
)
def test_prefer_says_what_comes_back(ward: Ward, prefer: str, kind: str | None) -> None:
    """A client chooses between nothing, the resource and an outcome."""
    answer = ward.create("c0", ward.pulse("c0"), prefer=prefer)
    assert answer.status == 201
    assert (answer.json["resourceType"] if answer.body else None) == kind


def issue(answer: Any) -> str:
    """The code of an answer's one issue."""
    assert answer.headers["content-type"] == "application/fhir+json"
    assert answer.json["resourceType"] == "OperationOutcome"
    (found,) = answer.json["issue"]
    return str(found["code"])


def test_invalid_resources_are_refused(ward: Ward) -> None:
    """What breaks a rule of R4 or of a profile is told with its place, and nothing is kept."""
    broken = ward.pulse("c0")
    broken["valueQuantity"] = {"value": 400, "unit": "回"}
    answer = ward.create("c0", broken)
    assert answer.status == 422
    assert any(place.startswith("Observation.value") for one in answer.json["issue"] for place in one["expression"])
    assert ward.create("c0", {**ward.pulse("c0"), "colour": "red"}).status == 422
    assert ward.search("Observation", "c0") == []


def test_another_id_in_the_body_is_refused(ward: Ward) -> None:
    """PUT to a URL with a body that is another resource, or none, is 400."""
    made = ward.create("c0", ward.pulse("c0")).json
    for body in ({**made, "id": "other"}, ward.pulse("c0")):
        assert ward.call("PUT", f"Observation/{made['id']}", "c0", body).status == 400


def test_ids_are_the_servers_to_give(ward: Ward) -> None:
    """An update of an id that is not there makes nothing; nor does one of another type's."""
    assert ward.call("PUT", "Observation/mine", "c0", {**ward.pulse("c0"), "id": "mine"}).status == 404
    assert ward.call("GET", "Observation/mine", "c0").status == 404


def test_subject_must_be_a_patient_of_this_server(ward: Ward) -> None:
    """A subject that is not there, is no Patient, or is not named is refused."""
    for subject in ("Patient/a99999", "Patient/unknown", "Group/a1", "http://elsewhere/fhir/Patient/a1"):
        answer = ward.create("c0", {**observation(ward, "718-7", 1), "subject": {"reference": subject}})
        assert (answer.status, issue(answer)) == (422, "not-found")
    nobody = ward.pulse("c0")
    nobody["subject"] = {"display": "somebody"}
    assert ward.create("c0", nobody).status == 422


def test_references_lead_somewhere(ward: Ward) -> None:
    """A relative reference to what is not there, was deleted, or is another patient's is refused; others are kept."""
    lab = observation(ward, "718-7", 1)
    target = ward.create("c0", lab).json["id"]
    foreign = ward.create("c1", observation(ward, "718-7", 1, "c1")).json["id"]
    gone = ward.create("c0", lab).json["id"]
    assert ward.call("DELETE", f"Observation/{gone}", "c0").status == 204
    loose = [f"Observation/{foreign}", f"Observation/{gone}", "Observation/none", "urn:uuid:1"]
    for element, reference in [*(("hasMember", one) for one in loose), ("performer", "Practitioner/1")]:
        answer = ward.create("c0", {**lab, element: [{"reference": reference}]})
        assert (answer.status, issue(answer)) == (422, "not-found"), reference
    elsewhere = {**lab, "performer": [{"reference": "https://other.example/fhir/Practitioner/1"}]}
    assert ward.create("c0", elsewhere).status == 201
    assert ward.create("c0", {**lab, "hasMember": [{"reference": f"Observation/{target}"}]}).status == 201
    answer = ward.call("DELETE", f"Observation/{target}", "c0")
    assert (answer.status, issue(answer)) == (409, "conflict")
    assert ward.call("GET", f"Observation/{target}", "c0").status == 200


def identified(ward: Ward, value: str, **other: Any) -> dict[str, Any]:
    """A pulse with an identifier."""
    return {**ward.pulse("c0"), "identifier": [{"system": "urn:app", "value": value}], **other}


def test_conditional_create(ward: Ward) -> None:
    """None that matches: made; one: it is the answer; more: refused."""
    first = ward.create("c0", identified(ward, "1"), if_none_exist="identifier=urn:app|1")
    again = ward.create("c0", identified(ward, "1"), if_none_exist="identifier=urn:app|1")
    assert (first.status, again.status) == (201, 200)
    assert again.json == first.json
    ward.create("c0", identified(ward, "1"))
    assert ward.create("c0", identified(ward, "1"), if_none_exist="identifier=urn:app|1").status == 412
    assert len(ward.search("Observation?identifier=urn:app|1", "c0")) == 2
    assert ward.create("c0", identified(ward, "1"), if_none_exist="colour=red").status == 400
    assert ward.create("c0", identified(ward, "1"), if_none_exist="_count=5").status == 400


def test_conditional_update(ward: Ward) -> None:
    """None that matches: made; one: its next version; more: refused."""
    url = "Observation?identifier=urn:app|1"
    first = ward.call("PUT", url, "c0", identified(ward, "1"))
    second = ward.call("PUT", url, "c0", identified(ward, "1", status="amended"))
    assert (first.status, second.status) == (201, 200)
    assert second.json["id"] == first.json["id"]
    assert second.json["meta"]["versionId"] == "2"
    assert ward.call("PUT", url, "c0", identified(ward, "1", id="other")).status == 400
    assert ward.call("PUT", url, "c0", identified(ward, "1"), if_match='W/"1"').status == 412
    ward.create("c0", identified(ward, "1"))
    assert ward.call("PUT", url, "c0", identified(ward, "1")).status == 412
    assert ward.call("PUT", "Observation", "c0", identified(ward, "1")).status == 400
    assert ward.call("PUT", "Observation?identifier=urn:app|2", "c0", identified(ward, "2", id="mine")).status == 404


def test_a_resource_stays_with_its_patient(ward: Ward) -> None:
    """Not even a client that may write for both can give one patient's resource to another."""
    made = ward.create("c0", ward.pulse("c0")).json
    moved = {**made, "subject": {"reference": f"Patient/{ward.patient('c1')}"}}
    answer = ward.call("PUT", f"Observation/{made['id']}", HOSPITAL, moved)
    assert (answer.status, issue(answer)) == (422, "business-rule")


def test_a_refused_write_leaves_no_trace(make_ward: Callable[[], Ward]) -> None:
    """A create that fails after it has begun to write is undone."""
    ward = make_ward()
    assert (
        ward.create("c0", {**observation(ward, "1", 1), "hasMember": [{"reference": "Observation/none"}]}).status == 422
    )
    for table in ("fhir_resource", "fhir_version", "fhir_token"):
        assert ward.city.rows(f"SELECT COUNT(*) FROM {table}") == [(0,)]  # noqa: S608 - names of this test


def test_delete_twice_is_no_fault(ward: Ward) -> None:
    """A second delete changes nothing; a stale If-Match is refused; what never was there is 404."""
    made = ward.create("c0", ward.pulse("c0")).json["id"]
    assert ward.call("DELETE", f"Observation/{made}", "c0", if_match='W/"2"').status == 412
    answers = [ward.call("DELETE", f"Observation/{made}", "c0") for _ in range(2)]
    assert [(one.status, one.headers["etag"]) for one in answers] == [(204, 'W/"2"')] * 2
    assert ward.call("DELETE", "Observation/none", "c0").status == 404
