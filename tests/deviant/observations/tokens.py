"""Observations of the token endpoint."""

import base64
from typing import Any

from deviant.observations.parties import error_of, login, part, tokens
from deviant.observing import observed
from relying_party import FORM, basic, party_of
from sandbox_city import City

from reference_api.oidc.grant_types import DEVICE_CODE

OFFLINE = "openid profile offline_access"
WRONG_BASIC = {"content_type": FORM, "authorization": basic("example-service", "wrong")}


def _wrong_secret(city: City) -> Any:
    return city.call("POST", "/token", "", b"grant_type=client_credentials", **WRONG_BASIC)


def _holds(city: City, access_token: str) -> str:
    return error_of(city.call("GET", "/userinfo", authorization=f"Bearer {access_token}"))


@observed("O-TOK-02", right="Bearer", wrong=None)
def token_type(city: City) -> Any:
    """The token_type."""
    return tokens(city).get("token_type")


@observed("O-TOK-04", right=["200", "400 invalid_grant"], wrong=["200", "200"])
def code_twice(city: City) -> Any:
    """The answers to a code that comes twice."""
    party, _, code = login(city)
    return [error_of(party.redeem(code)) for _ in range(2)]


@observed("O-TOK-05", right="401 invalid_client", wrong="400 invalid_client")
def wrong_secret(city: City) -> Any:
    """The answer to a wrong secret."""
    return error_of(_wrong_secret(city))


@observed("O-TOK-06", right="400 invalid_grant", wrong="200 invalid_grant")
def status_of_error(city: City) -> Any:
    """The answer to a code that nobody gave."""
    return error_of(party_of(city).redeem("bogus"))


@observed("O-TOK-07", right="400 invalid_grant", wrong="400 code_rejected")
def code_of_error(city: City) -> Any:
    """The error for a code that nobody gave."""
    return error_of(party_of(city).redeem("bogus"))


@observed("O-TOK-08", right="400 invalid_grant", wrong="200")
def bogus_code(city: City) -> Any:
    """The answer to a made-up code while another one is open."""
    return error_of(login(city)[0].redeem("bogus"))


@observed("O-TOK-09", right="400 invalid_grant", wrong="200")
def wrong_verifier(city: City) -> Any:
    """The answer to a wrong verifier."""
    party, _, code = login(city)
    return error_of(party.redeem(code, code_verifier="w" * 64))


@observed("O-TOK-10", right="400 invalid_request", wrong="200")
def no_verifier(city: City) -> Any:
    """The answer to a redemption without verifier."""
    party, _, code = login(city)
    return error_of(party.redeem(code, code_verifier=None))


@observed("O-TOK-12", right="400 invalid_grant", wrong="200")
def other_client(city: City) -> Any:
    """The answer to another client that has the code."""
    party, _, code = login(city)
    thief = party_of(city, "example-second-service")
    return error_of(thief.redeem(code, code_verifier=party.verifier, redirect_uri=party.client.redirect_uris[0]))


@observed("O-TOK-13", right="400 invalid_grant", wrong="200")
def old_code(city: City) -> Any:
    """The answer to a code an hour later."""
    party, _, code = login(city)
    city.clock.set_s(city.clock.now_s() + 3600)
    return error_of(party.redeem(code))


@observed("O-TOK-14", right="200", wrong="401 invalid_client")
def encoded_secret(city: City) -> Any:
    """The answer to a client that encodes every character of its secret."""
    client = city.client("example-service")
    pair = ":".join("".join(f"%{ord(one):02X}" for one in text) for text in (client.client_id, client.secret or ""))
    header = "Basic " + base64.b64encode(pair.encode()).decode()
    return error_of(
        city.call("POST", "/token", "", b"grant_type=client_credentials", content_type=FORM, authorization=header)
    )


@observed("O-TOK-15", right="Basic", wrong="")
def challenge(city: City) -> Any:
    """The scheme that is asked for after a wrong secret."""
    return _wrong_secret(city).headers.get("www-authenticate", "").partition(" ")[0]


@observed("O-TOK-16", right="401 invalid_client", wrong="200")
def any_secret(city: City) -> Any:
    """The answer to a wrong secret."""
    return error_of(_wrong_secret(city))


@observed("O-TOK-17", right="401 invalid-token", wrong="200")
def after_replay(city: City) -> Any:
    """The answer to an access token whose code came again."""
    party, _, code = login(city)
    access_token = party.redeem(code).json["access_token"]
    party.redeem(code)
    return _holds(city, access_token)


@observed("O-TOK-18", right="400 invalid_scope", wrong="200")
def wider_scope(city: City) -> Any:
    """The answer to a refresh that asks for more."""
    party, _, code = login(city, scope=OFFLINE)
    return error_of(party.refresh(party.redeem(code).json["refresh_token"], scope=f"{OFFLINE} disaster.declare"))


def _reuse(city: City) -> list[str]:
    """The first refresh token once and again, then the newest."""
    party, _, code = login(city, scope=OFFLINE)
    first = party.redeem(code).json["refresh_token"]
    answer = party.refresh(first)
    again = party.refresh(first)
    newest = answer.json["refresh_token"]
    return [error_of(answer), error_of(again), error_of(party.refresh(newest))]


