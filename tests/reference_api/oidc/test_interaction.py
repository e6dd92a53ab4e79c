"""Signing in and consenting with a browser that runs no scripts."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from browser import Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signing_in import agree, ask, log_in, secret_of, sign_in, told

from reference_api.oidc import interaction
from reference_api.oidc.session_end import end_session
from reference_api.oidc.sessions import read_session

CALLBACK = "http://127.0.0.1:8765/callback"
CARD = "urn:citytwin:acr:card"
PASSWORD = "urn:citytwin:acr:password"
DETAIL = {
    "type": "cityos_consent",
    "purpose": "disaster_support",
    "datatypes": ["profile.basic", "location", "safety"],
    "recipients": ["municipality", "family"],
    "modes": ["drill", "disaster"],
}


def test_login_gives_a_code_for_the_person(city: Any, party: Any) -> None:
    """Sign in, consent, and the client redeems a code whose ID token tells how and when that was."""
    service, browser = party(), Browser(city)
    ask(browser, service)
    assert "Sign in to use “Example service”." in browser.view.text
    sign_in(browser)
    assert "Consent to sharing your data" in browser.view.text
    assert "These data are given to this service only" in browser.view.text
    answer = told(browser.submit())
    assert (answer["state"], answer["iss"]) == ("s-1", "http://127.0.0.1:8080")
    claims = service.claims(service.redeem(answer["code"]).json["id_token"])
    assert (claims["acr"], claims["amr"], claims["nonce"]) == (PASSWORD, ["pwd"], "n-1")
    assert claims["auth_time"] == int(city.clock.now_s())


def test_second_login_asks_nothing(city: Any, party: Any) -> None:
    """While the session holds, the same request is answered at once, and in another browser the sign-in suffices."""
    service, browser = party(), Browser(city)
    log_in(browser, service)
    assert "code" in told(ask(browser, service))
    other = Browser(city)
    ask(other, service)
    assert "code" in told(sign_in(other))


def test_more_scopes_are_asked_for_again(city: Any, party: Any) -> None:
    """A remembered agreement covers its own scopes and fewer, not more."""
    service, browser = party(), Browser(city)
    log_in(browser, service)
    assert "code" in told(ask(browser, service, scope="openid"))
    assert "Consent" in ask(browser, service, scope="openid profile email").text
    browser.submit()
    assert "code" in told(ask(browser, service, scope="openid email"))
    phone = json.dumps({"userinfo": {"phone_number": None}})
    assert "Phone number" in ask(browser, service, scope="openid email", claims=phone).text


@pytest.mark.parametrize(
    ("changed", "later_s", "error"),
    [
        ({"prompt": "none"}, 0, None),
        ({"prompt": "none", "max_age": "3600"}, 3600, None),
        ({"prompt": "none", "max_age": "3600"}, 3601, "login_required"),
        ({"prompt": "none", "max_age": "0"}, 0, "login_required"),
        ({"prompt": "none", "scope": "openid profile email"}, 0, "consent_required"),
        ({"prompt": "none", "acr_values": CARD}, 0, "interaction_required"),
        ({"prompt": "none", "acr_values": PASSWORD}, 0, None),
        ({"prompt": "none", "acr_values": "urn:example:unheard"}, 0, None),
        ({"prompt": "none", "login_hint": "c1"}, 0, None),
        ({"prompt": "none", "login_hint": "nobody"}, 0, None),
        ({"prompt": "none", "login_hint": "c0"}, 0, None),
        ({"prompt": "none", "login_hint": "0@EXAMPLE.jp"}, 0, None),
        ({"prompt": "none"}, 12 * 3600, "login_required"),
        ({"prompt": "none", "claims": json.dumps({"id_token": {"acr": {"essential": True, "values": ["x"]}}})}, 0,
         "unmet_authentication_requirements"),
    ],
)  # fmt: skip
def test_prompt_none(city: Any, party: Any, changed: dict[str, str], later_s: float, error: str | None) -> None:
    """With prompt none nobody is asked: a code, or the error that names what would have to be asked."""
    service, browser = party(), Browser(city)
    log_in(browser, service)
    city.clock.set_s(city.clock.now_s() + later_s)
    answer = told(ask(browser, service, **changed))
    assert answer.get("error") == error
    assert ("code" in answer) == (error is None)


def test_prompt_none_without_a_session(city: Any, party: Any) -> None:
    """Nobody signed in: login_required, by GET and by a form of another site alike."""
    service, browser = party(), Browser(city)
    assert told(ask(browser, service, prompt="none"))["error"] == "login_required"
    view = browser.post("/authorize", service.parameters(prompt="none"), **{"sec-fetch-site": "cross-site"})
    assert told(view)["error"] == "login_required"


def test_request_by_a_form_of_another_site_finds_the_session(city: Any, party: Any) -> None:
    """A cross-site POST carries no cookies (SameSite); the session is found after a redirect."""
    service, browser = party(), Browser(city)
    log_in(browser, service)
    asked = service.parameters(scope="openid profile", prompt="none")
    assert "code" in told(browser.post("/authorize", asked, **{"sec-fetch-site": "cross-site"}))


def test_prompt_login_signs_in_again(city: Any, party: Any) -> None:
    """prompt=login asks for the password although the session holds, and auth_time moves on (also with max_age)."""
    service, browser = party(), Browser(city)
    before = service.claims(service.redeem(log_in(browser, service)["code"]).json["id_token"])
    city.clock.set_s(city.clock.now_s() + 100)
    for changed in ({"prompt": "login"}, {"max_age": "10"}):
        assert "asks you to sign in once more" in ask(browser, service, **changed).text
        after = service.claims(service.redeem(told(sign_in(browser))["code"]).json["id_token"])
        assert after["auth_time"] == int(city.clock.now_s()) > before["auth_time"]
        assert after["sid"] == before["sid"]
        city.clock.set_s(city.clock.now_s() + 100)


def test_slow_consent_does_not_age_the_sign_in(city: Any, party: Any) -> None:
    """max_age is judged when the person signs in for the request, not when they have read what they consent to."""
    service, browser = party(), Browser(city)
    ask(browser, service, max_age="10")
    sign_in(browser)
    city.clock.set_s(city.clock.now_s() + 600)
    assert "code" in told(browser.submit())


def test_prompt_consent_asks_again_and_renews(city: Any, party: Any) -> None:
    """prompt=consent shows the page although everything was agreed to; the same consent stays one record."""
    service, browser = party(), Browser(city)
    log_in(browser, service)
    count = "SELECT count(*) FROM consent WHERE client_id = 'example-service'"
    assert city.rows(count) == [(1,)]
    assert "Consent to sharing" in ask(browser, service, prompt="consent").text
    told(browser.submit())
    assert city.rows(count) == [(1,)]
    assert city.rows("SELECT state FROM consent WHERE client_id = 'example-service'") == [("renewed",)]


def test_select_account(city: Any, party: Any) -> None:
    """prompt=select_account shows who is signed in; the person goes on, or becomes somebody else."""
    service, browser = party(), Browser(city)
    before = service.claims(service.redeem(log_in(browser, service)["code"]).json["id_token"])
    assert "Choose an account" in ask(browser, service, prompt="select_account").text
    assert "Continue as 𠮷野󠄁 0" in browser.view.text
    assert "code" in told(browser.submit("same"))
    ask(browser, service, prompt="select_account")
    browser.submit("other")
    sign_in(browser, "c1")
    claims = service.claims(service.redeem(told(browser.submit())["code"]).json["id_token"])
    assert claims["sub"] != before["sub"]


def test_another_person_at_the_consent_page(city: Any, party: Any) -> None:
    """Whoever finds somebody else's session on a shared device signs in as themselves from the consent page."""
    service, browser = party(), Browser(city)
    ask(browser, service)
    sign_in(browser)
    browser.submit("other", form=2)
    assert "You are signed in as 𠮷野󠄁 1" in sign_in(browser, "c1").text


