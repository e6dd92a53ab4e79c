"""Observations of UserInfo, introspection, revocation, subjects and logout."""

from typing import Any
from urllib.parse import parse_qs, urlencode

from browser import Browser
from deviant.observations.parties import again, error_of, login, part, tokens
from deviant.observing import observed
from relying_party import FORM
from sandbox_city import City

AFTER = "http://127.0.0.1:8765/signed-out"
OFFLINE = "openid profile offline_access"


def _userinfo(city: City, token: str, method: str = "GET") -> Any:
    return city.call(method, "/userinfo", authorization=f"Bearer {token}")


def _claims(city: City, scope: str) -> dict[str, Any]:
    return dict(_userinfo(city, tokens(city, scope=scope)["access_token"]).json)


@observed("O-UI-01", right=True, wrong=False)
def same_sub(city: City) -> Any:
    """Whether UserInfo and ID token are about the same person."""
    got = tokens(city)
    return bool(_userinfo(city, got["access_token"]).json["sub"] == part(got["id_token"])["sub"])


@observed("O-UI-02", right=False, wrong="false")
def email_verified(city: City) -> Any:
    """What is said of the address being verified."""
    return _claims(city, "openid email")["email_verified"]


@observed("O-UI-04", right="401 invalid-token", wrong="400 invalid-token")
def invalid_token(city: City) -> Any:
    """The answer to a token that is none."""
    return f"{_userinfo(city, 'x.y.z').status} {_userinfo(city, 'x.y.z').json['type'].rpartition('/')[2]}"


@observed("O-UI-05", right={"sub"}, wrong={"sub", "address"})
def openid_only(city: City) -> Any:
    """Which of two claims are told with scope openid alone."""
    return {"sub", "address"} & set(_claims(city, "openid"))


@observed("userinfo-ignores-consent", right=(True, False), wrong=(True, True))
def after_withdrawal(city: City) -> Any:
    """Whether the name is told, before and after the person withdrew the consent of the login."""
    token = tokens(city, scope="openid profile")["access_token"]
    before = "name" in _userinfo(city, token).json
    for one in city.everything("/v1/consents", "c0"):
        city.call("POST", f"/v1/consents/{one['record_id']}/withdrawal", "c0", {})
    return before, "name" in _userinfo(city, token).json


@observed("O-UI-06", right=({"formatted": "町0"}, "1950-02-03", "int"), wrong=("町0", "1950/1/1", "str"))
def types(city: City) -> Any:
    """Address, date of birth, and type of the time of the last change."""
    told = _claims(city, "openid profile address")
    return told["address"], told["birthdate"], type(told["updated_at"]).__name__


@observed("O-UI-07", right=200, wrong=405)
def by_post(city: City) -> Any:
    """The answer to UserInfo by POST."""
    return _userinfo(city, tokens(city)["access_token"], "POST").status


@observed("full-birthdate-in-tourism", right={"birth_year"}, wrong={"birth_year", "birthdate"})
def tourism(city: City) -> Any:
    """What a tourist guide is told of a person's age."""
    got = tokens(city, client="example-tourism", scope="openid tourism.profile")
    return {"birth_year", "birthdate"} & set(_userinfo(city, got["access_token"]).json)


@observed("same-sub-in-every-sector", right=2, wrong=1)
def subs(city: City) -> Any:
    """By how many names two services know a person."""
    services = ("example-service", "example-second-service")
    return len({part(tokens(city, client=name)["id_token"])["sub"] for name in services})


@observed("O-REV-02", right="200", wrong="400 invalid_request")
def revoke_unknown(city: City) -> Any:
    """The answer to the revocation of a token that nobody knows."""
    return error_of(login(city)[0].post("/revoke", token="unknown"))


@observed("revoked-token-still-works", right="401 invalid-token", wrong="200")
def revoked(city: City) -> Any:
    """The answer to a revoked token."""
    party, _, code = login(city)
    token = party.redeem(code).json["access_token"]
    assert party.post("/revoke", token=token).status == 200
    return error_of(_userinfo(city, token))


