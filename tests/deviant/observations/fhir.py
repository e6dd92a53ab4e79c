"""Observations of the FHIR server."""

import json
from typing import Any
from urllib.parse import quote

from deviant.observing import observed
from sandbox_city import City
from ward import HOSPITAL, Ward

from conformance.contract.fhir.documents import examples
from conformance.contract.fhir.lifelog import observation

LOINC, RP_NUMBER = "http://loinc.org", "urn:oid:1.2.392.100495.20.3.81"
AT = "2027-01-15T07:00:00+09:00"


def _made(ward: Ward, resource: Any, who: str = "c0") -> Any:
    """A resource that is there now, as it is answered."""
    answer = ward.create(who, resource)
    assert answer.status == 201, answer.body
    return answer.json


def _read(ward: Ward, resource: Any) -> Any:
    return ward.call("GET", f"{resource['resourceType']}/{resource['id']}", "c0")


def _pressure(ward: Ward) -> Any:
    return observation(
        "blood-pressure",
        {"systolic": 128, "diastolic": 76},
        subject=f"Patient/{ward.patient('c0')}",
        effective=AT,
    )


@observed("F-01", right=200, wrong=404)
def metadata(city: City) -> Any:
    """The answer to a request for metadata."""
    return city.call("GET", "/fhir/metadata").status


@observed("F-02", right="4.0.1", wrong="4.3.0")
def version(city: City) -> Any:
    """The version of FHIR."""
    return city.call("GET", "/fhir/metadata").json["fhirVersion"]


@observed("smart-offers-plain", right=["S256"], wrong=["S256", "plain"])
def challenges(city: City) -> Any:
    """The challenge methods that SMART apps may use."""
    return city.call("GET", "/fhir/.well-known/smart-configuration").json["code_challenge_methods_supported"]


@observed("F-04", right=422, wrong=201)
def without_unit(city: City) -> Any:
    """The answer to 400 breaths without a unit."""
    ward = Ward(city)
    breaths = ward.observed("respiratory-rate", "c0", 400)
    breaths["valueQuantity"] = {"value": 400}
    return ward.create("c0", breaths).status


@observed("F-06", right=412, wrong=200)
def stale(city: City) -> Any:
    """The answer to an update of an old version."""
    ward = Ward(city)
    pulse = _made(ward, ward.pulse("c0"))
    return ward.call("PUT", f"Observation/{pulse['id']}", "c0", pulse, if_match='W/"99"').status


@observed("F-07", right=410, wrong=404)
def deleted(city: City) -> Any:
    """The answer to the read of what was deleted."""
    ward = Ward(city)
    pulse = _made(ward, ward.pulse("c0"))
    ward.call("DELETE", f"Observation/{pulse['id']}", "c0")
    return _read(ward, pulse).status


@observed("F-08", right=400, wrong=200)
def other_id(city: City) -> Any:
    """The answer to an update whose body has another id."""
    ward = Ward(city)
    pulse = _made(ward, ward.pulse("c0"))
    body = {**pulse, "id": "another"}
    return ward.call("PUT", f"Observation/{pulse['id']}", "c0", body, if_match='W/"1"').status


