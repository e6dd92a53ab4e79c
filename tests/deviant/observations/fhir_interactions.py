"""Observations of interactions with the FHIR server."""

import json
from typing import Any

from deviant.observing import observed
from sandbox_city import City
from ward import HOSPITAL, Ward

from conformance.contract.fhir.documents import examples
from reference_api.fhir.patients import CITY_OS_ID

OWN = "patient/*.cruds"
CHART = "urn:oid:1.2.392.100495.20.3.51.10000001"


def _visitor(**members: Any) -> dict[str, Any]:
    """Somebody without an account, as a hospital writes them down."""
    identifier = [{"system": CHART, "value": "0042"}]
    return {"resourceType": "Patient", "identifier": identifier, "name": [{"family": "Visitor"}], **members}


def _made(ward: Ward, resource: Any, who: str = "c0") -> Any:
    answer = ward.create(who, resource)
    assert answer.status == 201, answer.body
    return answer.json


@observed("fhir-lab-without-text", right=422, wrong=201)
def no_text(city: City) -> Any:
    """The answer to a laboratory result without code.text."""
    ward = Ward(city)
    result = ward.observed("blood-glucose", "c0", 90)
    del result["code"]["text"]
    return ward.create("c0", result).status


@observed("fhir-report-of-any-category", right=422, wrong=201)
def any_category(city: City) -> Any:
    """The answer to a laboratory report of another category."""
    ward = Ward(city)
    text = examples()["diagnostic-report"].decode().replace("Patient/example", f"Patient/{ward.patient('c0')}")
    report = json.loads(text.replace("LP29693-6", "LP29684-5"))
    report.pop("id", None)
    return ward.create("c0", report).status


@observed("fhir-strict-ignored", right=400, wrong=200)
def strict(city: City) -> Any:
    """The answer to a search by an unknown parameter."""
    return Ward(city).call("GET", "Observation?no-such=1", "c0", prefer="handling=strict").status


@observed("fhir-conditional-update-creates", right=200, wrong=201)
def conditional_update(city: City) -> Any:
    """The answer to an update by an identifier that one resource has."""
    ward = Ward(city)
    pulse = ward.pulse("c0") | {"identifier": [{"system": CHART, "value": "7"}]}
    _made(ward, pulse)
    return ward.call("PUT", "Observation?identifier=7", "c0", pulse).status


@observed("fhir-city-os-id-tells", right=(422, 422), wrong=(403, 422))
def city_os_id(city: City) -> Any:
    """The answers to a hospital that asks by the ID of somebody who did not consent, and of nobody."""
    ward = Ward(city)
    rows = [{"resourceType": "Patient", "identifier": [{"system": CITY_OS_ID, "value": v}]} for v in ("c4", "none")]
    known, unknown = (ward.create(HOSPITAL, row).status for row in rows)
    return known, unknown


@observed("fhir-own-records-open", right=404, wrong=200)
def own_record(city: City) -> Any:
    """The answer to another hospital that asks for a Patient without an account."""
    ward = Ward(city)
    made = _made(ward, _visitor(), HOSPITAL)
    headers = ward.held(None, "medical", "system/*.cruds")
    return ward.call("GET", f"Patient/{made['id']}", "", **headers).status


@observed("fhir-security-label-dropped", right=422, wrong=201)
def security_label(city: City) -> Any:
    """The answer to a Consent with a securityLabel."""
    ward = Ward(city)
    consent: Any = ward.search("Consent", "c0", scope=OWN)[0]
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    consent["provision"]["securityLabel"] = [label]
    return ward.create("c0", consent, scope=OWN).status


@observed("fhir-body-measurement-missing", right=1, wrong=0)
def body_measurement(city: City) -> Any:
    """How many weights a search for body measurements finds."""
    ward = Ward(city)
    _made(ward, ward.observed("body-weight", "c0", 60))
    return len(ward.search("Observation?category=body-measurement", "c0"))


@observed("fhir-create-without-location", right=True, wrong=False)
def location(city: City) -> Any:
    """Whether the answer to a create has a Location."""
    ward = Ward(city)
    return "location" in ward.create("c0", ward.pulse("c0")).headers


@observed("fhir-as-plain-json", right="application/fhir+json", wrong="application/json")
def media_type(city: City) -> Any:
    """The media type of a pulse."""
    ward = Ward(city)
    made = _made(ward, ward.pulse("c0"))
    return ward.call("GET", f"Observation/{made['id']}", "c0").headers["content-type"].partition(";")[0]


@observed("fhir-search-form-ignored", right=0, wrong=1)
def form(city: City) -> Any:
    """How many pulses are found by a POST that asks for another code."""
    ward = Ward(city)
    _made(ward, ward.pulse("c0"))
    given = {"content_type": "application/x-www-form-urlencoded"}
    return len(ward.call("POST", "Observation/_search", "c0", b"code=none", **given).json.get("entry", ()))


@observed("fhir-first-value-only", right=2, wrong=1)
def values(city: City) -> Any:
    """How many pulses of two states are found by both."""
    ward = Ward(city)
    for status in ("final", "amended"):
        _made(ward, ward.pulse("c0") | {"status": status})
    return len(ward.search("Observation?status=final,amended", "c0"))


@observed("fhir-nothing-included", right=["match", "include"], wrong=["match"])
def included(city: City) -> Any:
    """Modes of what a search with _include finds."""
    ward = Ward(city)
    _made(ward, ward.pulse("c0"))
    found = ward.call("GET", "Observation?_include=Observation:patient", "c0").json
    return [entry["search"]["mode"] for entry in found["entry"]]


@observed("fhir-sorted-backwards", right=[1, 2], wrong=[2, 1])
def order(city: City) -> Any:
    """Values of two pulses by their time."""
    ward = Ward(city)
    for value in (2, 1):
        _made(ward, ward.pulse("c0", value, f"2027-01-1{value}T07:00:00+09:00"))
    return [one["valueQuantity"]["value"] for one in ward.search("Observation?_sort=date", "c0")]


@observed("fhir-never-unchanged", right=304, wrong=200)
def unchanged(city: City) -> Any:
    """The answer to a read of the version that the client has."""
    ward = Ward(city)
    made = _made(ward, ward.pulse("c0"))
    return ward.call("GET", f"Observation/{made['id']}", "c0", if_none_match='W/"1"').status


@observed("fhir-claims-to-take-ids", right=[False], wrong=[True])
def update_create(city: City) -> Any:
    """What is declared of updates that create."""
    rest = city.call("GET", "/fhir/metadata").json["rest"][0]
    return sorted({row["updateCreate"] for row in rest["resource"]})


@observed("fhir-names-mind-case", right=1, wrong=0)
def case(city: City) -> Any:
    """How many are found by a name in lower case."""
    ward = Ward(city)
    _made(ward, _visitor(), HOSPITAL)
    return len(ward.search("Patient?family=visitor", HOSPITAL))


@observed("fhir-history-without-deletion", right=["DELETE", "POST"], wrong=["POST"])
def history(city: City) -> Any:
    """What a history tells of a pulse that was made and deleted."""
    ward = Ward(city)
    made = _made(ward, ward.pulse("c0"))
    ward.call("DELETE", f"Observation/{made['id']}", "c0")
    rows = ward.call("GET", f"Observation/{made['id']}/_history", "c0").json["entry"]
    return [row["request"]["method"] for row in rows]
