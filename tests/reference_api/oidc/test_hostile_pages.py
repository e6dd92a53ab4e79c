"""Hostile input to the pages: whatever is sent, a person sees a page, and nobody is signed in by it."""

from typing import Any

import pytest
from browser import Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from signing_in import ask

FIELDS = """
csrf step name password method account user_code return item0-agree lang id_token_hint client_id state
post_logout_redirect_uri logout_hint ui_locales
"""
WORDS = """
sign_in choose consent refuse cancel enter confirm sign_out stay same other password card c0 BBBB-BBBB example-service
http://127.0.0.1:8765/signed-out a.b.c ja en xx * {} %00
"""
VALUES = st.sampled_from(WORDS.split()) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FORMS = st.dictionaries(st.sampled_from(FIELDS.split()), VALUES, max_size=6)


@pytest.mark.parametrize("path", ["interaction", "/device", "/sign-out", "/end_session"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=FORMS)
def test_every_form_is_answered_by_a_page(city: Any, party: Any, path: str, form: dict[str, str]) -> None:
    """A page, a redirect to the client, or a refusal; the token of the form alone never suffices to sign in."""
    browser = Browser(city)
    ask(browser, party())
    own = browser.view.forms[0]
    if path == "interaction":
        path, form = own.action, {"csrf": own.named("csrf")[0].value, **form}
    view = browser.post(path, form)
    assert view.status in (200, 303, 400, 403, 429), view.text
    assert view.status == 303 or view.header("content-type") == "text/html; charset=utf-8"
    assert city.rows("SELECT count(*) FROM auth_session") == [(0,)]


@pytest.mark.parametrize("path", ["/interaction/x", "/device", "/sign-out", "/end_session"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60), kind=st.sampled_from(["application/x-www-form-urlencoded", "text/plain", ""]))
def test_every_body_is_answered_by_a_page(city: Any, path: str, body: bytes, kind: str) -> None:
    """Bytes that are no form: a page that says so."""
    view = Browser(city).send("POST", path, body, {"content-type": kind})
    assert view.status in (200, 400, 403, 415)
    assert view.header("content-type") == "text/html; charset=utf-8"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cookie=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60), language=st.text(max_size=20))
def test_any_cookie_and_language(city: Any, party: Any, cookie: str, language: str) -> None:
    """What a browser says of itself never fails the page."""
    headers = {"cookie": cookie, "accept-language": language.encode("ascii", "replace").decode()}
    for path in ("/device", "/end_session", "/interaction/x", "/device?user_code=" + cookie.replace("#", "")):
        view = Browser(city).send("GET", path.replace(" ", "%20"), b"", headers)
        assert view.status in (200, 400, 429), view.text