def test_becoming_somebody_else_ends_the_other_session(city: Any, party: Any) -> None:
    """On a shared device the next person's sign-in ends the session of the one before."""
    service, browser = party(), Browser(city)
    log_in(browser, service)
    ask(browser, service, prompt="login")
    sign_in(browser, "c1")
    assert city.rows("SELECT sub FROM auth_session WHERE ended_at_s IS NULL") == [("c1",)]


def test_id_token_hint_of_somebody_else(city: Any, party: Any) -> None:
    """A hint that names another person: login_required without a question, and after somebody else signed in."""
    service, browser = party(), Browser(city)
    token = service.redeem(log_in(browser, service)["code"]).json["id_token"]
    assert "code" in told(ask(browser, service, prompt="none", id_token_hint=token))
    other = Browser(city)
    log_in(other, service, "c1")
    assert told(ask(other, service, prompt="none", id_token_hint=token))["error"] == "login_required"
    ask(other, service, id_token_hint=token)
    assert told(sign_in(other, "c1"))["error"] == "login_required"


def test_card_is_demanded(city: Any, party: Any) -> None:
    """acr_values with the card class, or an essential acr claim, offer the card alone; the token tells the class."""
    service, browser = party(), Browser(city)
    log_in(browser, service)
    essential = json.dumps({"id_token": {"acr": {"essential": True, "values": [CARD]}}})
    for changed in ({"acr_values": f"{CARD} {PASSWORD}"}, {"claims": essential, "prompt": "login"}):
        assert "needs you to sign in with your My Number card" in ask(browser, service, **changed).text
        assert not [one for one in browser.view.forms[0].fields if one.value == "password"]
        claims = service.claims(service.redeem(told(sign_in(browser, method="card"))["code"]).json["id_token"])
        assert (claims["acr"], claims["amr"]) == (CARD, ["mfa", "pin", "sc"])
    assert "code" in told(ask(browser, service, prompt="none", acr_values=CARD))