@observed("F-09", right=0, wrong=1)
def transaction(city: City) -> Any:
    """How many pulses there are after a transaction that failed."""
    ward = Ward(city)
    bad = {**ward.pulse("c0"), "status": "none"}
    request = {"method": "POST", "url": "Observation"}
    entries = [{"resource": one, "request": request} for one in (ward.pulse("c0"), bad)]
    answer = ward.call("POST", "", "c0", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status >= 400
    return len(ward.search("Observation", "c0"))


@observed("F-10", right=(1, 1), wrong=(0, 1))
def references(city: City) -> Any:
    """How many pulses of a patient are found by the bare id, and by type and id."""
    ward = Ward(city)
    _made(ward, ward.pulse("c0"))
    bare = ward.patient("c0")
    found = [len(ward.search(f"Observation?patient={value}", "c0")) for value in (bare, f"Patient/{bare}")]
    return found[0], found[1]


@observed("F-12", right=(1, 0), wrong=(1, 1))
def systems(city: City) -> Any:
    """How many pulses are found by code and its system, and by code and another system."""
    ward = Ward(city)
    _made(ward, ward.pulse("c0"))
    values = (f"{LOINC}|8867-4", "http://snomed.info/sct|8867-4")
    found = [len(ward.search(f"Observation?code={quote(value)}", "c0")) for value in values]
    return found[0], found[1]


@observed("F-13", right=("searchset", ["self"]), wrong=("collection", []))
def bundle(city: City) -> Any:
    """Type and links of what a search finds."""
    ward = Ward(city)
    _made(ward, ward.pulse("c0"))
    found = ward.call("GET", "Observation", "c0").json
    return found["type"], [link["relation"] for link in found.get("link", ())]


@observed("F-14", right={"8867-4"}, wrong={"8867-4", "8310-5"})
def all_pages(city: City) -> Any:
    """Codes of all that is found by the code of pulses, page by page."""
    ward = Ward(city)
    for number in range(3):
        _made(ward, ward.pulse("c0", 60 + number))
        _made(ward, ward.observed("body-temperature", "c0", 36.5))
    found = ward.search("Observation?code=8867-4&_count=2", "c0")
    return {one["code"]["coding"][0]["code"] for one in found}


@observed("F-15", right=True, wrong=False)
def category(city: City) -> Any:
    """Whether a pulse is shown as a vital sign."""
    ward = Ward(city)
    shown = _read(ward, _made(ward, ward.pulse("c0"))).json
    return "vital-signs" in json.dumps(shown["category"])


@observed("F-17", right=422, wrong=201)
def half_a_pressure(city: City) -> Any:
    """The answer to a blood pressure without the diastolic one."""
    ward = Ward(city)
    pressure = _pressure(ward)
    return ward.create("c0", {**pressure, "component": pressure["component"][:1]}).status


@observed("bp-as-two-observations", right=2, wrong=0)
def components(city: City) -> Any:
    """How many components a blood pressure is shown with."""
    ward = Ward(city)
    return len(_read(ward, _made(ward, _pressure(ward))).json.get("component", ()))


@observed("F-18", right=422, wrong=201)
def no_value(city: City) -> Any:
    """The answer to a pulse without a value, and without a reason for that."""
    ward = Ward(city)
    pulse = ward.pulse("c0")
    del pulse["valueQuantity"]
    return ward.create("c0", pulse).status


@observed("F-19", right=[422, 422], wrong=[201, 201])
def loose_json(city: City) -> Any:
    """The answers to a time without zone, and to an empty array."""
    ward = Ward(city)
    loose: tuple[dict[str, Any], ...] = ({"effectiveDateTime": "2027-01-15T07:00:00"}, {"note": []})
    return [ward.create("c0", {**ward.pulse("c0"), **one}).status for one in loose]


@observed("F-20", right=404, wrong=200)
def other_patient(city: City) -> Any:
    """The answer to a patient who asks for another patient's pulse."""
    ward = Ward(city)
    pulse = _made(ward, ward.pulse("c5"), "c5")
    return ward.call("GET", f"Observation/{pulse['id']}", "c0").status


@observed("fhir-without-consent", right=404, wrong=200)
def hospital(city: City) -> Any:
    """The answer to a hospital that asks for the pulse of somebody who did not consent."""
    ward = Ward(city)
    pulse = _made(ward, ward.pulse("c5"), "c5")
    return ward.call("GET", f"Observation/{pulse['id']}", HOSPITAL).status


@observed("F-21", right=422, wrong=201)
def nobody(city: City) -> Any:
    """The answer to a pulse of somebody who does not exist."""
    ward = Ward(city)
    return ward.create("c0", {**ward.pulse("c0"), "subject": {"reference": "Patient/a999999"}}).status


@observed("F-22", right=[b"97.0", b"36.50"], wrong=[b"97", b"36.5"])
def digits(city: City) -> Any:
    """The value 97.0 and the value 36.50 as they are read."""
    ward, shown = Ward(city), list[bytes]()
    for item, text in (("oxygen-saturation", "97.0"), ("body-temperature", "36.50")):
        body = json.dumps(ward.observed(item, "c0", 12345)).replace("12345", text).encode()
        answer = ward.call("POST", "Observation", "c0", body)
        assert answer.status == 201, answer.body
        read = _read(ward, {"resourceType": "Observation", "id": answer.json["id"]}).body
        shown.append(read.partition(b'"value":')[2].strip().partition(b",")[0])
    return shown


@observed("plain-text-500-on-bad-fhir", right=(400, "application/fhir+json"), wrong=(500, "text/plain"))
def bad(city: City) -> Any:
    """The answer to what is no resource."""
    answer = Ward(city).call("POST", "Observation", "c0", b"{")
    return answer.status, answer.headers["content-type"].partition(";")[0]


@observed("kg-as-lb-code", right="kg", wrong="[lb_av]")
def unit(city: City) -> Any:
    """The unit of a weight."""
    ward = Ward(city)
    return _read(ward, _made(ward, ward.observed("body-weight", "c0", 60))).json["valueQuantity"]["code"]


@observed("glucose-as-vital-sign", right=False, wrong=True)
def glucose(city: City) -> Any:
    """Whether a blood glucose is shown as a vital sign."""
    ward = Ward(city)
    shown = _read(ward, _made(ward, ward.observed("blood-glucose", "c0", 90))).json
    return "vital-signs" in json.dumps(shown["category"])


@observed("weight-missing-from-vital-search", right=2, wrong=1)
def vital_signs(city: City) -> Any:
    """How many of a pulse and a weight a search for vital signs finds."""
    ward = Ward(city)
    _made(ward, ward.pulse("c0"))
    _made(ward, ward.observed("body-weight", "c0", 60))
    return len(ward.search("Observation?category=vital-signs", "c0"))


@observed("rpnumber-missing", right=True, wrong=False)
def rp_number(city: City) -> Any:
    """Whether a prescription is shown with its RP number."""
    ward = Ward(city)
    prescription = json.loads(examples()["medication-request"])
    prescription["subject"] = {"reference": f"Patient/{ward.patient('c0')}"}
    prescription.pop("id", None)
    shown = _read(ward, _made(ward, prescription)).json
    return RP_NUMBER in {one.get("system") for one in shown["identifier"]}


@observed("fhir-disclosures-not-logged", right=["readFhir"], wrong=[])
def logged(city: City) -> Any:
    """What a person reads of the hospital that read a pulse."""
    ward = Ward(city)
    pulse = _made(ward, ward.pulse("c0"))
    assert ward.call("GET", f"Observation/{pulse['id']}", HOSPITAL).status == 200
    return [entry["operation"] for entry in city.everything("/v1/access-log", "c0")]
