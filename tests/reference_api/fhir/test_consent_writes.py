"""Consents that a person writes are consent records of the city OS: they open what they say, and are withdrawn."""

from copy import deepcopy
from typing import Any

import pytest
from ward import HOSPITAL, Ward

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.fhir.consent_codes import CONSENT_CODES, CONSENT_MODE

OWN = "patient/*.cruds"
RECIPIENT = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def consent(ward: Ward, sub: str = "c4", **provision: Any) -> dict[str, Any]:
    """A consent of somebody to let a hospital have the life log and the basic data."""
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{ward.patient(sub)}"},
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
        "provision": {
            "type": "permit",
            "actor": [actor("medical")],
            "purpose": [coding("purpose", "health_sharing")],
            "class": [coding("category", "lifelog"), coding("category", "profile.basic")],
            **provision,
        },
    }


def actor(code: str) -> dict[str, Any]:
    """A recipient of the consent catalogue."""
    return {
        "role": {"coding": [{"system": RECIPIENT, "code": "IRCP"}]},
        "reference": {"identifier": {"system": CONSENT_CODES + "recipient", "value": code}},
    }


def coding(kind: str, code: str) -> dict[str, str]:
    """A code of the consent catalogue."""
    return {"system": CONSENT_CODES + kind, "code": code}


def places(answer: Any) -> set[str]:
    """Elements that an answer complains of."""
    assert answer.json["resourceType"] == "OperationOutcome"
    return {place for issue in answer.json["issue"] for place in issue.get("expression", [])}


def test_a_consent_opens_and_closes(ward: Ward) -> None:
    """A hospital sees somebody from the Consent on and until its withdrawal; the consents API tells the same."""
    patient = f"Patient/{ward.patient('c4')}"
    assert ward.call("GET", patient, HOSPITAL).status == 404
    made = ward.create("c4", consent(ward), scope=OWN)
    assert (made.status, made.json["status"], made.headers["etag"]) == (201, "active", 'W/"1"')
    assert made.headers["location"].endswith(f"/fhir/Consent/{made.json['id']}/_history/1")
    assert ward.call("GET", patient, HOSPITAL).status == 200
    ((state, client_id, method),) = ward.city.rows(
        "SELECT c.state, c.client_id, e.method FROM consent c JOIN consent_event e ON e.consent_id = c.id"
        " WHERE c.record_id = ?",
        made.json["id"],
    )
    assert (state, client_id, method) == ("given", "citizen-app", "self")
    path = f"Consent/{made.json['id']}"
    over = ward.call("PUT", path, "c4", {**made.json, "status": "inactive"}, scope=OWN, if_match='W/"1"')
    assert (over.status, over.json["status"], over.json["meta"]["versionId"]) == (200, "inactive", "2")
    assert ward.call("GET", patient, HOSPITAL).status == 404
    assert ward.call("PUT", path, "c4", over.json, scope=OWN).headers["etag"] == 'W/"2"'
    again = ward.call("PUT", path, "c4", {**made.json, "status": "active"}, scope=OWN)
    assert (again.status, places(again)) == (409, {"Consent.status"})


def test_what_is_read_can_be_written(ward: Ward) -> None:
    """Each Consent that the server shows is accepted as a new one and as an update that changes nothing."""
    for one in ward.search("Consent", "c0", scope=OWN):
        update = ward.call("PUT", f"Consent/{one['id']}", "c0", one, scope=OWN)
        assert (update.status, update.json) == (200, one)
        copy = ward.create("c0", one, scope=OWN)
        assert copy.status == 201
        assert copy.json["provision"] == {**one["provision"], "period": copy.json["provision"]["period"]}
        assert copy.json["id"] != one["id"]