@pytest.mark.parametrize("page", ["sign_in", "account", "consent"])
def test_refusing(city: Any, party: Any, page: str) -> None:
    """On every page the person can go back: access_denied with the state and who answers."""
    service, browser = party(), Browser(city)
    if page == "account":
        log_in(browser, service)
        ask(browser, service, prompt="select_account")
    else:
        ask(browser, service)
    if page == "consent":
        sign_in(browser)
    answer = told(browser.submit(form=1))
    assert answer == {"error": "access_denied", "state": "s-1", "iss": "http://127.0.0.1:8080"}


def test_login_hint_is_filled_in_as_text(city: Any, party: Any) -> None:
    """The login hint stands in the field; markup in it stays text."""
    browser = Browser(city)
    hint = '"><script>alert(1)</script>@example.jp'
    ask(browser, party(), login_hint=hint)
    assert browser.view.forms[0].named("name")[0].value == hint
    assert not browser.view.tagged("script")


@pytest.mark.parametrize(
    ("name", "password", "messages"),
    [
        ("", "x", ["Enter your ID or e-mail address"]),
        ("c0", "", ["Enter your password"]),
        ("", "", ["Enter your ID or e-mail address", "Enter your password"]),
        ("c0", "wrong", ["is not right"]),
        ("nobody", "wrong", ["is not right"]),
        ("c0\0", "wrong", ["is not right"]),
        ("c" * 300, "wrong", ["is not right"]),
    ],
)
def test_sign_in_that_fails(city: Any, party: Any, name: str, password: str, messages: list[str]) -> None:
    """What is wrong stands in a summary and at its field; what was typed stays, except the password."""
    browser = Browser(city)
    ask(browser, party())
    view = browser.submit("password", name=name, password=password)
    assert view.status == 400
    assert all(message in view.text for message in messages)
    assert [one for one in view.tagged("div") if one.get("role") == "alert"]
    assert view.forms[0].named("name")[0].value == name
    assert view.forms[0].named("password")[0].value == ""
    assert "Error: Sign in" in view.text


