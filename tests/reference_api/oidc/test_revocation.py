"""Revocation: what is ended holds no longer, here and at every resource."""

import base64
from typing import Any
from urllib.parse import urlencode

import pytest

from reference_api.clock import instant

INACTIVE = {"active": False}


def revoke(one: Any, token: str, **form: str) -> Any:
    """The token at the revocation endpoint."""
    return one.post("/revoke", token=token, **form)


def introspect(one: Any, token: str, **form: str) -> Any:
    """The token at the introspection endpoint."""
    return one.post("/introspect", token=token, **form)


@pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "unknown"])
def test_a_revoked_access_token_ends_alone_and_at_once(city: Any, party: Any, hint: str | None) -> None:
    """The next request is refused (OIDC-017), the refresh token goes on; a wrong hint does no harm (RFC 7009 2.1)."""
    one = party()
    tokens = one.tokens()
    assert city.opens_userinfo(tokens["access_token"])
    answer = revoke(one, tokens["access_token"], token_type_hint=hint)
    assert (answer.status, answer.body) == (200, b"")
    refused = city.call("GET", "/userinfo", authorization=f"Bearer {tokens['access_token']}")
    assert refused.status == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert one.refresh(tokens["refresh_token"]).status == 200


def test_a_revoked_refresh_token_takes_its_grant_along(city: Any, party: Any) -> None:
    """No token of the grant holds afterwards (RFC 7009 2.1), another grant's do."""
    one = party()
    tokens, other = one.tokens(), one.tokens("c1")
    second = one.refresh(tokens["refresh_token"]).json
    assert revoke(one, second["refresh_token"]).status == 200
    for token in (tokens["access_token"], second["access_token"]):
        assert not city.opens_userinfo(token)
    assert one.refresh(second["refresh_token"]).json["error"] == "invalid_grant"
    assert city.opens_userinfo(other["access_token"])


def test_a_clients_own_token_can_be_revoked(city: Any) -> None:
    """A token without a person is refused after its revocation, a new one is not."""
    headers = {"content_type": "application/x-www-form-urlencoded"}
    token = city.token("city-office")
    office = city.client("city-office")
    form = urlencode({"token": token}).encode()
    from_header = city.call("POST", "/revoke", "", form, authorization=_basic(office), **headers)
    assert from_header.status == 200
    assert city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {token}").status == 401
    fresh = city.ask_token("city-office", grant_type="client_credentials").json["access_token"]
    assert city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {fresh}").status == 200


def _basic(client: Any) -> str:
    return "Basic " + base64.b64encode(f"{client.client_id}:{client.secret}".encode()).decode()


@pytest.mark.parametrize("token", ["unknown", "a.b.c", "é", "x" * 3000])
def test_unknown_tokens_are_revoked_like_others(party: Any, token: str) -> None:
    """200 without a word (O-REV-02); of unknown tokens introspection says only that they are not active."""
    one = party()
    assert revoke(one, token).status == 200
    assert introspect(one, token).json == INACTIVE


def test_other_clients_tokens_stay(city: Any, party: Any) -> None:
    """A client cannot end what is another's, and does not learn that it exists."""
    one, other = party(), party("example-second-service")
    tokens = one.tokens()
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert revoke(other, token).status == 200
    assert city.opens_userinfo(tokens["access_token"])
    assert one.refresh(tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("path", ["/revoke", "/introspect"])
def test_a_token_must_be_named_by_a_client(party: Any, path: str) -> None:
    """No token is invalid_request; nobody is let in without proof (O-INT-01)."""
    one = party()
    assert one.post(path).json["error"] == "invalid_request"
    stranger = party(secret="wrong")
    answer = stranger.post(path, token="x")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    nobody = one.city.call("POST", path, "", b"token=x", content_type="application/x-www-form-urlencoded")
    assert nobody.status == 401
    assert one.city.call("POST", path, "", b"{}", content_type="application/json").json["error"] == "invalid_request"


@pytest.mark.parametrize("days", [0, -1, 1])
def test_a_reset_sandbox_brings_no_token_back(city: Any, party: Any, days: int) -> None:
    """Revoked tokens stay revoked, and what people granted since has ended; tokens of the city's clients go on."""
    one, office = party(), city.token("city-office")
    granted, ended, alone = one.tokens(), one.tokens("c1"), one.tokens("c2")
    revoke(one, ended["refresh_token"])
    revoke(one, alone["access_token"])
    time = {"now": instant(city.clock.now_s() + days * 86_400)}
    assert city.call("PUT", "/v1/sandbox/clock", "sandbox-admin", time).status == 200
    admin = city.new_token("sandbox-admin")
    assert city.call("POST", "/v1/sandbox/reset", authorization=f"Bearer {admin}").status == 204
    for tokens in (granted, ended, alone):
        assert not city.opens_userinfo(tokens["access_token"])
        assert introspect(one, tokens["access_token"]).json == INACTIVE
        assert one.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {office}").status == 200
    assert city.opens_userinfo(one.tokens()["access_token"])


@pytest.mark.parametrize("hours", [2, 48])
def test_a_clock_that_was_ahead_brings_no_token_back(city: Any, party: Any, hours: int) -> None:
    """In a sandbox whose clock goes ahead and back, what was revoked stays so."""
    one = party()
    tokens, now_s = one.tokens(), city.clock.now_s()
    later = [one.tokens("c1"), one.tokens("c2")]
    revoke(one, tokens["refresh_token"])
    for at_s in (now_s + hours * 3600, now_s):
        admin = {"authorization": f"Bearer {city.new_token('sandbox-admin')}"}
        assert city.call("PUT", "/v1/sandbox/clock", "", {"now": instant(at_s)}, **admin).status == 200
        assert not city.opens_userinfo(tokens["access_token"])
        revoke(one, later.pop()["refresh_token"])
