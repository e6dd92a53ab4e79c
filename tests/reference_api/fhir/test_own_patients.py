"""Patients that clients write: found where they have an account, else a record of that client alone."""

from typing import Any
from urllib.parse import quote

import pytest
from ward import FHIR_JSON, HOSPITAL, Ward

from reference_api.fhir.patients import CITY_OS_ID

OWN = "patient/*.cruds"
CHART = "urn:oid:1.2.392.100495.20.3.51.10000001"
CLINIC = "medical", "system/*.cruds"


def visitor(**members: Any) -> dict[str, Any]:
    """Somebody without an account, as a hospital writes them down."""
    return {
        "resourceType": "Patient",
        "identifier": [{"system": CHART, "value": "0042"}],
        "name": [{"text": "旅野 人", "family": "旅野", "given": ["人"]}],
        "gender": "male",
        "birthDate": "1980-04-01",
        **members,
    }


def citizen(city_os_id: str) -> dict[str, Any]:
    """A Patient of whom a client knows the city-OS ID."""
    return {"resourceType": "Patient", "identifier": [{"system": CITY_OS_ID, "value": city_os_id}]}


def entry(method: str, url: str, resource: Any = None, full_url: str = "") -> dict[str, Any]:
    """An entry of a transaction."""
    given = {"fullUrl": full_url} if full_url else {}
    return given | {"request": {"method": method, "url": url}} | ({} if resource is None else {"resource": resource})


def transaction(*entries: Any) -> dict[str, Any]:
    """A Bundle that is done as a whole."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def pulse_of(ward: Ward, reference: str) -> dict[str, Any]:
    """A pulse rate of a Patient by reference."""
    return {**ward.pulse("c0"), "subject": {"reference": reference}}


def test_a_patient_without_account_lives_like_every_resource(ward: Ward) -> None:
    """Create, read, vread, search, update with If-Match, history, delete, and gone."""
    made = ward.create(HOSPITAL, visitor())
    patient_id = made.json["id"]
    assert (made.status, made.headers["etag"]) == (201, 'W/"1"')
    assert made.headers["location"].endswith(f"/fhir/Patient/{patient_id}/_history/1")
    path = f"Patient/{patient_id}"
    assert ward.call("GET", path, HOSPITAL).json == made.json
    changed = {**made.json, "active": False}
    assert ward.call("PUT", path, HOSPITAL, changed, if_match='W/"7"').status == 412
    assert ward.call("PUT", path, HOSPITAL, changed, if_match='W/"1"').json["meta"]["versionId"] == "2"
    assert "active" not in ward.call("GET", f"{path}/_history/1", HOSPITAL).json
    assert ward.call("DELETE", path, HOSPITAL).status == 204
    assert ward.call("GET", path, HOSPITAL).status == 410
    methods = [one["request"]["method"] for one in ward.call("GET", f"{path}/_history", HOSPITAL).json["entry"]]
    assert methods == ["DELETE", "PUT", "POST"]
    assert ward.search("Patient?identifier=0042", HOSPITAL) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("_id={id}", True),
        (f"identifier={CHART}|0042", True),
        ("identifier=0043", False),
        ("family=旅野", True),
        ("name=旅野&birthdate=1980-04-01", True),
        ("birthdate=gt1980-04-01", False),
        ("gender=male&birthdate=1980", True),
        ("name=吉野", False),
    ],
)
def test_own_patients_are_searched(ward: Ward, query: str, found: bool) -> None:  # noqa: FBT001 - a column of the table
    """By every parameter that finds Patients of accounts."""
    made = ward.create(HOSPITAL, visitor()).json
    matches = ward.search("Patient?" + quote(query.format(id=made["id"]), safe="=&|:/"), HOSPITAL)
    assert matches == ([made] if found else [])


def test_pages_hold_both_kinds_once(ward: Ward) -> None:
    """Pages of every size run through the Patients of accounts and then through the client's own."""
    own = [ward.create(HOSPITAL, visitor()).json["id"] for _ in range(5)]
    expected = [ward.patient("c0"), *own]
    for count in (1, 2, 3, 6, 100):
        assert [one["id"] for one in ward.search(f"Patient?_count={count}", HOSPITAL)] == expected
    assert ward.call("GET", "Patient?_summary=count", HOSPITAL).json["total"] == len(expected)