def test_every_event_makes_a_version(ward: Ward) -> None:
    """Given, renewed, withdrawn: history and vread tell each as it was."""
    made = ward.create("c4", consent(ward, period={"end": "2027-01-31"}), scope=OWN).json
    assert made["provision"]["period"]["end"] == "2027-02-01T00:00:00+09:00"
    path = f"Consent/{made['id']}"
    longer = deepcopy(made)
    longer["provision"]["period"]["end"] = "2027-03-01T00:00:00+09:00"
    renewed = ward.call("PUT", path, "c4", longer, scope=OWN).json
    assert (renewed["meta"]["versionId"], renewed["provision"]) == ("2", longer["provision"])
    over = ward.call("PUT", path, "c4", {**renewed, "status": "inactive"}, scope=OWN).json
    history = ward.call("GET", f"{path}/_history?_count=2", "c4", scope=OWN).json
    assert [one["resource"] for one in history["entry"]] == [over, renewed]
    following = next(link["url"] for link in history["link"] if link["relation"] == "next")
    last = ward.call("GET", following, "c4", scope=OWN).json["entry"]
    assert [(one["resource"], one["request"]["method"]) for one in last] == [(made, "POST")]
    assert ward.call("GET", f"{path}/_history/1", "c4", scope=OWN).json == made
    assert ward.call("GET", f"{path}/_history/4", "c4", scope=OWN).status == 404
    assert ward.call("GET", f"{path}/_history/1", "c0", scope=OWN).status == 404


def test_an_end_makes_a_version(ward: Ward) -> None:
    """A consent whose time is over is inactive, by a version that never was another."""
    made = ward.create("c4", consent(ward, period={"end": "2027-01-31"}), scope=OWN).json
    ward.city.clock.set_s(1_801_500_000.0)
    shown = ward.call("GET", f"Consent/{made['id']}", "c4", scope=OWN)
    assert (shown.json["status"], shown.headers["etag"]) == ("inactive", 'W/"1-expired"')
    assert shown.json["meta"]["lastUpdated"] == "2027-02-01T00:00:00+09:00"
    history = ward.call("GET", f"Consent/{made['id']}/_history", "c4", scope=OWN).json["entry"]
    assert [one["resource"] for one in history] == [shown.json, made]
    assert ward.call("PUT", f"Consent/{made['id']}", "c4", shown.json, scope=OWN).status == 200
    assert ward.call("PUT", f"Consent/{made['id']}", "c4", made, scope=OWN).status == 409


def test_a_refusal_is_kept(ward: Ward) -> None:
    """A rejected Consent with a denying provision is a refusal, which opens nothing and is not turned round."""
    body = {**consent(ward, type="deny"), "status": "rejected"}
    made = ward.create("c4", body, scope=OWN)
    assert (made.status, made.json["status"], made.json["provision"]["type"]) == (201, "rejected", "deny")
    assert ward.city.rows("SELECT state FROM consent WHERE record_id = ?", made.json["id"]) == [("refused",)]
    assert ward.call("GET", f"Patient/{ward.patient('c4')}", HOSPITAL).status == 404
    agreed = {**consent(ward), "id": made.json["id"]}
    assert ward.call("PUT", f"Consent/{made.json['id']}", "c4", agreed, scope=OWN).status == 409


@pytest.mark.parametrize(("status", "state"), [("active", "given"), ("rejected", "refused")])
def test_what_was_asked_is_answered(ward: Ward, status: str, state: str) -> None:
    """A Consent that the city asked for is agreed to or refused by its next version."""
    made = ward.create("c4", consent(ward), scope=OWN).json
    ward.city.rows("UPDATE consent SET state = 'requested' WHERE record_id = ? RETURNING id", made["id"])
    asked = ward.call("GET", f"Consent/{made['id']}", "c4", scope=OWN).json
    assert asked["status"] == "proposed"
    provision = asked["provision"] | {"type": "deny" if status == "rejected" else "permit"}
    answer = ward.call(
        "PUT", f"Consent/{made['id']}", "c4", {**asked, "status": status, "provision": provision}, scope=OWN
    )
    assert (answer.status, answer.json["status"]) == (200, status)
    assert ward.city.rows("SELECT state FROM consent WHERE record_id = ?", made["id"]) == [(state,)]


