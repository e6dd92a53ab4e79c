"""Authorization details of type cityos_consent: what may be asked for, what is told of it, and its end."""

import json
from typing import Any

import pytest

ISSUER = "http://127.0.0.1:8080"
DETAIL = {
    "type": "cityos_consent",
    "purpose": "personal_service",
    "datatypes": ["profile.basic", "profile.contact"],
    "recipients": ["service:example-service"],
    "modes": ["normal"],
    "actions": ["read"],
    "locations": [ISSUER + "/v1"],
    "valid_until": "2027-06-01T00:00:00+09:00",
}


def asking(*details: dict[str, Any]) -> str:
    """The parameter authorization_details."""
    return json.dumps(details)


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "payment"},
        {"purpose": "marketing"},
        {"datatypes": ["dna"]},
        {"datatypes": []},
        {"datatypes": ["payment_result"]},
        {"recipients": ["everybody"]},
        {"recipients": ["service:another"]},
        {"recipients": []},
        {"modes": ["war"]},
        {"actions": ["sell"]},
        {"locations": ["https://elsewhere.example"]},
        {"valid_until": "tomorrow"},
        {"valid_until": "2027-01-01T00:00:00"},
        {"valid_until": "2026-01-01T00:00:00+09:00"},
        {"valid_until": "2099-01-01T00:00:00+09:00"},
        {"consent_id": "mine"},
        {"unknown": 1},
        {"purpose": 5},
    ],
)
def test_what_the_catalogue_does_not_allow_is_refused(party: Any, changed: dict[str, Any]) -> None:
    """Unknown types, fields and codes, and services that ask for others, are refused (RFC 9396 5)."""
    one = party()
    answer = one.post("/par", **one.parameters(authorization_details=asking({**DETAIL, **changed})))
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")


@pytest.mark.parametrize("name", ["type", "purpose", "datatypes", "recipients"])
def test_what_is_required_is_demanded(party: Any, name: str) -> None:
    """Leaving out a required field is refused."""
    one = party()
    detail = {key: value for key, value in DETAIL.items() if key != name}
    answer = one.post("/par", **one.parameters(authorization_details=asking(detail)))
    assert answer.json["error"] == "invalid_authorization_details"


@pytest.mark.parametrize("text", ["{", "5", "{}", '"x"', "[5]", "[" * 2000])
def test_what_is_no_list_of_details_is_refused(party: Any, text: str) -> None:
    """Whatever cannot be read is invalid_authorization_details, never a fault of the server."""
    one = party()
    answer = one.post("/par", **one.parameters(authorization_details=text))
    assert (answer.status, answer.json["error"]) == (400, "invalid_authorization_details")


def test_what_was_granted_is_told(party: Any) -> None:
    """Token response, access token and introspection name the granted details with their consents (RFC 9396 7, 9)."""
    one = party()
    tokens = one.tokens(authorization_details=asking(DETAIL, {**DETAIL, "purpose": "disaster_support"}))
    granted = tokens["authorization_details"]
    assert [{name: value for name, value in each.items() if name != "consent_id"} for each in granted] == [
        DETAIL,
        {**DETAIL, "purpose": "disaster_support"},
    ]
    assert len({each["consent_id"] for each in granted}) == 2
    assert one.claims(tokens["access_token"])["authorization_details"] == granted
    assert one.post("/introspect", token=tokens["access_token"]).json["authorization_details"] == granted
    assert one.refresh(tokens["refresh_token"]).json["authorization_details"] == granted


def test_a_request_may_be_for_consent_alone(party: Any) -> None:
    """Without a scope the details are what is granted."""
    one = party()
    tokens = one.tokens(scope=None, authorization_details=asking(DETAIL))
    assert tokens["scope"] == ""
    assert len(tokens["authorization_details"]) == 1


def withdraw(city: Any, sub: str, consent_id: str) -> None:
    """The person withdraws a consent."""
    answer = city.call("POST", f"/v1/consents/{consent_id}/withdrawal", sub, {})
    assert answer.status in (200, 201, 204), answer.body


def test_tokens_end_with_the_last_consent_that_they_rest_on(city: Any, party: Any) -> None:
    """One of two consents withdrawn leaves the tokens, the second ends them at once (contract C4)."""
    one = party()
    tokens = one.tokens(authorization_details=asking(DETAIL, {**DETAIL, "purpose": "disaster_support"}))
    first, second = (each["consent_id"] for each in tokens["authorization_details"])
    withdraw(city, "c0", first)
    assert city.opens_userinfo(tokens["access_token"])
    withdraw(city, "c0", second)
    assert not city.opens_userinfo(tokens["access_token"])
    assert one.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


def test_a_withdrawal_ends_nothing_else(city: Any, party: Any) -> None:
    """A sign-in without details, and another person's tokens, do not rest on a consent that is withdrawn."""
    one = party()
    plain = one.tokens(sid=None)
    other = one.tokens("c1", authorization_details=asking(DETAIL))
    mine = one.tokens(authorization_details=asking(DETAIL))
    withdraw(city, "c0", mine["authorization_details"][0]["consent_id"])
    assert not city.opens_userinfo(mine["access_token"])
    assert city.opens_userinfo(plain["access_token"])
    assert city.opens_userinfo(other["access_token"])


def test_a_consent_opens_the_api_under_the_pairwise_subject(city: Any, party: Any) -> None:
    """The service reads what was agreed to by the subject that it knows, and nobody by a local ID (N1, OIDC-025)."""
    one = party()
    tokens = one.tokens(scope="openid users.read", authorization_details=asking(DETAIL))
    sub = one.claims(tokens["id_token"])["sub"]
    stranger = one.claims(one.tokens("c1")["id_token"])["sub"]

    def read(name: str) -> Any:
        url = f"/v1/users/{name}?purpose=personal_service"
        return city.call("GET", url, authorization=f"Bearer {tokens['access_token']}")

    mine = read(sub)
    assert mine.status == 200, mine.body
    assert mine.json["sub"] == sub
    assert mine.json["data"]["name"]
    for name in (stranger, "c0", "c1", sub[:-1]):
        assert read(name).status in (403, 404)
