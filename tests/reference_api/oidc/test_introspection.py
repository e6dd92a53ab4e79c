"""Introspection: whether a token holds, told to clients that prove who they are."""

from typing import Any

import pytest

INACTIVE = {"active": False}


def introspect(one: Any, token: str, **form: str) -> Any:
    """The token at the introspection endpoint."""
    return one.post("/introspect", token=token, **form)


def test_introspection_says_what_the_token_says(city: Any, party: Any) -> None:
    """An access token, to its own client: subject, scope, audience, sign-in (RFC 7662 2.2)."""
    one = party()
    tokens = one.tokens()
    said, claims = introspect(one, tokens["access_token"]).json, one.claims(tokens["access_token"])
    assert said["active"] is True
    for name in ("sub", "client_id", "iss", "exp", "jti", "acr", "auth_time", "sid"):
        assert said[name] == claims[name], name
    assert set(said["scope"].split()) == set(claims["scope"].split())
    assert said["aud"] == sorted(claims["aud"])


def test_the_citys_machines_are_told_of_every_access_token(party: Any) -> None:
    """A machine of the city that asks is told the person's subject, and the session, as it knows them."""
    one = party()
    token = one.tokens()["access_token"]
    said = introspect(party("city-office"), token).json
    assert (said["active"], said["client_id"], said["sub"]) == (True, "example-service", "c0")
    assert said["sid"] != one.claims(token)["sid"]


@pytest.mark.parametrize("asker", ["example-second-service", "example-key-client", "association-n0", "sandbox-admin"])
def test_third_parties_learn_nothing_of_others_tokens(party: Any, asker: str) -> None:
    """Who found another service's token is not told which of its own users that is (RFC 7662 sections 2.2 and 5)."""
    service = party()
    tokens = service.tokens()
    own = service.post("/token", grant_type="client_credentials").json
    for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"], own["access_token"]):
        assert introspect(party(asker), token).json == INACTIVE


def test_refresh_tokens_are_shown_to_their_client_only(party: Any) -> None:
    """To others, and once used, they are not active."""
    one, other = party(), party("example-second-service")
    token = one.tokens()["refresh_token"]
    assert introspect(one, token).json["active"] is True
    assert introspect(other, token).json == INACTIVE
    one.refresh(token)
    assert introspect(one, token).json == INACTIVE


def test_nothing_is_said_of_what_ended(city: Any, party: Any) -> None:
    """Expired, revoked, and ended by a replay look alike (OIDC-018)."""
    one = party()
    expired, revoked, code = one.tokens(), one.tokens(), one.code()
    replayed = one.redeem(code).json
    one.redeem(code)
    one.post("/revoke", token=revoked["access_token"])
    for token in (revoked["access_token"], replayed["access_token"], replayed["refresh_token"]):
        assert introspect(one, token).json == INACTIVE
    assert introspect(one, expired["access_token"]).json["active"] is True
    city.clock.set_s(city.clock.now_s() + 3600.0)
    assert introspect(one, expired["access_token"]).json == INACTIVE
