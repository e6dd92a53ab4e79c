"""Nothing of another patient ever appears in any answer, unless that patient said so."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward import HOSPITAL, Ward

OWN = "patient/*.cruds"
HL7 = "http://terminology.hl7.org/CodeSystem/observation-category"
PEOPLE = ("c0", "c1", "c2", "c3")
KINDS = ("Observation", "DiagnosticReport", "MedicationStatement", "MedicationRequest")


def records(ward: Ward, sub: str) -> list[dict[str, Any]]:
    """A person's data of every category, each with a marker of the person in it."""
    about = {"subject": {"reference": f"Patient/{ward.patient(sub)}"}}
    marker = f"canary-{sub}."
    drug = {"medicationCodeableConcept": {"text": f"薬 {marker}"}}
    lab = {"coding": [{"system": HL7, "code": "laboratory"}]}
    condition = {"coding": [{"system": HL7, "code": "survey"}]}
    return [
        ward.pulse(sub) | {"note": [{"text": f"{marker}lifelog"}]},
        {"resourceType": "Observation", "status": "final", "category": [lab], "code": {"text": f"{marker}rx_lab"},
         "effectiveDateTime": "2027-01-15", "valueString": "1"} | about,
        {"resourceType": "Observation", "status": "final", "category": [condition], "valueString": "1",
         "code": {"text": f"{marker}medication_condition"}, "effectiveDateTime": "2027-01-15"} | about,
        {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": f"{marker}rx_lab"},
         "effectiveDateTime": "2027-01-15"} | about,
        {"resourceType": "MedicationStatement", "status": "active", "effectiveDateTime": "2027-01-15"} | about
        | {"medicationCodeableConcept": {"text": f"{marker}medication_condition"}},
        {"resourceType": "MedicationRequest", "status": "active", "intent": "order", "authoredOn": "2027-01-15",
         "identifier": [{"system": "urn:rx", "value": sub}]} | about | drug | {"note": [{"text": f"{marker}rx_lab"}]},
    ]  # fmt: skip


@pytest.fixture
def peopled(ward: Ward) -> Ward:
    """Four people with data of every category; of each kind one was changed and one deleted."""
    for sub in PEOPLE:
        made = []
        for record in [*records(ward, sub), *records(ward, sub)]:
            answer = ward.create(sub, record, scope=OWN)
            assert answer.status == 201, answer.body
            made.append(answer.json)
        for number, resource in enumerate(made[:6]):
            path = f"{resource['resourceType']}/{resource['id']}"
            assert ward.call("PUT", path, sub, resource, scope=OWN).status == 200
            if number % 2:
                assert ward.call("DELETE", path, sub, scope=OWN).status == 204
    return ward


def ids(ward: Ward) -> dict[str, list[tuple[str, str]]]:
    """Type and id of everything, by person, deleted things too."""
    rows = ward.city.rows(
        "SELECT a.sub, r.type, r.logical_id FROM fhir_resource r JOIN account a ON a.id = r.account_id ORDER BY r.id"
    )
    return {sub: [(kind, id_) for owner, kind, id_ in rows if owner == sub] for sub in PEOPLE}


def markers(answer: Any) -> set[str]:
    """Whose markers an answer has, and of which category; names and phones too."""
    text = answer.body.decode() + json.dumps(dict(answer.headers))
    return {
        *re.findall(r"canary-(c\d\.\w*)", text),
        *(f"c{number}.name" for number in re.findall(r"𠮷野󠄁 (\d)", text)),
        *(f"c{number}.phone" for number in re.findall(r'"090-(\d)"', text)),
    }


ACTIONS = ("read", "vread", "history", "update", "delete", "search", "post", "create", "refer", "bundle")
QUERIES = (
    "",
    "patient={patient}",
    "subject=Patient/{patient}",
    "_id={id}",
    "identifier=urn:rx|{sub}",
    "_include={kind}:patient",
    "code:text=canary",
    "_sort=-_lastUpdated&_count=2",
    "_summary=count",
    "_lastUpdated=gt2020",
    "status=active,final",
)
TRIES = st.lists(
    st.tuples(st.sampled_from(ACTIONS), st.sampled_from(PEOPLE), st.integers(0, 11), st.sampled_from(QUERIES)),
    min_size=1,
    max_size=8,
)
FORM = "application/x-www-form-urlencoded"


