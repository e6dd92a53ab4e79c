"""ID tokens and access tokens of a person: every claim as the standards have it."""

import base64
import hashlib
from typing import Any

import pytest
from authlib.oidc.core import CodeIDToken
from joserfc import jws

ISSUER = "http://127.0.0.1:8080"


def header(token: str) -> dict[str, Any]:
    """The JOSE header."""
    return dict(jws.extract_compact(token.encode()).headers())


@pytest.mark.parametrize(
    ("client_id", "alg"), [("example-service", "RS256"), ("example-app", "RS256"), ("example-key-client", "ES256")]
)
def test_an_id_token_says_what_was_done(city: Any, party: Any, client_id: str, alg: str) -> None:
    """Issuer, audience, times in seconds, nonce and class of sign-in; signed as registered (O-IDT-01 to 11)."""
    one = party(client_id)
    tokens = one.tokens()
    claims = one.claims(tokens["id_token"])
    now_s = int(city.clock.now_s())
    assert header(tokens["id_token"])["alg"] == alg
    assert claims["iss"] == ISSUER
    assert claims["aud"] == claims["azp"] == client_id
    assert (claims["iat"], claims["exp"], claims["auth_time"]) == (now_s, now_s + 3600, now_s)
    assert (claims["nonce"], claims["acr"], claims["amr"]) == ("n-1", "urn:example:acr", ["pwd"])
    assert isinstance(claims["sub"], str)
    assert 0 < len(claims["sub"]) <= 255
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).decode().rstrip("=")
    assert header(tokens["id_token"])["kid"] in {
        key["kid"] for key in city.call("GET", "/.well-known/jwks.json").json["keys"]
    }


def test_an_independent_client_accepts_the_id_token(city: Any, party: Any) -> None:
    """Authlib's rules for ID tokens of the code flow find nothing wrong (Core 3.1.3.7)."""
    one = party()
    tokens = one.tokens(max_age="600")
    claims = CodeIDToken(
        one.claims(tokens["id_token"]),
        header(tokens["id_token"]),
        {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": "example-service"}},
        {"nonce": "n-1", "client_id": "example-service", "max_age": 600, "access_token": tokens["access_token"]},
    )
    claims.validate(now=int(city.clock.now_s()))


def test_without_a_nonce_there_is_none(party: Any) -> None:
    """Neither nonce nor session is made up."""
    one = party()
    claims = one.claims(one.tokens(nonce=None, sid=None)["id_token"])
    assert not {"nonce", "sid", "local_id"} & set(claims)


def test_an_access_token_is_bound_to_its_audience(city: Any, party: Any) -> None:
    """RFC 9068 2.2: type, resources, client, subject, scope and sign-in; UserInfo is reached by scope openid."""
    one = party()
    token = one.tokens()["access_token"]
    claims = one.claims(token)
    assert header(token)["typ"] == "at+jwt"
    assert claims["aud"] == [ISSUER + "/v1", ISSUER]
    assert (claims["client_id"], claims["acr"]) == ("example-service", "urn:example:acr")
    assert {"sub", "iat", "exp", "jti", "auth_time", "sid", "grant_id", "scope"} <= set(claims)
    assert city.call("GET", "/v1/users/" + claims["sub"], authorization=f"Bearer {token}").status in (403, 404)


@pytest.mark.parametrize(
    ("asked", "audience"),
    [
        ({"scope": "users.read"}, ISSUER + "/v1"),
        ({"scope": "openid", "resource": ISSUER + "/fhir"}, [ISSUER + "/fhir", ISSUER]),
        ({"scope": "users.read", "resource": ISSUER + "/fhir"}, ISSUER + "/fhir"),
        ({"scope": "users.read", "aud": ISSUER + "/fhir"}, ISSUER + "/fhir"),
    ],
)
def test_a_resource_is_what_was_asked_for(party: Any, asked: dict[str, str], audience: Any) -> None:
    """RFC 8707 2: a token for one resource names that one, and UserInfo where openid was granted."""
    one = party()
    assert one.claims(one.tokens(**asked)["access_token"])["aud"] == audience


def test_a_token_for_one_resource_opens_no_other(city: Any, party: Any) -> None:
    """A token meant for the FHIR server is refused by the API (O-TOK audience, RFC 9068 4)."""
    one = party()
    code = one.code(scope="users.read", resource=ISSUER + "/fhir")
    token = one.redeem(code).json["access_token"]
    refused = city.call("GET", "/v1/users/x", authorization=f"Bearer {token}")
    assert (refused.status, refused.problem) == (401, "invalid-token")


def test_a_grant_for_one_resource_is_not_widened(party: Any) -> None:
    """The token request may choose among the resources of the authorization, and add none."""
    one = party()
    code = one.code(resource=ISSUER + "/fhir")
    assert one.redeem(code, resource=ISSUER + "/v1").json["error"] == "invalid_target"
    assert one.redeem(code, resource=ISSUER + "/fhir").status == 200


def test_each_sector_knows_another_subject(city: Any, party: Any) -> None:
    """Two services get two subjects and two sessions for one person, each the same everywhere (OIDC-015, OIDC-025)."""
    known: dict[str, dict[str, Any]] = {}
    for client_id in ("example-service", "example-second-service"):
        one = party(client_id)
        tokens = one.tokens()
        claims = one.claims(tokens["id_token"])
        assert one.claims(one.tokens()["id_token"])["sub"] == claims["sub"]
        assert one.claims(tokens["access_token"])["sub"] == claims["sub"]
        userinfo = city.call("GET", "/userinfo", authorization=f"Bearer {tokens['access_token']}").json
        assert userinfo["sub"] == claims["sub"]
        known[client_id] = claims
    one, other = known.values()
    assert one["sub"] != other["sub"]
    assert one["sid"] != other["sid"]
    assert "c0" not in (one["sub"], other["sub"])


def test_people_of_one_service_are_told_apart(party: Any) -> None:
    """Different people have different subjects."""
    one = party()
    assert one.claims(one.tokens("c0")["id_token"])["sub"] != one.claims(one.tokens("c1")["id_token"])["sub"]
