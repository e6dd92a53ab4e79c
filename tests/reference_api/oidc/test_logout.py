"""Signing out: who is asked, where the browser goes, which tokens end, which clients are told."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlencode

import pytest
from browser import Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signing_in import ask, log_in, told

from reference_api.oidc.credentials import set_password

AFTER = "http://127.0.0.1:8765/signed-out"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def signed_in(city: Any, service: Any, **changed: Any) -> tuple[Browser, dict[str, Any]]:
    """A browser with a session, and the client's tokens."""
    browser = Browser(city)
    return browser, dict(service.redeem(log_in(browser, service, **changed)["code"]).json)


def log(browser: Browser, service: Any, **changed: Any) -> Any:
    """A login in a browser that has a session: only the consent is asked."""
    ask(browser, service, **changed)
    return browser.submit()


def sign_out(browser: Browser, method: str = "GET", **parameters: str) -> Any:
    """The client sends the browser to the end_session_endpoint."""
    if method == "POST":
        return browser.post("/end_session", parameters, **{"sec-fetch-site": "cross-site"})
    return browser.open("/end_session?" + urlencode(parameters))


def sessions(city: Any) -> int:
    """How many sessions hold."""
    return int(city.rows("SELECT count(*) FROM auth_session WHERE ended_at_s IS NULL")[0][0])


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("state", ["s 1&", None])
def test_with_an_id_token_nobody_is_asked(city: Any, party: Any, method: str, state: str | None) -> None:
    """An ID token of the session, expired or not: signed out, back to the client with its state (OIDC-020, 022)."""
    service = party()
    browser, got = signed_in(city, service)
    city.clock.set_s(city.clock.now_s() + 2 * 3600)
    parameters = {"id_token_hint": got["id_token"], "post_logout_redirect_uri": AFTER}
    view = sign_out(browser, method, **parameters, **({} if state is None else {"state": state}))
    assert told(view) == ({} if state is None else {"state": state})
    assert view.link.partition("?")[0] == AFTER
    assert sessions(city) == 0
    assert ("session", "/") not in browser.jar
    assert told(ask(browser, service, prompt="none"))["error"] == "login_required"


def modified(token: str) -> str:
    """The token as one without signature."""
    header, payload, _ = token.split(".")
    whole = json.loads(base64.urlsafe_b64decode(header + "=="))
    return base64.urlsafe_b64encode(json.dumps({**whole, "alg": "none"}).encode()).decode().rstrip("=") + f".{payload}."


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"state": "only"},
        {"post_logout_redirect_uri": AFTER},
        {"id_token_hint": "{modified}", "post_logout_redirect_uri": AFTER},
        {"id_token_hint": "x.y.z", "client_id": "example-service", "post_logout_redirect_uri": AFTER},
        {"id_token_hint": "{token}", "client_id": "example-app", "post_logout_redirect_uri": AFTER},
        {"id_token_hint": "{token}", "post_logout_redirect_uri": AFTER + "?foo=bar"},
        {"id_token_hint": "{token}", "post_logout_redirect_uri": "https://evil.example/"},
        {"client_id": "nobody", "post_logout_redirect_uri": AFTER},
    ],
)
def test_without_one_the_person_is_asked_and_stays_here(city: Any, party: Any, sent: dict[str, str]) -> None:
    """Without a good ID token, or with an address that is not registered: a question, and no way out of our pages."""
    browser, got = signed_in(city, party())
    tokens = {"token": got["id_token"], "modified": modified(got["id_token"])}
    view = sign_out(browser, **{name: value.format(**tokens) for name, value in sent.items()})
    assert "Do you want to sign out" in view.text
    assert sessions(city) == 1
    view = browser.submit()
    assert (view.status, "You are signed out" in view.text) == (200, True)
    assert sessions(city) == 0


def test_client_id_alone_needs_a_yes(city: Any, party: Any) -> None:
    """A client that names itself and a registered address: the person is asked, and then goes back to it."""
    browser, _ = signed_in(city, party())
    parameters = {"client_id": "example-service", "post_logout_redirect_uri": AFTER, "state": "s-9"}
    view = sign_out(browser, **parameters)
    assert "“Example service” asks to sign you out" in view.text
    assert view.header("content-security-policy").endswith("form-action 'self' http://127.0.0.1:8765")
    assert "still signed in" in browser.submit(form=1).text
    assert sessions(city) == 1
    sign_out(browser, **parameters)
    assert told(browser.submit()) == {"state": "s-9"}


def test_id_token_of_another_session(city: Any, party: Any) -> None:
    """An ID token of the same person's other session is no proof: the person is asked."""
    service = party()
    _, elsewhere = signed_in(city, service)
    browser, _ = signed_in(city, service)
    assert "Do you want" in sign_out(browser, id_token_hint=elsewhere["id_token"]).text
    assert sessions(city) == 2


def test_nobody_signed_in(city: Any, party: Any) -> None:
    """Without a session there is nothing to ask: a page that says so, or back where the client may send people."""
    browser = Browser(city)
    assert "You are signed out" in sign_out(browser).text
    assert sign_out(browser, post_logout_redirect_uri=AFTER).status == 200
    assert told(sign_out(browser, client_id="example-service", post_logout_redirect_uri=AFTER)) == {}


def test_tokens_of_the_session_end(city: Any, party: Any) -> None:
    """Access and refresh tokens of the session end with it, those with offline_access too (O-LGO-06)."""
    service = party()
    browser, online = signed_in(city, service, scope="openid profile")
    view = log(browser, service, scope="openid profile offline_access")
    offline = dict(service.redeem(told(view)["code"]).json)
    sign_out(browser, id_token_hint=online["id_token"])
    assert city.call("GET", "/userinfo", authorization=f"Bearer {online['access_token']}").status == 401
    assert city.call("GET", "/userinfo", authorization=f"Bearer {offline['access_token']}").status == 401
    assert service.refresh(offline["refresh_token"]).json["error"] == "invalid_grant"