def test_failures_in_a_row_are_slowed_down(city: Any, party: Any) -> None:
    """After five failures the sixth guess is not tried, right or wrong; known and unknown names are told the same."""
    service = party()
    answers = {}
    for name in ("c0", "nobody"):
        browser = Browser(city)
        ask(browser, service)
        for _ in range(5):
            assert browser.submit("password", name=name, password="wrong").status == 400
        view = sign_in(browser, name)
        answers[name] = (view.status, view.header("retry-after"), view.text)
    assert answers["c0"] == answers["nobody"]
    assert answers["c0"][:2] == (429, "30")
    city.clock.set_s(city.clock.now_s() + 31)
    ask(browser, service)
    assert "Consent" in sign_in(browser, "c0").text


def test_pages_in_both_languages(city: Any, party: Any) -> None:
    """ui_locales before Accept-Language, and the link on the page before both; it holds on the next page too."""
    service = party()
    browser = Browser(city, language="ja")
    assert "サインイン" in ask(browser, service).text
    assert browser.view.tagged("html") == [{"lang": "ja"}]
    ask(browser, service, ui_locales="fr en-US")
    assert browser.view.tagged("html") == [{"lang": "en"}]
    switch = next(one["href"] for one in browser.view.tagged("a") if one.get("hreflang") == "ja")
    browser.open(switch)
    assert "「見本サービス」を使うには" in browser.view.text
    sign_in(browser)
    assert "情報の提供への同意" in browser.view.text


def test_form_from_another_site_does_nothing(city: Any, party: Any) -> None:
    """Right token but another site, another origin or a wrong token: the page comes again, nobody is signed in."""
    service, browser = party(), Browser(city)
    ask(browser, service)
    form = browser.view.forms[0]
    sent = {one.name: one.value for one in form.fields if one.kind == "input"}
    sent |= {"name": "c0", "password": secret_of(city), "method": "password"}
    for fields, headers in (
        (sent, {"sec-fetch-site": "same-site"}),
        (sent, {"origin": "https://evil.example"}),
        ({**sent, "csrf": "0" * 64}, {}),
        ({**sent, "csrf": "\ud800".encode("utf-8", "surrogatepass")}, {}),
        ({name: value for name, value in sent.items() if name != "csrf"}, {}),
    ):
        view = browser.post(form.action, fields, **headers)
        assert view.status in (400, 403)
    assert city.rows("SELECT count(*) FROM auth_session") == [(0,)]
    assert "Consent" in browser.post(form.action, sent).text


def test_consent_of_another_session_does_not_count(city: Any, party: Any) -> None:
    """A consent page of one person cannot be sent in the session of the next one at the same browser."""
    service, browser = party(), Browser(city)
    ask(browser, service)
    sign_in(browser)
    old = browser.view
    ask(browser, service)
    browser.submit(form=1)
    ask(browser, service, prompt="login")
    sign_in(browser, "c1")
    browser.view = old
    assert browser.submit().status == 403
    assert "You are signed in as 𠮷野󠄁 1" in browser.view.text
    assert city.rows("SELECT count(*) FROM consent WHERE client_id = 'example-service'") == [(0,)]


def test_interaction_belongs_to_its_browser(city: Any, party: Any) -> None:
    """Whoever has the address of an interaction but not its cookie sees that it cannot go on, and changes nothing."""
    service, browser, thief = party(), Browser(city), Browser(city)
    ask(browser, service)
    address = browser.view.url
    action = browser.view.forms[0]
    assert thief.open(address).status == 400
    sent = {one.name: one.value for one in action.fields if one.kind == "input"}
    assert thief.post(address, sent).status == 400
    assert "Sign in" in browser.open(address).text
    city.clock.set_s(city.clock.now_s() + 1800)
    assert browser.open(address).status == 400