SECURITY = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
UNKEPT: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = [
    ({"status": "draft"}, {}, {"Consent.status"}),
    ({"status": "inactive"}, {}, {"Consent.status"}),
    ({"status": "rejected"}, {}, {"Consent.provision.type"}),
    ({"language": "fr"}, {}, {"Consent.language"}),
    ({"identifier": [{"value": "1"}]}, {}, {"Consent.identifier"}),
    ({"organization": [{"display": "x"}]}, {}, {"Consent.organization"}),
    ({"performer": [{"reference": "Patient/a1"}]}, {}, {"Consent.performer[0]"}),
    ({"category": [{"coding": [SECURITY]}]}, {}, {"Consent.category[0]"}),
    ({}, {"securityLabel": [SECURITY]}, {"Consent.provision.securityLabel"}),
    ({}, {"code": [{"text": "x"}]}, {"Consent.provision.code"}),
    ({}, {"provision": [{"type": "deny"}]}, {"Consent.provision.provision"}),
    ({}, {"type": "deny"}, {"Consent.provision.type"}),
    ({}, {"actor": []}, {"Consent.provision.actor"}),
    ({}, {"actor": [{**actor("medical"), "reference": {"display": "x"}}]}, {"Consent.provision.actor[0].reference"}),
    ({}, {"actor": [actor("medical"), actor("nobody")]}, {"Consent.provision.actor[1]"}),
    ({}, {"purpose": [coding("purpose", "marketing")]}, {"Consent.provision.purpose"}),
    ({}, {"purpose": [coding("purpose", "health_sharing")] * 2}, {"Consent.provision.purpose"}),
    ({}, {"purpose": [SECURITY]}, {"Consent.provision.purpose[0]"}),
    ({}, {"class": [coding("category", "lifelog"), SECURITY]}, {"Consent.provision.class[1]"}),
    ({}, {"class": [coding("category", "everything")]}, {"Consent.provision.class[0]"}),
    ({}, {"action": [{"coding": [SECURITY]}]}, {"Consent.provision.action[0]"}),
    ({}, {"extension": [{"url": CONSENT_MODE, "valueCode": "party"}]}, {"Consent.provision.extension[0]"}),
    ({}, {"extension": [{"url": "urn:x", "valueCode": "normal"}]}, {"Consent.provision.extension[0]"}),
    ({}, {"period": {"end": "2026"}}, {"Consent.provision.period.end"}),
    ({}, {"period": {"end": "2999-01-01"}}, {"Consent.provision.period.end"}),
    ({}, {"period": {"end": "9999-12-31"}}, {"Consent.provision.period.end"}),
    ({}, {"period": {"start": "2027-06-01"}}, {"Consent.provision.period.start"}),
]


@pytest.mark.parametrize(("members", "provision", "expected"), UNKEPT)
def test_what_cannot_be_kept_is_refused_by_name(
    ward: Ward, members: dict[str, Any], provision: dict[str, Any], expected: set[str]
) -> None:
    """Nobody believes to have agreed to less, or to something else, than is on record."""
    body = {**consent(ward, **provision), **members}
    body["provision"] = {name: value for name, value in body["provision"].items() if value != []}
    answer = ward.create("c4", body, scope=OWN)
    assert (answer.status, places(answer)) == (422, expected)
    assert ward.city.rows("SELECT 1 FROM consent WHERE client_id = 'citizen-app' AND subject = 'c4'") == []


@pytest.mark.parametrize(
    ("provision", "expected"),
    [
        ({"class": [coding("category", "lifelog")]}, {"Consent.provision.class"}),
        ({"actor": [actor("family")]}, {"Consent.provision.actor"}),
        ({"extension": [{"url": CONSENT_MODE, "valueCode": "disaster"}]}, {"Consent.provision.extension"}),
    ],
)
def test_what_is_agreed_to_stays(ward: Ward, provision: dict[str, Any], expected: set[str]) -> None:
    """An update to another content is refused, even one that also withdraws."""
    made = ward.create("c4", consent(ward), scope=OWN).json
    for status in ("active", "inactive"):
        body = {**made, "status": status, "provision": made["provision"] | provision}
        answer = ward.call("PUT", f"Consent/{made['id']}", "c4", body, scope=OWN)
        assert (answer.status, places(answer)) == (422, expected)