def test_nobody_else_knows_of_them(ward: Ward) -> None:
    """Another institution, a person and a household meet 404 and empty searches, as for ids that never were."""
    patient = ward.create(HOSPITAL, visitor()).json
    data = ward.create(HOSPITAL, pulse_of(ward, f"Patient/{patient['id']}")).json
    assert data["subject"] == {"reference": f"Patient/{patient['id']}"}
    other = ward.held(None, *CLINIC)
    askers: list[tuple[str, dict[str, Any]]] = [("c0", {"scope": OWN}), ("c0", {"scope": "user/*.rs"}), ("", other)]
    for who, given in askers:
        for path in (f"Patient/{patient['id']}", f"Observation/{data['id']}", f"Patient/{patient['id']}/_history"):
            assert ward.call("GET", path, who, **given).status == 404, (who, path)
        assert ward.search("Patient?identifier=0042", who, **given) == []
        assert ward.search(f"Observation?patient={patient['id']}", who, **given) == []
    body = ward.held(None, *CLINIC) | {"content_type": FHIR_JSON}
    refused = ward.call("POST", "Observation", "", pulse_of(ward, f"Patient/{patient['id']}"), **body)
    unknown = ward.call("POST", "Observation", "", pulse_of(ward, "Patient/p123"), **body)
    assert (refused.status, refused.body) == (422, unknown.body)
    for method in ("PUT", "DELETE"):
        assert ward.call(method, f"Patient/{patient['id']}", "", patient, **other).status == 404
    assert ward.call("GET", f"Patient/{patient['id']}", HOSPITAL).json == patient


def test_data_come_with_their_patient(ward: Ward) -> None:
    """What is observed of a Patient without account is found with the Patient, who cannot be deleted before it."""
    patient = ward.create(HOSPITAL, visitor()).json
    reference = f"Patient/{patient['id']}"
    data = ward.create(HOSPITAL, pulse_of(ward, reference)).json
    found = ward.search(f"Observation?subject={reference}&_include=Observation:patient", HOSPITAL)
    assert found == [data, patient]
    assert ward.call("DELETE", reference, HOSPITAL).status == 409
    both = transaction(entry("DELETE", reference), entry("DELETE", f"Observation/{data['id']}"))
    assert ward.call("POST", "", HOSPITAL, both).status == 200
    assert ward.call("GET", reference, HOSPITAL).status == 410
    assert ward.create(HOSPITAL, pulse_of(ward, reference)).status == 422


def test_a_transaction_makes_patient_and_data(ward: Ward) -> None:
    """In any order of the entries; if one fails, there is no Patient."""
    observed = entry("POST", "Observation", pulse_of(ward, "urn:uuid:7f1c3a52-6b0e-4d43-8a8d-0d8f3a1c9e11"))
    patient = entry("POST", "Patient", visitor(), "urn:uuid:7f1c3a52-6b0e-4d43-8a8d-0d8f3a1c9e11")
    bad = entry("POST", "Observation", {"resourceType": "Observation"})
    assert ward.call("POST", "", HOSPITAL, transaction(observed, patient, bad)).status == 422
    assert ward.search("Patient?identifier=0042", HOSPITAL) == []
    answer = ward.call("POST", "", HOSPITAL, transaction(observed, patient))
    assert [one["response"]["status"] for one in answer.json["entry"]] == ["201 Created", "201 Created"]
    (made,) = ward.search("Patient?identifier=0042", HOSPITAL)
    (data,) = ward.search(f"Observation?patient={made['id']}", HOSPITAL)
    assert data["subject"] == {"reference": f"Patient/{made['id']}"}