def attempt(ward: Ward, who: str, scope: str, what: tuple[str, str, int, str]) -> Any:
    """One request of somebody that aims at a person's data."""
    action, sub, place, template = what
    owned = ids(ward)[sub]
    kind, id_ = owned[place % len(owned)]
    path, patient = f"{kind}/{id_}", ward.patient(sub)
    query = template.format(patient=patient, id=id_, sub=sub, kind=kind)
    record = next(one for one in records(ward, sub) if one["resourceType"] == kind)
    bare = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueString": "1"}
    referring = bare | {"subject": {"reference": f"Patient/{ward.patient('c0')}"}, "derivedFrom": [{"reference": path}]}
    send: dict[str, Any] = {
        "read": lambda: ward.call("GET", path, who, scope=scope),
        "vread": lambda: ward.call("GET", f"{path}/_history/1", who, scope=scope),
        "history": lambda: ward.call("GET", f"{path}/_history", who, scope=scope),
        "update": lambda: ward.call("PUT", path, who, {**record, "id": id_}, scope=scope),
        "delete": lambda: ward.call("DELETE", path, who, scope=scope),
        "search": lambda: ward.call("GET", f"{kind}?{quote(query, safe='=&?:/|_,')}", who, scope=scope),
        "post": lambda: ward.call("POST", f"{kind}/_search", who, query.encode(), scope=scope, content_type=FORM),
        "create": lambda: ward.create(who, record, scope=scope, if_none_exist=f"_id={id_}"),
        "refer": lambda: ward.create(who, referring, scope=scope),
        "bundle": lambda: ward.call(
            "POST", "", who, {"resourceType": "Bundle", "type": "batch", "entry": [
                {"request": {"method": "GET", "url": path}},
                {"request": {"method": "GET", "url": f"{kind}?{query}"}},
                {"request": {"method": "DELETE", "url": path}},
                {"request": {"method": "POST", "url": kind}, "resource": record},
            ]}, scope=scope,
        ),
    }  # fmt: skip
    return send[action]()


