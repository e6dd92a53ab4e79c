"""The device grant: a kiosk shows a code, a person enters it elsewhere, the kiosk gets its tokens."""

import re
from typing import Any

import pytest
from browser import Browser
from hypothesis import given
from hypothesis import strategies as st
from signing_in import secret_of

from reference_api.oidc.device_codes import ALPHABET, bare_code, shown_code

GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture
def kiosk(party: Any) -> Any:
    """A kiosk of a shelter."""
    return party("example-kiosk")


def codes(kiosk: Any, **form: str) -> Any:
    """What the kiosk is given."""
    answer = kiosk.post("/device_authorization", scope="openid profile", **form)
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json


def poll(kiosk: Any, given_codes: Any) -> Any:
    """The kiosk asks whether the person is ready."""
    return kiosk.post("/token", grant_type=GRANT, device_code=given_codes["device_code"])


def connect(browser: Browser, user_code: str, name: str = "c0") -> Any:
    """The person enters the code, checks it, signs in: up to the consent page."""
    browser.open("/device")
    browser.submit(user_code=user_code)
    assert user_code in browser.view.text
    assert "“Shelter kiosk”" in browser.view.text
    browser.submit()
    return browser.submit("password", name=name, password=secret_of(browser.city))


def test_kiosk_gets_tokens_once(city: Any, kiosk: Any) -> None:
    """Pending until the person has consented; then tokens of that person, and never again for the code."""
    given_codes = codes(kiosk)
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", given_codes["user_code"])
    assert given_codes["verification_uri"] == "http://127.0.0.1:8080/device"
    assert poll(kiosk, given_codes).json["error"] == "authorization_pending"
    browser = Browser(city)
    assert "Consent to sharing" in connect(browser, given_codes["user_code"]).text
    assert "The device is connected" in browser.submit().text
    city.clock.set_s(city.clock.now_s() + 5)
    answer = poll(kiosk, given_codes)
    assert answer.status == 200
    told = city.call("GET", "/userinfo", authorization=f"Bearer {answer.json['access_token']}").json
    assert told["name"] == "𠮷野󠄁 0"
    assert "sid" not in kiosk.claims(answer.json["id_token"])
    assert poll(kiosk, given_codes).json["error"] == "invalid_grant"


def test_signing_out_of_the_phone_leaves_the_kiosk(city: Any, kiosk: Any) -> None:
    """The kiosk's grant is not of the session in which it was approved."""
    given_codes, browser = codes(kiosk), Browser(city)
    connect(browser, given_codes["user_code"])
    browser.submit()
    browser.open("/end_session")
    browser.submit()
    assert poll(kiosk, given_codes).status == 200


def test_refused(city: Any, kiosk: Any) -> None:
    """The person may refuse when checking the code and when asked for consent: access_denied."""
    for steps in (1, 2):
        given_codes, browser = codes(kiosk), Browser(city)
        if steps == 1:
            browser.open(given_codes["verification_uri_complete"])
        else:
            connect(browser, given_codes["user_code"], f"c{steps}")
        assert "not connected" in browser.submit(form=1).text
        assert poll(kiosk, given_codes).json["error"] == "access_denied"


def test_polling_too_fast(city: Any, kiosk: Any) -> None:
    """slow_down adds 5 s to the interval each time; whoever keeps to it hears authorization_pending (RFC 8628 3.5)."""
    given_codes = codes(kiosk)
    heard = []
    for wait_s in (0, 5, 4, 10, 9, 15):
        city.clock.set_s(city.clock.now_s() + wait_s)
        heard.append(poll(kiosk, given_codes).json["error"])
    fine, fast = "authorization_pending", "slow_down"
    assert heard == [fine, fine, fast, fine, fast, fine]


def test_expired(city: Any, kiosk: Any) -> None:
    """After its time the code cannot be entered, and polling tells that it has expired."""
    given_codes, browser = codes(kiosk), Browser(city)
    city.clock.set_s(city.clock.now_s() + given_codes["expires_in"])
    assert poll(kiosk, given_codes).json["error"] == "expired_token"
    assert browser.open(given_codes["verification_uri_complete"]).status == 400