def test_conditional_writes(ward: Ward) -> None:
    """If-None-Exist finds the client's own Patient; a conditional update makes one, then changes it."""
    condition = f"identifier={CHART}|0042"
    first = ward.create(HOSPITAL, visitor(), if_none_exist=condition)
    again = ward.create(HOSPITAL, visitor(), if_none_exist=condition)
    assert (first.status, again.status, again.json) == (201, 200, first.json)
    changed = ward.call("PUT", f"Patient?{condition}", HOSPITAL, visitor(active=True))
    assert (changed.status, changed.json["id"]) == (200, first.json["id"])
    assert ward.call("PUT", f"Patient?identifier={CHART}|1", HOSPITAL, visitor()).status == 201


@pytest.mark.parametrize("condition", ["", f"identifier={CITY_OS_ID}|c0"])
def test_a_city_os_id_finds_the_account(ward: Ward, condition: str) -> None:
    """Who may know the person gets the Patient of the account, unchanged; the disclosure is logged."""
    given = {"if_none_exist": condition} if condition else {}
    before = ward.call("GET", f"Patient/{ward.patient('c0')}", HOSPITAL)
    logged = len(ward.city.rows("SELECT 1 FROM access_log WHERE person = 's:c0'"))
    found = ward.create(HOSPITAL, citizen("c0"), **given)
    assert (found.status, found.json) == (200, before.json)
    assert found.headers["location"].endswith(
        f"/Patient/{ward.patient('c0')}/_history/{before.json['meta']['versionId']}"
    )
    assert len(ward.city.rows("SELECT 1 FROM access_log WHERE person = 's:c0'")) == logged + 1
    own = ward.create("c0", citizen("c0"), scope=OWN, **given)
    assert (own.status, own.json["id"]) == (200, ward.patient("c0"))


def test_unknown_and_not_consenting_look_alike(ward: Ward) -> None:
    """A city-OS ID of nobody and one of somebody whom the client may not know are refused in the same words."""
    unknown = ward.create(HOSPITAL, citizen("nobody"))
    assert unknown.status == 422
    for who, sub in ((HOSPITAL, "c1"), (HOSPITAL, "c4"), ("c0", "c1")):
        refused = ward.create(who, citizen(sub), scope="" if who == HOSPITAL else OWN)
        assert (refused.status, refused.body) == (422, unknown.body)
    assert ward.city.rows("SELECT 1 FROM fhir_patient") == []


def test_a_persons_token_makes_no_other_patient(ward: Ward) -> None:
    """The compartment of one person has one Patient, which is here already."""
    assert ward.create("c0", visitor(), scope=OWN).status == 422
    assert ward.create("c0", citizen("c0"), scope="patient/*.rs").status == 403
    assert ward.city.rows("SELECT 1 FROM fhir_patient") == []


def test_who_may_not_search_finds_nobody(ward: Ward) -> None:
    """To create alone tells nothing of people; it makes Patients without account, which are then not shown."""
    scope = "system/Patient.c"
    assert ward.create(HOSPITAL, citizen("c0"), scope=scope).status == 403
    made = ward.create(HOSPITAL, visitor(), scope=scope)
    assert made.status == 201
    assert ward.call("GET", f"Patient/{made.json['id']}", HOSPITAL, scope=scope).status == 403


def test_granular_scopes_hold_for_own_patients(ward: Ward) -> None:
    """What a scope restricts to is all that is written, found and read by it."""
    scope = "system/Patient.crs?gender=female"
    assert ward.create(HOSPITAL, visitor(), scope=scope).status == 403
    man, woman = (
        ward.create(HOSPITAL, visitor()).json,
        ward.create(HOSPITAL, visitor(gender="female"), scope=scope).json,
    )
    assert woman in ward.search("Patient", HOSPITAL, scope=scope)
    assert man not in ward.search("Patient", HOSPITAL, scope=scope)
    statuses = [ward.call("GET", f"Patient/{one['id']}", HOSPITAL, scope=scope).status for one in (man, woman)]
    assert statuses == [404, 200]