@observed("wrong-aud-accepted", right="401 invalid-token", wrong="200")
def other_audience(city: City) -> Any:
    """The answer of the API to a token that is meant for the FHIR server."""
    token = city.new_token("city-office", resource="http://127.0.0.1:8080/fhir")
    return error_of(city.call("GET", "/v1/check-ins?shelter=S0", authorization=f"Bearer {token}"))


@observed("O-INT-01", right="401 invalid_client", wrong="200")
def introspection(city: City) -> Any:
    """The answer to an introspection by nobody."""
    body = urlencode({"token": tokens(city)["access_token"]}).encode()
    return error_of(city.call("POST", "/introspect", "", body, content_type=FORM))


def _introspected_later(city: City) -> Any:
    party, _, code = login(city)
    token = party.redeem(code).json["access_token"]
    city.clock.set_s(city.clock.now_s() + 3700)
    return party.post("/introspect", token=token).json


@observed("expired-is-active", right=False, wrong=True)
def expired(city: City) -> Any:
    """Whether an expired token is said to hold."""
    return _introspected_later(city)["active"]


@observed("inactive-with-reason", right={"active": False}, wrong={"active": False, "reason": "expired"})
def inactive(city: City) -> Any:
    """All that is said of an expired token."""
    return _introspected_later(city)


def _signed_out(city: City, **changed: str | None) -> tuple[Any, Browser, Any]:
    """A client whose person signed out by it: the client, the browser, and its tokens."""
    party, browser, code = login(city, scope=OFFLINE)
    got = party.redeem(code).json
    asked = {"id_token_hint": got["id_token"], "post_logout_redirect_uri": AFTER, "state": "s-9", **changed}
    query = urlencode({name: value for name, value in asked.items() if value is not None})
    browser.open("/end_session?" + query)
    return party, browser, got


@observed("O-LGO-01", right="", wrong="https://evil.example/?state=s-9")
def open_redirect(city: City) -> Any:
    """Where a person is sent after a logout with an address that is not registered."""
    _, browser, _ = _signed_out(city, post_logout_redirect_uri="https://evil.example/")
    return browser.view.link


@observed("O-LGO-02", right="login_required", wrong="code")
def session(city: City) -> Any:
    """The answer to prompt=none after a logout."""
    party, browser, _ = _signed_out(city)
    return again(browser, party, prompt="none", scope=OFFLINE)


@observed("O-LGO-03", right=AFTER + "?state=s-9", wrong=AFTER)
def state(city: City) -> Any:
    """Where a person is sent after a logout."""
    return _signed_out(city)[1].view.link


@observed("O-LGO-05", right=[200, 303], wrong=[400, 400])
def without_parameters(city: City) -> Any:
    """The answers to a logout without parameters, and to one without state."""
    return [Browser(city).open("/end_session").status, _signed_out(city, state=None)[1].view.status]


@observed("O-LGO-06", right="400 invalid_grant", wrong="200")
def refresh(city: City) -> Any:
    """The answer to a refresh token after the logout."""
    party, _, got = _signed_out(city)
    return error_of(party.refresh(got["refresh_token"]))


def _logout_tokens(city: City) -> list[dict[str, Any]]:
    """The logout tokens that are on their way to clients."""
    _signed_out(city)
    bodies = city.rows("SELECT body FROM outbox WHERE kind = 'back-channel-logout'")
    return [part(parse_qs(body)["logout_token"][0]) for (body,) in bodies]


@observed("O-BCL-02", right=1, wrong=0)
def sent(city: City) -> Any:
    """How many clients are told of a logout."""
    return len(_logout_tokens(city))


@observed("back-channel-token-with-nonce", right=[False], wrong=[True])
def nonce(city: City) -> Any:
    """Whether a logout token has a nonce."""
    return ["nonce" in claims for claims in _logout_tokens(city)]


@observed("challenge-without-metadata", right=True, wrong=False)
def pointer(city: City) -> Any:
    """Whether a 401 says where the metadata are."""
    return "resource_metadata=" in city.call("GET", "/v1/check-ins").headers["www-authenticate"]
