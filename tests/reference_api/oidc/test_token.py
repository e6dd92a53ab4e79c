"""Tokens: who gets one, what it says, and where it is taken."""

import base64
import json
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token": "c0",
    "subject_token_type": "urn:citytwin:local-id",
}


def claims_of(city: Any, token: str) -> dict[str, Any]:
    """Claims of a token, verified with the published keys alone."""
    keys = KeySet.import_key_set(city.call("GET", "/.well-known/jwks.json").json)
    decoded = jwt.decode(token, keys, algorithms=["ES256"])
    assert decoded.header["typ"] == "at+jwt"
    return dict(decoded.claims)


def test_client_token_follows_rfc_9068(city: Any) -> None:
    """A client's token has all claims of RFC 9068 2.2, bound to the API, and verifies with the published key."""
    answer = city.ask_token("city-office", grant_type="client_credentials")
    assert answer.headers["cache-control"] == "no-store"
    claims = claims_of(city, answer.json["access_token"])
    assert set(claims) == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope"}
    assert claims["sub"] == claims["client_id"] == "city-office"
    assert claims["aud"] == "http://127.0.0.1:8080/v1"
    assert claims["exp"] - claims["iat"] == answer.json["expires_in"] == 3600


def test_exchanged_token_speaks_for_the_subject(city: Any) -> None:
    """Token exchange gives the subject's token with the citizen's scopes (RFC 8693 2.2.1)."""
    answer = city.ask_token("citizen-app", **EXCHANGE)
    assert answer.json["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    claims = claims_of(city, answer.json["access_token"])
    assert (claims["sub"], claims["client_id"]) == ("c0", "citizen-app")
    assert "disaster.declare" not in claims["scope"]


def test_scope_can_be_narrowed_but_not_widened(city: Any) -> None:
    """A part of the client's scopes is granted as asked; anything more is invalid_scope."""
    narrow = city.ask_token("city-office", grant_type="client_credentials", scope="orders.issue")
    assert narrow.json["scope"] == "orders.issue"
    wide = city.ask_token("city-office", grant_type="client_credentials", scope="orders.issue sandbox.admin")
    assert (wide.status, wide.json["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("who", "form", "status", "error"),
    [
        ("city-office", {"grant_type": "password"}, 400, "unsupported_grant_type"),
        ("city-office", {}, 400, "invalid_request"),
        ("city-office", EXCHANGE, 400, "unauthorized_client"),
        ("citizen-app", {"grant_type": "client_credentials"}, 400, "unauthorized_client"),
        ("citizen-app", {**EXCHANGE, "subject_token": "nobody"}, 400, "invalid_request"),
        ("citizen-app", {**EXCHANGE, "subject_token_type": "x"}, 400, "invalid_request"),
    ],
)
def test_refusals_keep_oauth_json(city: Any, who: str, form: dict[str, str], status: int, error: str) -> None:
    """What is not granted is refused by RFC 6749 5.2, not as a problem."""
    answer = city.ask_token(who, **form)
    assert (answer.status, answer.json["error"]) == (status, error)
    assert answer.headers["content-type"] == "application/json"


def test_client_must_authenticate(city: Any) -> None:
    """A wrong secret is invalid_client; so is a header that cannot be read; nothing is sent twice."""
    wrong = city.ask_token("city-office", "wrong", grant_type="client_credentials")
    assert (wrong.status, wrong.json["error"]) == (401, "invalid_client")
    headers = {"content_type": "application/x-www-form-urlencoded"}
    twice = b"grant_type=client_credentials&grant_type=client_credentials"
    assert city.call("POST", "/token", "", twice, **headers).json["error"] == "invalid_request"
    garbage = base64.b64encode(b"\xff\xfe:\xff").decode()
    broken = city.call(
        "POST", "/token", "", b"grant_type=client_credentials", authorization=f"Basic {garbage}", **headers
    )
    assert (broken.status, broken.json["error"]) == (401, "invalid_client")


def test_token_ends_at_its_expiry(city: Any) -> None:
    """Taken until just before exp, refused from exp on, although it was verified before."""
    token = city.token("city-office")
    city.clock.set_s(city.clock.now_s() + 3599.5)
    assert city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {token}").status == 200
    city.clock.set_s(city.clock.now_s() + 0.5)
    late = city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {token}")
    assert (late.status, late.problem) == (401, "invalid-token")


def forged(city: Any, key: Any, header: dict[str, str], **changed: Any) -> str:
    """A token like a real one but for what is changed."""
    claims = claims_of(city, city.token("city-office")) | changed
    return jwt.encode(header, claims, key, algorithms=["ES256", "HS256"])


def test_forged_tokens_are_refused(city: Any) -> None:
    """Another key, audience, issuer or type, a changed payload, alg none: all 401."""
    city.token("city-office")
    signing = next(key for key in city.app.services.signing_keys.values() if key.alg == "ES256")
    service_key, kid = signing.key, signing.kid
    at_jwt = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    header, payload, signature = city.token("city-office").split(".")
    changed = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"sub": "c0"}
    tampered = base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').decode().rstrip("=")
    assert (
        city.call("GET", "/v1/safety-summaries", authorization="Bearer " + forged(city, service_key, at_jwt)).status
        == 200
    )
    for token in (
        forged(city, ECKey.generate_key("P-256"), at_jwt),
        forged(city, service_key, at_jwt, aud="https://elsewhere.example"),
        forged(city, service_key, at_jwt, iss="https://elsewhere.example"),
        forged(city, service_key, at_jwt, client_id="unknown"),
        forged(city, service_key, {"alg": "ES256", "typ": "JWT", "kid": kid}),
        forged(city, service_key, {"alg": "ES256", "typ": "at+jwt", "kid": "another"}),
        forged(city, service_key, {"alg": "ES256", "typ": "at+jwt"}),
        forged(city, service_key, at_jwt, sub="somebody", client_id="example-service"),
        forged(city, OctKey.import_key(json.dumps(signing.public_jwk())), {**at_jwt, "alg": "HS256"}),
        f"{header}.{tampered}.{signature}",
        f"{none}.{payload}.",
        "abc",
        "a.b.c",
    ):
        refused = city.call("GET", "/v1/safety-summaries", authorization=f"Bearer {token}")
        assert (refused.status, refused.problem) == (401, "invalid-token"), token


def test_secrets_are_kept_hashed(city: Any) -> None:
    """No client's secret stands in the table that tokens are issued from."""
    stored = str(city.rows("SELECT * FROM client"))
    assert not any(client.secret in stored for client in city.seed.clients if client.secret)


@pytest.mark.parametrize("part_s", [0.0, 0.25, 0.999])
def test_tokens_hold_as_long_as_is_told_and_an_hour_at_most(city: Any, part_s: float) -> None:
    """Asked for between two seconds, a token is taken for expires_in seconds, for 60 minutes at most (C7)."""
    asked_s = city.clock.now_s() + part_s
    city.clock.set_s(asked_s)
    answer = city.ask_token("city-office", grant_type="client_credentials").json
    bearer = f"Bearer {answer['access_token']}"
    claims = json.loads(base64.urlsafe_b64decode(answer["access_token"].split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] <= 3600
    assert claims["exp"] <= asked_s + 3600
    city.clock.set_s(asked_s + answer["expires_in"] - 0.001)
    assert city.call("GET", "/v1/safety-summaries", authorization=bearer).status == 200
    city.clock.set_s(asked_s + 3600)
    assert city.call("GET", "/v1/safety-summaries", authorization=bearer).status == 401