def test_session_cookie_is_new_at_each_sign_in(city: Any, party: Any) -> None:
    """A cookie that somebody planted never becomes a session, and a session's name changes when its person signs in."""
    service, browser = party(), Browser(city)
    browser.jar["session", "/"] = "planted"
    log_in(browser, service)
    first = browser.jar["session", "/"]
    assert first != "planted"
    ask(browser, service, prompt="login")
    sign_in(browser)
    assert browser.jar["session", "/"] not in (first, "planted")
    stolen = Browser(city)
    stolen.jar["session", "/"] = first
    assert told(ask(stolen, service, prompt="none"))["error"] == "login_required"


def test_button_pressed_twice(city: Any, party: Any) -> None:
    """The second of two clicks gets a code as well: the browser shows only its answer. A little later it is over."""
    service, browser = party(), Browser(city)
    ask(browser, service)
    sign_in(browser)
    page = browser.view
    told(browser.submit())
    browser.view = page
    assert service.redeem(told(browser.submit())["code"]).status == 200
    assert city.rows("SELECT count(*) FROM consent WHERE client_id = 'example-service'") == [(1,)]
    city.clock.set_s(city.clock.now_s() + 60)
    browser.view = page
    assert browser.submit().status == 400


def test_pages_cannot_be_framed_or_scripted(city: Any, party: Any) -> None:
    """Each page: no scripts, no framing, no caching, no referrer, and forms that lead to us or to the client only."""
    service, browser = party(), Browser(city)
    views = [ask(browser, service), sign_in(browser), browser.open("/device"), browser.open("/interaction/x")]
    for view in views:
        policy = view.header("content-security-policy")
        assert policy.startswith("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
        assert view.header("x-frame-options") == "DENY"
        assert view.header("cache-control") == "no-store"
        assert view.header("referrer-policy") == "no-referrer"
        assert not view.tagged("script")
        assert not [one for _, one in view.reader.tags if any(name.startswith("on") or name == "style" for name in one)]
    assert views[0].header("content-security-policy").endswith("form-action 'self' http://127.0.0.1:8765")


def test_details_are_narrowed(city: Any, party: Any) -> None:
    """What is unticked is not granted: token response, consent record and grant hold the rest."""
    service, browser = party(), Browser(city)
    ask(browser, service, authorization_details=json.dumps([DETAIL]))
    sign_in(browser)
    assert "Name, sex, date of birth, address" in browser.view.text
    assert "In a disaster the law allows some data to be given without your consent" in browser.view.text
    answer = told(
        browser.submit(
            tick={"item0-agree": ["yes"], "item0-category": ["safety"], "item0-recipient": ["family"]},
        )
    )
    granted = service.redeem(answer["code"]).json["authorization_details"]
    record = city.rows("SELECT record_id, categories, recipients, modes, subject FROM consent WHERE purpose ="
                       " 'disaster_support' AND client_id = 'example-service'")  # fmt: skip
    assert record == [(granted[0]["consent_id"], "safety", "family", "drill disaster", "c0")]
    assert (granted[0]["datatypes"], granted[0]["recipients"]) == (["safety"], ["family"])


def test_details_need_a_tick(city: Any, party: Any) -> None:
    """Nothing is ticked beforehand; agreeing to nothing, or to an item without anything in it, is asked again."""
    service, browser = party(), Browser(city)
    ask(browser, service, authorization_details=json.dumps([DETAIL]))
    sign_in(browser)
    view = browser.submit()
    assert (view.status, "Tick the items you consent to" in view.text) == (400, True)
    view = browser.submit(tick={"item0-agree": ["yes"], "item0-category": []})
    assert (view.status, "choose at least one" in view.text) == (400, True)
    assert "code" in told(browser.submit(tick={"item0-category": ["location"]}))


def test_one_of_two_details(city: Any, party: Any) -> None:
    """Items are agreed to one by one."""
    service, browser = party(), Browser(city)
    other = {**DETAIL, "purpose": "personal_service", "datatypes": ["profile.contact"], "modes": ["normal"],
             "recipients": ["service:example-service"]}  # fmt: skip
    ask(browser, service, authorization_details=json.dumps([DETAIL, other]))
    sign_in(browser)
    assert "Example service" in browser.view.text
    granted = service.redeem(told(browser.submit(tick={"item1-agree": ["yes"]}))["code"]).json["authorization_details"]
    assert [one["purpose"] for one in granted] == ["personal_service"]


def test_withdrawn_consent_is_asked_for_again(city: Any, party: Any) -> None:
    """What was agreed to is remembered only while every consent made of it holds."""
    service, browser = party(), Browser(city)
    changed = {"authorization_details": json.dumps([DETAIL])}
    ask(browser, service, **changed)
    sign_in(browser)
    told(browser.submit(tick={"item0-agree": ["yes"]}))
    assert "code" in told(ask(browser, service, **changed))

    async def withdraw() -> None:
        async with city.store.transaction():
            await city.store.run("UPDATE consent SET state = 'withdrawn' WHERE client_id = 'example-service'")

    city.opened.drive(withdraw())
    assert "Consent to sharing" in ask(browser, service, **changed).text
    assert "Consent to sharing" in ask(browser, service).text


NEARLY = (
    f"{CALLBACK}/", f"{CALLBACK}?x=1", f"{CALLBACK}#a", "//evil.example", "https://evil.example", "javascript:alert(1)",
    CALLBACK.replace("127.0.0.1", "127.0.0.1.evil.example"), CALLBACK.replace("//", "//evil.example@"),
    CALLBACK.upper(), f" {CALLBACK}", CALLBACK + "%0d%0aSet-Cookie:x=1",
)  # fmt: skip


@given(redirect=st.text(min_size=1, max_size=60) | st.sampled_from(NEARLY))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_is_sent_where_the_client_did_not_say(city: Any, party: Any, redirect: str) -> None:
    """Whatever else stands as redirect_uri, the browser stays on a page of ours with status 400 (no open redirect)."""
    service = party()
    if redirect in service.client.redirect_uris:
        return
    browser = Browser(city)
    url = "/authorize?" + urlencode({**service.parameters(), "redirect_uri": redirect}, errors="surrogatepass")
    view = browser.open(url)
    assert view.status in (400, 422), view.link
    assert not view.link


@pytest.mark.parametrize("client_id", ["example-app", "example-city-app"])
@pytest.mark.parametrize("place", [0, 1])
def test_apps_that_anybody_can_name_are_asked_about_each_time(
    city: Any, party: Any, client_id: str, place: int
) -> None:
    """Another program on the device gets nothing by naming an app that the person agreed to (RFC 8252 8.6)."""
    app, browser = party(client_id), Browser(city)
    asked = {"scope": "openid", "redirect_uri": app.client.redirect_uris[place]}
    log_in(browser, app, **asked)
    assert told(ask(browser, app, prompt="none", **asked))["error"] == "consent_required"
    view = ask(browser, app, **asked)
    assert "Consent to sharing" in view.text
    assert "code" in told(browser.submit())


def test_a_consent_given_while_the_session_ends_is_worth_nothing(
    city: Any, party: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person signs out in another window at the very moment: the code that still goes out gives no tokens."""
    service, browser = party(), Browser(city)
    agree(browser, service)
    record = interaction.record_agreement

    async def overtaken(services: Any, call: Any, *rest: Any) -> Any:
        session = await read_session(services, call)
        assert session is not None
        await end_session(services, session.sid, call.now_s)
        return await record(services, call, *rest)

    monkeypatch.setattr(interaction, "record_agreement", overtaken)
    assert service.redeem(told(browser.submit())["code"]).json["error"] == "invalid_grant"
