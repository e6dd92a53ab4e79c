"""The example resources of the contract can be sent to the server as they stand."""

import json
from collections.abc import Mapping

import pytest
from ward import HOSPITAL, Ward

from conformance.contract.fhir.documents import examples

OWN = "patient/*.cruds"
ANSWERS = ("OperationOutcome", "Bundle")
SENT: Mapping[str, bytes] = {
    name: body for name, body in examples().items() if json.loads(body)["resourceType"] not in ANSWERS
}


@pytest.mark.parametrize("name", SENT)
def test_an_example_is_accepted(ward: Ward, name: str) -> None:
    """By the person's app, and where a hospital writes such things by the hospital for its own Patient."""
    resource = json.loads(SENT[name])
    kind = resource["resourceType"]
    patient = ward.create(HOSPITAL, {"resourceType": "Patient", "name": [{"text": "x"}]}).json["id"]
    element = "patient" if kind == "Consent" else "subject"
    named = resource.get(element, {}).get("reference", "Patient/none")
    for who, patient_id in (("c0", ward.patient("c0")), (HOSPITAL, patient)):
        if (kind, who) in (("Patient", "c0"), ("Consent", HOSPITAL)):
            continue
        body = SENT[name].replace(f'"{named}"'.encode(), f'"Patient/{patient_id}"'.encode())
        answer = ward.call("POST", kind, who, body, scope=OWN if who == "c0" else "")
        assert answer.status == 201, answer.body
        read = ward.call("GET", f"{kind}/{answer.json['id']}", who, scope=OWN if who == "c0" else "")
        assert read.body == answer.body
