"""A third party's service with a person's token: a recipient like others, not the person."""

import json
from typing import Any

import pytest
from consent_values import SAFETY, give

from conformance.contract.operations import load_operations
from reference_api.call import Call, Token
from reference_api.errors import ApiError
from reference_api.handlers import HANDLERS
from reference_api.oidc.subjects import shown_sub

SERVICE = "example-service"
TOKEN = Token(
    client_id=SERVICE,
    subject="c5",
    role="service",
    recipient=f"service:{SERVICE}",
    scopes=frozenset({"consents.read", "consents.write", "consent_decisions.read", "access_log.read"}),
    expires_s=9e9,
    sector="example-service.example",
)


def call(city: Any, operation_id: str, body: Any = None) -> Any:
    """What an operation answers to the service in the person's name."""
    operation = next(one for one in load_operations() if one.operation_id == operation_id)
    raw = b"" if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    asked = Call(operation, {}, headers, "", raw, city.clock.now_s(), TOKEN)
    return json.loads(city.opened.drive(HANDLERS[operation_id](city.app.services, asked)).body)


def test_it_sees_the_consents_it_asked_for_and_no_others(city: Any) -> None:
    """Which other services a person uses is none of its business; the person goes by the name that it knows."""
    give(city, "c5", recipients=["service:another"])
    asked = "UPDATE consent SET client_id = ? WHERE subject = 'c5' AND modes = 'drill' RETURNING record_id"
    give(city, "c5", modes=["drill"])
    ((record_id,),) = city.rows(asked, SERVICE)
    (seen,) = call(city, "listConsents")["items"]
    assert seen["record_id"] == record_id
    assert seen["pii_principal_id"] == seen["events"][0]["entity_id"] != "c5"


@pytest.mark.parametrize(("operation_id", "body"), [("createConsent", SAFETY), ("listAccessLog", None)])
def test_it_does_not_speak_for_the_person(city: Any, operation_id: str, body: Any) -> None:
    """It gives itself no consent, and reads no log of the person."""
    with pytest.raises(ApiError) as refused:
        call(city, operation_id, body)
    assert refused.value.problem == "insufficient-scope"


def test_it_asks_for_itself_only(city: Any) -> None:
    """What the person agreed to for it is told; what others may see is not."""
    give(city, "c5", recipients=[f"service:{SERVICE}"])
    known_as = shown_sub(city.app.services, TOKEN, "c5")
    question = {"subject": {"id": known_as}, "purpose": "disaster_support", "category": "safety"}
    assert call(city, "decideConsents", question)["decision"] is True
    assert call(city, "decideConsents", {**question, "subject": {"id": "c5"}})["decision"] is False
    with pytest.raises(ApiError) as refused:
        call(city, "decideConsents", {**question, "recipient": {"id": "employer"}})
    assert refused.value.problem == "insufficient-scope"