def test_clients_of_the_session_are_told(city: Any, party: Any) -> None:
    """Each client with a registered URI gets a logout token of its own: claims of BCL 2.4, no nonce (OIDC-021)."""
    service, second = party(), party("example-second-service")
    browser, got = signed_in(city, service)
    told(log(browser, second))
    sign_out(browser, id_token_hint=got["id_token"])
    rows = city.rows("SELECT kind, url, media_type, body FROM outbox WHERE kind = 'back-channel-logout'")
    assert [row[1] for row in rows] == ["http://127.0.0.1:8765/backchannel-logout"]
    token = parse_qs(rows[0][3])["logout_token"][0]
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    claims, before = service.claims(token), service.claims(got["id_token"])
    assert (rows[0][2], header["typ"]) == ("application/x-www-form-urlencoded", "logout+jwt")
    assert set(claims) == {"iss", "aud", "iat", "exp", "jti", "sub", "sid", "events"}
    assert claims["events"] == {EVENT: {}}
    assert [claims[name] for name in ("iss", "aud", "sub", "sid")] == [
        before[name] for name in ("iss", "aud", "sub", "sid")
    ]
    assert 0 < claims["exp"] - claims["iat"] <= 120


def test_session_has_another_name_for_each_client(city: Any, party: Any) -> None:
    """Two services cannot join a person by the sid of the session that they share."""
    service, second = party(), party("example-second-service")
    browser, got = signed_in(city, service)
    other = second.redeem(told(log(browser, second))["code"]).json
    assert service.claims(got["id_token"])["sid"] != second.claims(other["id_token"])["sid"]


def test_seal_of_a_form_is_needed(city: Any, party: Any) -> None:
    """The address behind the redirect takes only what this server sealed."""
    browser, _ = signed_in(city, party())
    for text in ("", "x", base64.urlsafe_b64encode(b"x" * 32 + b'{"uri":"https://evil.example"}').decode()):
        assert browser.open("/sign-out?" + urlencode({"return": text})).status == 400
    assert sessions(city) == 1


def test_question_cannot_be_answered_from_elsewhere(city: Any, party: Any) -> None:
    """A form of another site, a changed return address or none at all: nobody is signed out, nobody is sent away."""
    browser, _ = signed_in(city, party())
    form = sign_out(browser, client_id="example-service").forms[0]
    sent = {one.name: one.value for one in form.fields if one.kind == "input"}
    for fields, headers in (
        (sent, {"origin": "https://evil.example"}),
        ({**sent, "csrf": "x"}, {}),
        ({**sent, "return": base64.urlsafe_b64encode(b"x" * 32 + b'{"uri":"https://evil.example"}').decode()}, {}),
        ({**sent, "return": "?"}, {}),
    ):
        assert browser.post(form.action, fields, **headers).status in (200, 400)
        assert sessions(city) == 1


@given(uri=st.text(max_size=60) | st.sampled_from([AFTER + "/", AFTER.upper(), AFTER + "#", "//evil.example"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_open_redirect(city: Any, party: Any, uri: str) -> None:
    """Whatever else stands as post_logout_redirect_uri, the browser stays on our pages."""
    parameters = {"client_id": "example-service", "post_logout_redirect_uri": uri}
    view = Browser(city).open("/end_session?" + urlencode(parameters, errors="surrogatepass"))
    assert uri == AFTER or not view.link


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("lost", ["closed", "ran out"])
def test_a_lost_session_leaves_the_client_nothing(city: Any, party: Any, method: str, lost: str) -> None:
    """A tablet whose browser was closed, or left for a day: the client that asks with its ID token has no token left.

    What another client got in that session is not its to end.
    """
    service, other = party(), party("example-second-service")
    asked = {"scope": "openid profile offline_access"}
    browser, got = signed_in(city, service, **asked)
    others = other.redeem(told(log(browser, other, **asked))["code"]).json
    if lost == "closed":
        browser.jar.clear()
    else:
        city.clock.set_s(city.clock.now_s() + 13 * 3600)
    view = sign_out(browser, method, id_token_hint=got["id_token"], post_logout_redirect_uri=AFTER)
    assert view.link == AFTER
    assert service.refresh(got["refresh_token"]).json["error"] == "invalid_grant"
    assert other.refresh(others["refresh_token"]).status == 200


def test_another_persons_lost_session_is_left_alone(city: Any, party: Any) -> None:
    """An ID token ends what was granted in its own session only."""
    service = party()
    asked = {"scope": "openid profile offline_access"}
    (_, first), (_, second) = signed_in(city, service, **asked), signed_in(city, service, **asked)
    sign_out(Browser(city), id_token_hint=first["id_token"])
    assert service.refresh(first["refresh_token"]).json["error"] == "invalid_grant"
    assert service.refresh(second["refresh_token"]).status == 200


def test_a_new_password_signs_out_everywhere(city: Any, party: Any) -> None:
    """Whoever signed in with the password before has no session and no token left; other people keep theirs."""
    service = party()
    asked = {"scope": "openid profile offline_access"}
    browser, got = signed_in(city, service, **asked)
    _, others = signed_in(city, service, name="c1", **asked)
    city.opened.drive(set_password(city.app.services, "c0", "a new one"))
    assert told(ask(browser, service, prompt="none"))["error"] == "login_required"
    assert not city.opens_userinfo(got["access_token"])
    assert service.refresh(got["refresh_token"]).json["error"] == "invalid_grant"
    assert service.refresh(others["refresh_token"]).status == 200
