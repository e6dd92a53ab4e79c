"""Patients are the city's accounts, Consents its consent records, and nobody sees more of them than may be seen."""

from typing import Any
from urllib.parse import quote

import pytest
from ward import HOSPITAL, Ward

from reference_api.fhir.consent_resources import ConsentRow, consent_resource
from reference_api.fhir.patients import CITY_OS_ID, patient_resource
from reference_api.fhir.search.references import account_of, patient_id
from reference_api.fhir.validation import parse, validate
from reference_api.seed import Consent, SeedData

OWN = "patient/*.cruds"


def errors(resource: Any) -> list[Any]:
    """What the validator refuses."""
    return [issue for issue in validate(resource) if issue.is_error]


def test_patient_is_the_account(ward: Ward) -> None:
    """The Patient has the account's data, the city-OS ID, and the name in kanji and kana as JP Core writes it."""
    answer = ward.call("GET", f"Patient/{ward.patient('c2')}", "c2", scope=OWN)
    found = answer.json
    assert errors(parse(answer.body)) == []
    assert errors({**parse(answer.body), "meta": {"profile": [JP_PATIENT]}}) == []
    assert found["identifier"] == [{"system": CITY_OS_ID, "value": "c2"}]
    names = {one["extension"][0]["valueCode"]: one for one in found["name"]}
    assert (names["IDE"]["text"], names["IDE"]["family"], names["IDE"]["given"]) == ("𠮷野󠄁 2", "𠮷野󠄁", ["2"])
    assert names["SYL"]["text"] == "ヨシノ 2"
    assert (found["gender"], found["birthDate"]) == ("female", "1950-02-03")
    assert [one["value"] for one in found["telecom"]] == ["090-2", "2@example.jp"]


JP_PATIENT = "http://jpfhir.jp/fhir/core/StructureDefinition/JP_Patient"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("_id={id}", True),
        ("_id=a99999", False),
        (f"identifier={CITY_OS_ID}|c0", True),
        ("identifier=c0", True),
        ("identifier=c1", False),
        ("identifier=urn:other|c0", False),
        ("name=𠮷野", True),
        ("name=よしの", True),
        ("family=ﾖｼﾉ", True),
        ("given=𠮷野", False),
        ("name:exact=𠮷野󠄁 0", True),
        ("name:exact=𠮷野 0", False),
        ("name:contains=野", True),
        ("name=野", False),
        ("birthdate=1950-02-03", True),
        ("birthdate=ge1950-02&birthdate=lt1951", True),
        ("birthdate=1951", False),
        ("gender=female", True),
        ("gender=http://hl7.org/fhir/administrative-gender|female", True),
        ("gender=male", False),
        ("gender=male&name=𠮷野", False),
    ],
)
def test_patients_are_searched(ward: Ward, query: str, found: bool) -> None:  # noqa: FBT001 - a column of the table
    """A citizen finds themselves by every parameter, a hospital those who consent."""
    own = ward.patient("c0")
    text = quote(query.format(id=own), safe="=&|:/")
    expected = [own] if found else []
    assert [one["id"] for one in ward.search(f"Patient?{text}", "c0", scope=OWN)] == expected
    assert [one["id"] for one in ward.search(f"Patient?{text}", HOSPITAL)] == expected
    summary = ward.call("GET", f"Patient?{text}&_summary=count", HOSPITAL)
    assert summary.json["total"] == len(expected)


def test_phone_is_shown_with_consent_only(ward: Ward) -> None:
    """c3 lets its household know name and life log: there is a Patient without phone or e-mail."""
    found = ward.call("GET", f"Patient/{ward.patient('c3')}", "c2", scope="user/*.rs")
    assert found.status == 200
    assert "telecom" not in found.json
    assert errors(parse(found.body)) == []
    assert ward.call("GET", f"Patient/{ward.patient('c2')}", "c3", scope="user/*.rs").status == 404
    assert ward.call("GET", f"Patient/{ward.patient('c1')}", HOSPITAL).status == 404