def test_a_transaction_finds_its_patient(ward: Ward) -> None:
    """By city-OS ID, by ifNoneExist and by a conditional reference, data go to the Patient who is there."""
    own = ward.create(HOSPITAL, visitor()).json["id"]
    urn, condition = "urn:uuid:7f1c3a52-6b0e-4d43-8a8d-0d8f3a1c9e11", f"identifier={CHART}|0042"
    known = entry("POST", "Patient", citizen("c0"), urn)
    again = entry("POST", "Patient", visitor(), urn)
    again["request"]["ifNoneExist"] = condition
    for entries, patient in (
        ([known, entry("POST", "Observation", pulse_of(ward, urn))], ward.patient("c0")),
        ([again, entry("POST", "Observation", pulse_of(ward, urn))], own),
        ([entry("POST", "Observation", pulse_of(ward, f"Patient?{condition}"))], own),
    ):
        before = len(ward.search(f"Observation?patient={patient}", HOSPITAL))
        answer = ward.call("POST", "", HOSPITAL, transaction(*entries))
        assert answer.status == 200, answer.body
        assert len(ward.search(f"Observation?patient={patient}", HOSPITAL)) == before + 1
    assert len(ward.city.rows("SELECT 1 FROM fhir_patient")) == 1


def test_city_os_ids_are_the_citys_to_give(ward: Ward) -> None:
    """A Patient without account takes none by an update, not even one that is free."""
    made = ward.create(HOSPITAL, visitor()).json
    for value in ("c0", "free"):
        body = {**made, "identifier": citizen(value)["identifier"]}
        assert ward.call("PUT", f"Patient/{made['id']}", HOSPITAL, body).status == 422


def test_patients_of_accounts_are_not_changed(ward: Ward) -> None:
    """Update, conditional update and delete are refused by the id alone, also of ids that nobody has."""
    own = ward.call("GET", f"Patient/{ward.patient('c0')}", "c0", scope=OWN).json
    for patient_id in (own["id"], ward.patient("c1"), "a99999"):
        for who in ("c0", HOSPITAL):
            for method in ("PUT", "DELETE"):
                answer = ward.call(method, f"Patient/{patient_id}", who, {**own, "id": patient_id})
                assert (answer.status, answer.headers["allow"]) == (405, "GET")
                assert answer.json["issue"][0]["code"] == "not-supported"
    condition = f"Patient?identifier={CITY_OS_ID}|c0"
    assert ward.call("PUT", condition, "c0", own, scope=OWN).status == 405
    bundle = transaction(entry("DELETE", f"Patient/{own['id']}"))
    assert ward.call("POST", "", HOSPITAL, bundle).status == 405


@pytest.mark.parametrize("patient_id", ["mine", "p", "p0", "p-1", "p1", "7f1c3a52-6b0e-4d43-8a8d-0d8f3a1c9e11"])
def test_ids_of_patients_are_the_servers_to_give(ward: Ward, patient_id: str) -> None:
    """An update of an id that is not there is 404 and makes nothing."""
    assert ward.call("PUT", f"Patient/{patient_id}", HOSPITAL, visitor(id=patient_id)).status == 404
    assert ward.call("GET", f"Patient/{patient_id}", HOSPITAL).status == 404


def test_an_invalid_patient_is_refused(ward: Ward) -> None:
    """R4's rules hold for Patients, also for those that name a city-OS ID."""
    for body in (visitor(gender="m"), visitor(birthDate="1980-02-30"), {**citizen("c0"), "active": "yes"}):
        answer = ward.create(HOSPITAL, body)
        assert (answer.status, answer.json["resourceType"]) == (422, "OperationOutcome")