def others(ward: Ward, sub: str) -> list[Any]:
    """Everything that is kept of everybody else."""
    return ward.city.rows(
        "SELECT r.*, v.* FROM fhir_resource r JOIN fhir_version v ON v.resource_id = r.id"
        " JOIN account a ON a.id = r.account_id WHERE a.sub <> ? ORDER BY r.id, v.version",
        sub,
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(TRIES)
def test_a_patient_scope_reaches_its_patient_only(peopled: Ward, tries: list[tuple[str, str, int, str]]) -> None:
    """Whatever a citizen's token is used for, no answer has anything of another person, and theirs stays as it is."""
    before = others(peopled, "c0")
    for one in tries:
        answer = attempt(peopled, "c0", OWN, one)
        assert {found for found in markers(answer) if not found.startswith("c0.")} == set(), one
        assert answer.status < 500
    assert others(peopled, "c0") == before


PERMITTED = {
    HOSPITAL: {
        *(f"c0.{category}" for category in ("lifelog", "rx_lab", "medication_condition", "name")),
        "c1.lifelog",
    },
    "c2": {
        *(f"c2.{category}" for category in ("lifelog", "rx_lab", "medication_condition", "name", "phone")),
        "c3.lifelog",
        "c3.name",
    },
}


@pytest.mark.parametrize(("who", "scope"), [(HOSPITAL, "system/*.rs"), ("c2", "user/*.rs")])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(TRIES)
def test_others_see_what_was_consented_to(
    peopled: Ward, who: str, scope: str, tries: list[tuple[str, str, int, str]]
) -> None:
    """A hospital and a member of the household see the categories that each person lets them have, and no other."""
    for one in tries:
        answer = attempt(peopled, who, scope, one)
        assert {found for found in markers(answer) if not found.endswith(".")} <= PERMITTED[who], one


@pytest.mark.parametrize(("who", "scope"), [(HOSPITAL, "system/*.rs"), ("c2", "user/*.rs")])
def test_what_was_consented_to_is_seen(peopled: Ward, who: str, scope: str) -> None:
    """Searches show all that consent opens, so that the tests above do not hold for want of data."""
    seen: set[str] = set()
    for kind in ("Patient", *KINDS):
        seen |= markers(peopled.call("GET", kind, who, scope=scope))
    assert {found for found in seen if not found.endswith(".")} == PERMITTED[who]


@pytest.mark.parametrize("scope", [OWN, "user/*.rs"])
def test_strange_and_unknown_look_alike(peopled: Ward, scope: str) -> None:
    """Of another's resource, a deleted one of another's, and none at all the answers are the same."""
    for method, suffix in (("GET", ""), ("GET", "/_history"), ("GET", "/_history/1"), ("PUT", ""), ("DELETE", "")):
        told = set()
        for kind, id_ in [*ids(peopled)["c2"], ("Observation", "none")]:
            body = None
            if method == "PUT":
                record = next(one for one in records(peopled, "c0") if one["resourceType"] == kind)
                body = {**record, "id": id_}
            answer = peopled.call(method, f"{kind}/{id_}{suffix}", "c0", body, scope=scope)
            told.add((answer.status, answer.json["issue"][0]["code"], answer.json["issue"][0]["details"]["text"]))
        refused = scope != OWN and method != "GET"
        assert {status for status, _, _ in told} == {403 if refused else 404}
        # A refusal for want of scope names the type, which the asker named itself.
        assert len(told) == (len(KINDS) if refused else 1)


def test_strange_and_unknown_patients_look_alike(peopled: Ward) -> None:
    """Nobody learns by writing whether there is such a patient, or what that patient consented to."""
    told = set()
    for patient in (peopled.patient("c2"), "a99999", "nobody"):
        for who, scope in (("c0", OWN), (HOSPITAL, "")):
            record = records(peopled, "c0")[1] | {"subject": {"reference": f"Patient/{patient}"}}
            answer = peopled.create(who, record, scope=scope)
            told.add((answer.status, answer.body))
    assert len(told) == 1


def test_granular_scope_opens_what_its_search_finds(peopled: Ward) -> None:
    """A scope for laboratory results shows, finds, takes and changes those only."""
    scope = f"patient/Observation.cruds?category={HL7}|laboratory"
    found = peopled.search("Observation", "c0", scope=scope)
    assert {one["category"][0]["coding"][0]["code"] for one in found} == {"laboratory"}
    every = peopled.search("Observation", "c0", scope=OWN)
    for one in every:
        is_lab = one["id"] in {lab["id"] for lab in found}
        path = f"Observation/{one['id']}"
        for answer in (
            peopled.call("GET", path, "c0", scope=scope),
            peopled.call("GET", f"{path}/_history/1", "c0", scope=scope),
            peopled.call("PUT", path, "c0", one, scope=scope),
        ):
            assert answer.status == 200 if is_lab else answer.status in (403, 404)
    pulse, lab = records(peopled, "c0")[:2]
    assert peopled.create("c0", lab, scope=scope).status == 201
    assert peopled.create("c0", pulse, scope=scope).status == 403
    assert (
        peopled.call("PUT", f"Observation/{found[0]['id']}", "c0", {**pulse, "id": found[0]["id"]}, scope=scope).status
        == 403
    )
    assert len(peopled.search("Observation", "c0", scope=OWN)) == len(every) + 1


def test_a_restriction_that_is_not_understood_opens_nothing(peopled: Ward) -> None:
    """A scope whose query this server cannot judge is not taken for one without."""
    for query in ("colour=red", "code:above=1", "date=now", "_lastUpdated=gt2000"):
        assert peopled.call("GET", "Observation", "c0", scope=f"patient/Observation.rs?{query}").status == 403


@pytest.mark.parametrize(
    ("scope", "letters"),
    [("patient/Observation.rs", "rs"), ("patient/Observation.read", "rs"), ("patient/Observation.write", "cud"),
     ("patient/Observation.c", "c"), ("patient/*.s", "s"), ("patient/Patient.cruds", "")],
)  # fmt: skip
def test_letters_open_their_interactions(peopled: Ward, scope: str, letters: str) -> None:
    """Each letter of a scope opens its interaction and no other."""
    record = records(peopled, "c0")[1]
    made = peopled.create("c0", record, scope=OWN).json
    path = f"Observation/{made['id']}"
    for letter, send in {
        "c": lambda: peopled.create("c0", record, scope=scope),
        "r": lambda: peopled.call("GET", path, "c0", scope=scope),
        "s": lambda: peopled.call("GET", "Observation", "c0", scope=scope),
        "u": lambda: peopled.call("PUT", path, "c0", made, scope=scope),
        "d": lambda: peopled.call("DELETE", path, "c0", scope=scope),
    }.items():
        answer = send()
        assert (answer.status == 403) is (letter not in letters), (letter, answer.body)
        if answer.status == 403:
            assert answer.json["issue"][0]["code"] == "forbidden"
            assert "insufficient_scope" in answer.headers["www-authenticate"]


def test_levels_are_not_mixed_up(peopled: Ward) -> None:
    """A hospital's system scope is none of a citizen's: neither client can ask for the other's level."""
    for client, scope in (("citizen-app", "system/*.rs"), (HOSPITAL, "patient/*.rs")):
        form = {"grant_type": "client_credentials", "scope": scope}
        assert peopled.city.ask_token(client, **form).status == 400


@pytest.mark.parametrize(("sub", "scope"), [(None, "patient/*.cruds user/*.cruds"), ("c0", "system/*.cruds")])
def test_a_level_counts_with_its_kind_of_token_only(peopled: Ward, sub: str | None, scope: str) -> None:
    """Without a subject patient and user scopes open nothing, with one system scopes open nothing."""
    headers = peopled.held(sub, "medical", scope)
    for answer in (
        peopled.call("GET", "Observation", "", **headers),
        peopled.call("GET", "Patient", "", **headers),
        peopled.create("", records(peopled, "c0")[0], **headers),
    ):
        assert (answer.status, markers(answer)) == (403, set())


def test_disclosures_are_logged_and_own_reads_are_not(peopled: Ward) -> None:
    """What the hospital saw is in the access log by person and category; a citizen's own reads are not."""
    count = "SELECT COUNT(*) FROM access_log"
    ((before,),) = peopled.city.rows(count)
    peopled.search("Observation?_include=Observation:patient", "c0", scope=OWN)
    assert peopled.city.rows(count) == [(before,)]
    peopled.search("Observation", HOSPITAL)
    logged = peopled.city.rows(
        "SELECT l.person, g.grants, q.operation_id, q.client_id, q.purpose FROM access_log l"
        " JOIN access_grant g ON g.id = l.grant_id JOIN access_request q ON q.id = l.request_id ORDER BY l.person"
    )
    assert [(row[0], sorted(row[1].split())) for row in logged] == [
        ("s:c0", ["lifelog=consent", "medication_condition=consent", "rx_lab=consent"]),
        ("s:c1", ["lifelog=consent"]),
    ]
    assert {row[2:] for row in logged} == {("searchFhir", HOSPITAL, "health_sharing")}


def test_versions_are_judged_and_logged_by_what_they_are(ward: Ward) -> None:
    """An old version of another category is shown, and told of in the log, by the consent for that category."""
    pulse, lab = records(ward, "c0")[:2]
    shared = ward.create("c0", lab).json["id"]
    assert ward.call("PUT", f"Observation/{shared}", "c0", {**pulse, "id": shared}).status == 200
    assert len(ward.search(f"Observation/{shared}/_history", HOSPITAL)) == 2
    logged = {grant for (text,) in ward.city.rows("SELECT grants FROM access_grant") for grant in text.split()}
    assert logged == {"lifelog=consent", "rx_lab=consent"}
    pulse, lab = records(ward, "c1")[:2]
    hidden = ward.create("c1", lab).json["id"]
    assert ward.call("PUT", f"Observation/{hidden}", "c1", {**pulse, "id": hidden}).status == 200
    assert [one["meta"]["versionId"] for one in ward.search(f"Observation/{hidden}/_history", HOSPITAL)] == ["2"]
    assert ward.call("GET", f"Observation/{hidden}/_history/1", HOSPITAL).status == 404
    assert ward.call("GET", f"Observation/{hidden}/_history/2", HOSPITAL).status == 200


def test_withdrawal_is_effective_at_once(peopled: Ward) -> None:
    """From the moment a consent no longer counts, the same token finds nothing of that person any more."""
    assert {"c0.rx_lab", "c1.lifelog"} <= markers(peopled.call("GET", "Observation", HOSPITAL))
    update = "UPDATE consent SET state = 'withdrawn' WHERE subject = 'c0'"
    peopled.city.opened.drive(peopled.city.store.run(update))
    seen = markers(peopled.call("GET", "Observation", HOSPITAL))
    assert {found for found in seen if not found.endswith(".")} == {"c1.lifelog"}
    ((kind, id_), *_) = ids(peopled)["c0"]
    assert peopled.call("GET", f"{kind}/{id_}", HOSPITAL).status == 404