@observed("O-TOK-19", right=["200"] + ["400 invalid_grant"] * 2, wrong=["200", "400 invalid_grant", "200"])
def family(city: City) -> Any:
    """The newest refresh token after the first came again."""
    return _reuse(city)


@observed("refresh-not-rotated", right=True, wrong=False)
def rotated(city: City) -> Any:
    """Whether a refresh gives another refresh token."""
    party, _, code = login(city, scope=OFFLINE)
    first = party.redeem(code).json["refresh_token"]
    return bool(party.refresh(first).json["refresh_token"] != first)


@observed("reuse-not-detected", right=["200"] + ["400 invalid_grant"] * 2, wrong=["200", "200", "200"])
def reuse(city: City) -> Any:
    """The first refresh token a second time."""
    return _reuse(city)


@observed("O-TOK-21", right=True, wrong=False)
def same_sub(city: City) -> Any:
    """Whether a refreshed ID token is about the same person."""
    party, _, code = login(city, scope=OFFLINE)
    first = party.redeem(code).json
    second = party.refresh(first["refresh_token"]).json
    return bool(part(first["id_token"])["sub"] == part(second["id_token"])["sub"])


@observed("O-TOK-22", right="400 unsupported_grant_type", wrong="400 invalid_request")
def unknown_grant(city: City) -> Any:
    """The answer to a grant_type that nobody knows."""
    return error_of(party_of(city).post("/token", grant_type="urn:example:unknown"))


@observed("password-grant", right="400 unsupported_grant_type", wrong="200")
def password(city: City) -> Any:
    """The answer to the password grant."""
    return error_of(city.ask_token("citizen-app", grant_type="password", username="c0", password="any"))


@observed("token-response-may-be-cached", right="no-store", wrong=None)
def cache_control(city: City) -> Any:
    """Whether a token response may be kept."""
    return city.ask_token("city-office", grant_type="client_credentials").headers.get("cache-control")


@observed("access-token-lives-a-day", right=3600, wrong=86_400)
def life_s(city: City) -> Any:
    """How long an access token lives."""
    claims = part(tokens(city)["access_token"])
    return claims["exp"] - claims["iat"]


@observed("access-token-typ-jwt", right="at+jwt", wrong="JWT")
def typ(city: City) -> Any:
    """The type of an access token."""
    return part(tokens(city)["access_token"], 0)["typ"]


@observed("details-not-echoed", right=True, wrong=False)
def details(city: City) -> Any:
    """Whether the token response says what was granted beyond scopes."""
    detail = (
        '[{"type": "cityos_consent", "purpose": "personal_service", "datatypes": ["profile.basic"],'
        ' "recipients": ["service:example-service"]}]'
    )
    return "authorization_details" in party_of(city).tokens("c5", authorization_details=detail)


@observed("pending-is-invalid", right="400 authorization_pending", wrong="400 invalid_grant")
def pending(city: City) -> Any:
    """The answer to a device whose person is not ready."""
    kiosk = party_of(city, "example-kiosk")
    device_code = kiosk.post("/device_authorization", scope="openid").json["device_code"]
    return error_of(kiosk.post("/token", grant_type=DEVICE_CODE, device_code=device_code))


@observed("assertion-twice", right=["200", "401 invalid_client"], wrong=["200", "200"])
def assertion(city: City) -> Any:
    """The answers to an assertion that comes twice."""
    party = party_of(city, "example-key-client")
    proof = {"client_assertion": party.assertion(), "grant_type": "client_credentials"}
    return [error_of(party.post("/token", **proof)) for _ in range(2)]


@observed("any-scope", right="400 invalid_scope", wrong="200")
def foreign_scope(city: City) -> Any:
    """The answer to a service that asks for the scope of the city office."""
    return error_of(party_of(city).post("/token", grant_type="client_credentials", scope="disaster.declare"))


@observed("code-with-any-redirect-uri", right="400 invalid_grant", wrong="200")
def other_redirect_uri(city: City) -> Any:
    """The answer to a code that comes with another redirect URI of its client."""
    party, _, code = login(city)
    return error_of(party.redeem(code, redirect_uri=party.client.redirect_uris[1]))


@observed("refresh-token-of-another-client", right="400 invalid_grant", wrong="200")
def other_clients_refresh_token(city: City) -> Any:
    """The answer to another client that has the refresh token."""
    party, _, code = login(city, scope=OFFLINE)
    return error_of(party_of(city, "example-second-service").refresh(party.redeem(code).json["refresh_token"]))


@observed("access-token-without-iat", right=True, wrong=False)
def time_of_issue(city: City) -> Any:
    """Whether an access token says when it was issued."""
    return "iat" in part(tokens(city)["access_token"])


@observed("revoked-by-anybody", right="200", wrong="401 invalid-token")
def revoked_by_another(city: City) -> Any:
    """The answer of UserInfo after another client revoked the token."""
    party, _, code = login(city)
    token = party.redeem(code).json["access_token"]
    assert party_of(city, "example-second-service").post("/revoke", token=token).status == 200
    return _holds(city, token)
