"""Launch context, and somebody else's service with a citizen's token."""

from typing import Any

import pytest
from browser import Browser
from relying_party import party_of
from signing_in import log_in
from ward import EXCHANGE, Ward

from reference_api.fhir.launch import fhir_user, launch_context
from reference_api.fhir.patients import CITY_OS_ID
from reference_api.oidc.subjects import shown_sub
from reference_api.seed import Consent, SeedData

SERVICE = "service:example-service"
OWN = "patient/*.cruds"


def test_patient_is_told_beside_the_token(ward: Ward) -> None:
    """A token of patient scopes comes with the Patient it is about; other tokens come without."""
    form = {"grant_type": EXCHANGE, "subject_token": "c0", "subject_token_type": "urn:citytwin:local-id"}
    for scope, told in (("patient/Observation.rs", True), ("user/*.rs", False), ("users.read", False)):
        answer = ward.city.ask_token("citizen-app", **form, scope=scope).json
        assert answer.get("patient") == (ward.patient("c0") if told else None)
    both = ward.city.ask_token("citizen-app", **form, scope="launch/patient users.read").json
    assert both["patient"] == ward.patient("c0")


def test_fhir_user_leads_to_the_patient(ward: Ward) -> None:
    """The claim is the URL at which the person's own Patient is read; of nobody there is none."""
    services = ward.city.app.services
    claim = ward.city.opened.drive(fhir_user(services, "c0"))
    assert ward.call("GET", claim["fhirUser"], "c0").json["id"] == ward.patient("c0")
    assert ward.city.opened.drive(fhir_user(services, "nobody")) == {}
    assert ward.city.opened.drive(launch_context(services, None, ("patient/*.rs",))) == {}


@pytest.mark.parametrize("client_id", ["example-city-app", "example-service"])
def test_a_whole_sign_in_tells_who_the_person_is(ward: Ward, client_id: str) -> None:
    """An app that launches learns patient and fhirUser, which lead to one Patient; who introspects learns them too."""
    party = party_of(ward.city, client_id)
    scope = "openid fhirUser launch/patient patient/*.rs"
    back = log_in(Browser(ward.city), party, scope=scope, aud=FHIR)
    tokens = party.redeem(back["code"]).json
    assert set(tokens["scope"].split()) == set(scope.split())
    url = f"{FHIR}/Patient/{ward.patient('c0')}"
    assert (tokens["patient"], party.claims(tokens["id_token"])["fhirUser"]) == (ward.patient("c0"), url)
    read = ward.call("GET", url, "", authorization=f"Bearer {tokens['access_token']}")
    assert read.status == (200 if client_id == "example-city-app" else 404)
    said = party_of(ward.city, "city-office").post("/introspect", token=tokens["access_token"]).json
    assert (said["patient"], said["fhirUser"]) == (ward.patient("c0"), url)


FHIR = "http://127.0.0.1:8080/fhir"


def test_introspection_tells_of_a_patient_where_one_was_asked_for(ward: Ward) -> None:
    """A token without launch context has none when it is introspected."""
    party = party_of(ward.city)
    tokens = party.tokens(scope="openid profile")
    said = party.post("/introspect", token=tokens["access_token"]).json
    assert said["active"] is True
    assert not {"patient", "fhirUser"} & said.keys()


@pytest.fixture
def serviced(make_city: Any, make_seed: Any) -> Ward:
    """A ward in which c0 lets a service have the life log."""
    seed = make_seed(8)
    consent = Consent("c0", "health_sharing", ("lifelog",), (SERVICE,), ("normal",))
    fields = {name: getattr(seed, name) for name in seed.__struct_fields__}
    return Ward(make_city(SeedData(**fields | {"consents": (*seed.consents, consent)})))


def test_a_service_needs_scope_and_consent(serviced: Ward) -> None:
    """A token of a citizen opens to somebody else's service what that citizen consented to, and no more."""
    lab = {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"text": "検査"},
        "effectiveDateTime": "2027-01-15",
    }
    for sub in ("c0", "c1"):
        report = lab | {"subject": {"reference": f"Patient/{serviced.patient(sub)}"}}
        assert serviced.create(sub, serviced.pulse(sub)).status == serviced.create(sub, report).status == 201
    for sub, kind, count in (
        ("c0", "Observation", 1),
        ("c0", "DiagnosticReport", 0),
        ("c0", "Patient", 0),
        ("c0", "Consent", 0),
        ("c1", "Observation", 0),
    ):
        found = serviced.call("GET", kind, "", **serviced.held(sub, SERVICE, OWN))
        assert (found.status, found.json["total"]) == (200, count), (sub, kind)
    assert serviced.create("", serviced.pulse("c0"), **serviced.held("c0", SERVICE, OWN)).status == 201
    assert serviced.create("", serviced.pulse("c1"), **serviced.held("c1", SERVICE, OWN)).status == 422


def test_a_service_knows_people_by_its_own_identifier(make_city: Any, make_seed: Any) -> None:
    """The city-OS ID of a Patient is the pairwise one of the service, and finds the Patient again."""
    seed = make_seed(8)
    consent = Consent("c0", "health_sharing", ("profile.basic",), (SERVICE,), ("normal",))
    fields = {name: getattr(seed, name) for name in seed.__struct_fields__}
    ward = Ward(make_city(SeedData(**fields | {"consents": (*seed.consents, consent)})))
    headers = ward.held("c0", SERVICE, OWN)
    (entry,) = ward.call("GET", "Patient", "", **headers).json["entry"]
    (token,) = ward.city.app.services.tokens.values()
    pairwise = shown_sub(ward.city.app.services, token, "c0")
    assert entry["resource"]["identifier"] == [{"system": CITY_OS_ID, "value": pairwise}]
    assert pairwise != "c0"
    for value, count in ((pairwise, 1), ("c0", 0)):
        found = ward.call("GET", f"Patient?identifier={value}", "", **headers).json
        assert len(found.get("entry", [])) == count