def test_a_person_agrees_by_themselves_only(ward: Ward) -> None:
    """No hospital, no third party's service and no other person writes a consent, nor anybody without the scope."""
    body = consent(ward)
    assert ward.create(HOSPITAL, body).status == 403
    service = ward.held("c4", "service:shop", OWN)
    assert ward.call("POST", "Consent", "", body, content_type="application/fhir+json", **service).status == 403
    assert ward.create("c0", body, scope=OWN).status == 422
    assert ward.create("c4", body, scope="patient/Consent.rs").status == 403
    made = ward.create("c4", body, scope="patient/Consent.c").json
    assert ward.call("PUT", f"Consent/{made['id']}", "c4", made, scope="patient/Consent.c").status == 403
    other = {**made, "patient": {"reference": f"Patient/{ward.patient('c0')}"}, "status": "inactive"}
    assert ward.call("PUT", f"Consent/{made['id']}", "c0", other, scope=OWN).status == 404
    assert ward.call("PUT", "Consent/none", "c4", {**made, "id": "none"}, scope=OWN).status == 404


def test_a_consent_is_withdrawn_and_not_deleted(ward: Ward) -> None:
    """DELETE is refused with a hint, whatever the id."""
    made = ward.create("c4", consent(ward), scope=OWN).json
    for record_id in (made["id"], "none"):
        answer = ward.call("DELETE", f"Consent/{record_id}", "c4", scope=OWN)
        assert (answer.status, answer.headers["allow"]) == (405, "GET, PUT")
        assert "inactive" in answer.json["issue"][0]["details"]["text"]


def test_conditions_and_transactions(ward: Ward) -> None:
    """If-None-Exist finds a Consent; a transaction gives one and is undone as a whole."""
    entry = {"request": {"method": "POST", "url": "Consent"}, "resource": consent(ward)}
    bad = {"request": {"method": "POST", "url": "Observation"}, "resource": {"resourceType": "Observation"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry, bad]}
    before = len(ward.search("Consent", "c4", scope=OWN))
    assert ward.call("POST", "", "c4", bundle, scope=OWN).status == 422
    assert len(ward.search("Consent", "c4", scope=OWN)) == before
    answer = ward.call("POST", "", "c4", {**bundle, "entry": [entry]}, scope=OWN)
    assert answer.json["entry"][0]["response"]["status"] == "201 Created"
    location = answer.json["entry"][0]["response"]["location"]
    (made,) = [one for one in ward.search("Consent", "c4", scope=OWN) if one["id"] in location]
    found = ward.create("c4", consent(ward), scope=OWN, if_none_exist=f"_id={made['id']}")
    assert (found.status, found.json) == (200, made)
    withdrawn = ward.call("PUT", f"Consent?_id={made['id']}", "c4", {**made, "status": "inactive"}, scope=OWN)
    assert (withdrawn.status, withdrawn.json["status"]) == (200, "inactive")


def test_every_purpose_can_be_agreed_to(ward: Ward) -> None:
    """Each purpose of the catalogue, with each of its categories and recipients, goes in and comes out."""
    for name, purpose in load_consent_catalogue().purposes.items():
        recipients = [code + ":x" * (code == "service") for code in purpose.recipients if code != "self"]
        body = consent(
            ward,
            purpose=[coding("purpose", name)],
            actor=[actor(code) for code in recipients],
            **{"class": [coding("category", purpose.categories[0])]},
            extension=[{"url": CONSENT_MODE, "valueCode": mode} for mode in load_consent_catalogue().modes],
        )
        made = ward.create("c4", body, scope=OWN)
        assert made.status == 201, (name, made.body)
        for element in ("purpose", "actor", "class", "extension"):
            assert made.json["provision"][element] == body["provision"][element]