def test_code_of_another_client(city: Any, kiosk: Any, party: Any) -> None:
    """Only the client that asked may redeem; one that did not register the grant type gets no codes."""
    given_codes = codes(kiosk)
    other = party("example-app")
    assert poll(other, given_codes).json["error"] == "unauthorized_client"
    assert other.post("/device_authorization", scope="openid").json["error"] == "unauthorized_client"
    assert kiosk.post("/token", grant_type=GRANT, device_code="x").json["error"] == "invalid_grant"
    assert kiosk.post("/token", grant_type=GRANT).json["error"] == "invalid_request"


def test_link_with_the_code_still_needs_a_check(city: Any, kiosk: Any) -> None:
    """verification_uri_complete shows the code and a warning; nothing is approved by opening it (RFC 8628 5.4)."""
    given_codes, browser = codes(kiosk), Browser(city)
    view = browser.open(given_codes["verification_uri_complete"])
    assert given_codes["user_code"] in view.text
    assert "do not connect it" in view.text
    assert poll(kiosk, given_codes).json["error"] == "authorization_pending"


def test_guessing_codes_is_slowed_down(city: Any, kiosk: Any) -> None:
    """After 60 wrong codes from one address in an hour no code is tried, not even the right one."""
    given_codes, browser = codes(kiosk), Browser(city)
    browser.open("/device")
    for _ in range(60):
        assert browser.submit(user_code="BBBB-BBBB").status == 400
    view = browser.submit(user_code=given_codes["user_code"])
    assert (view.status, "Wait about 60 min" in view.text) == (429, True)
    assert view.header("retry-after") == "3600"


def test_form_from_another_site(city: Any, kiosk: Any) -> None:
    """Without the page's cookie and token nothing is entered, confirmed or refused."""
    given_codes, browser = codes(kiosk), Browser(city)
    for step in ("enter", "confirm", "refuse"):
        fields = {"step": step, "user_code": given_codes["user_code"], "csrf": "x"}
        assert browser.post("/device", fields).status == 403
    assert poll(kiosk, given_codes).json["error"] == "authorization_pending"


WIDE = str.maketrans({letter: chr(ord(letter) - ord("A") + ord("Ａ")) for letter in ALPHABET})


@given(
    code=st.text(ALPHABET, min_size=8, max_size=8),
    noise=st.sampled_from(["", "-", " ", "・", "ー"]),
    way=st.sampled_from([str.lower, str.upper, lambda text: text.translate(WIDE)]),
)
def test_codes_are_read_as_people_write_them(code: str, noise: str, way: Any) -> None:
    """Case, width and punctuation do not matter: what is shown reads back as the same letters."""
    assert bare_code(noise.join(way(shown_code(code)))) == code


@pytest.mark.parametrize("step", ["enter", "confirm", "refuse"])
def test_guesses_by_every_button_are_counted(city: Any, kiosk: Any, step: str) -> None:
    """60 wrong codes an hour, by whichever button; then the right one is not taken either (RFC 8628 5.1)."""
    waiting, browser = codes(kiosk), Browser(city)
    browser.open("/device")
    token = browser.view.forms[0].named("csrf")[0].value
    for number in range(60):
        guess = "".join(ALPHABET[int(digit)] for digit in f"{number:08}")
        browser.post("/device", {"csrf": token, "step": step, "user_code": guess})
        assert browser.view.status == 400
    assert browser.post("/device", {"csrf": token, "step": step, "user_code": waiting["user_code"]}).status == 429
    assert int(browser.view.header("retry-after")) == 3600
    assert poll(kiosk, waiting).json["error"] == "authorization_pending"


def test_a_wrong_resource_does_not_use_up_the_code(city: Any, kiosk: Any) -> None:
    """A kiosk that asks for a resource nobody knows may ask again (RFC 8707 2.2)."""
    waiting, browser = codes(kiosk), Browser(city)
    connect(browser, waiting["user_code"])
    browser.submit()
    form = {"grant_type": GRANT, "device_code": waiting["device_code"]}
    assert kiosk.post("/token", **form, resource="https://elsewhere.example").json["error"] == "invalid_target"
    assert poll(kiosk, waiting).status == 200