def test_consents_are_the_persons_own(ward: Ward) -> None:
    """A citizen reads their records as Consents that keep R4's rules; nobody else sees any."""
    found = ward.search("Consent", "c0", scope=OWN)
    kept = ward.city.rows("SELECT record_id FROM consent WHERE subject = 'c0' ORDER BY id")
    assert [one["id"] for one in found] == [row[0] for row in kept]
    for one in found:
        assert errors(one) == []
        assert ward.call("GET", f"Consent/{one['id']}", "c0", scope=OWN).json == one
        for who, scope in (("c1", OWN), ("c1", "user/*.rs"), (HOSPITAL, "")):
            assert ward.call("GET", f"Consent/{one['id']}", who, scope=scope).status == 404
    assert ward.search("Consent", HOSPITAL) == []
    assert len(ward.search("Consent?status=active&_count=1", "c0", scope=OWN)) == len(found)
    assert ward.search("Consent?status=rejected", "c0", scope=OWN) == []


@pytest.mark.parametrize(
    ("state", "status"),
    [("given", "active"), ("renewed", "active"), ("refused", "rejected"), ("withdrawn", "inactive"),
     ("expired", "inactive"), ("requested", "proposed"), ("unknown", "draft")],
)  # fmt: skip
def test_states_of_consents(state: str, status: str) -> None:
    """Each state of a record has its status of FHIR, and the resource keeps R4's rules."""
    row = (1, "r", "health_sharing", "lifelog rx_lab", "medical", "normal", state, 0.0, None, 1.8e9, "1", 7)
    resource = consent_resource(ConsentRow(*row))
    assert resource["status"] == status
    assert errors(resource) == []
    assert resource["patient"] == {"reference": "Patient/a7"}
    assert [one["code"] for one in resource["provision"]["class"]] == ["lifelog", "rx_lab"]


@pytest.mark.parametrize("sex", ["male", "female", "unknown", "不明"])
def test_patients_of_every_sex_keep_the_rules(sex: str) -> None:
    """Whatever an account says, the Patient has a gender of FHIR; a name in one piece is not split."""
    resource = patient_resource((7, "c7", "花子", "ハナコ", "1950-02-03", sex, "住所", "", ""), "c7")
    resource.pop("telecom")
    assert errors(resource) == []
    assert "family" not in resource["name"][0]


@pytest.mark.parametrize("text", ["a", "a01", "a-1", "1", "A1", "a1 ", "a" + "9" * 16, "a١", "", "aa1"])
def test_other_texts_are_no_patient_ids(text: str) -> None:
    """Only what this server writes as an id is one."""
    assert account_of(text) is None
    assert account_of(patient_id(17)) == 17


def test_the_id_does_not_tell_the_local_id(ward: Ward) -> None:
    """The logical id of a Patient is not the local ID, which some services must not learn."""
    assert ward.patient("c0") != "c0"


def test_any_consent_for_the_purpose_is_enough_to_be_found(make_city: Any, make_seed: Any) -> None:
    """A hospital finds a person whose only consent is for it, and nobody who consented to other purposes only."""
    seed = make_seed(8)
    fields = {name: getattr(seed, name) for name in seed.__struct_fields__}
    consent = Consent("c5", "health_sharing", ("profile.basic",), ("medical",), ("normal",))
    ward = Ward(make_city(SeedData(**fields | {"consents": (*seed.consents, consent)})))
    assert [one["id"] for one in ward.search("Patient", HOSPITAL)] == [ward.patient("c5")]


def test_law_opens_patients_to_the_municipality_in_a_disaster(ward: Ward) -> None:
    """Where the ledger of those hit (災対法 90-3) stands in for consent, everybody of the district is found."""
    headers = ward.held(None, "municipality", "system/*.rs")
    assert "entry" not in ward.call("GET", "Patient", "", **headers).json
    assert ward.city.declare("disaster", "d0").status == 201
    found = ward.call("GET", "Patient", "", **headers).json["entry"]
    assert [one["resource"]["id"] for one in found] == [ward.patient(sub) for sub in ("c0", "c1", "c4", "c5")]
    assert "telecom" not in found[1]["resource"]
