"""Signing out: sends a person's browser to the end_session_endpoint, and confirms where that is asked."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from conformance.oidc.browser import Arrival, Browser, Callback, Stop
from conformance.oidc.login import Login
from conformance.oidc.pages import Page
from conformance.oidc.relying_party import RelyingParty
from conformance.outcomes import NeedsReview

QUESTIONS = 3
"""Pages on which a person confirms that they sign out; more is a loop. Confidence C."""


def ask_to_sign_out(rp: RelyingParty, browser: Browser, asked: Mapping[str, Any], method: str = "GET") -> Arrival:
    """Send a logout request; pages are not passed. None leaves a parameter out. Source: RP-Initiated Logout 1.0 2."""
    url = rp.endpoint("end_session_endpoint")
    sent = {name: str(value) for name, value in asked.items() if value is not None}
    if method == "POST":
        return browser.post(url, sent, _ends(rp, sent))
    return browser.open(url + (("&" if "?" in url else "?") + urlencode(sent) if sent else ""), _ends(rp, sent))


def sign_out(rp: RelyingParty, browser: Browser, asked: Mapping[str, Any], method: str = "GET") -> Arrival:
    """Send a logout request, and agree where the person is asked, until the browser is somewhere for good.

    A page that asks for a password, or nothing that leads on, is where the person has been signed out.
    """
    arrival = ask_to_sign_out(rp, browser, asked, method)
    login = Login(rp.target.plan.login)
    ends = _ends(rp, {name: str(value) for name, value in asked.items()})
    for _ in range(QUESTIONS):
        if isinstance(arrival, Callback | Stop) or not _asks(arrival):
            break
        try:
            arrival = login.agree(browser, arrival, ends)
        except NeedsReview:
            break
    return arrival


def _asks(page: Page) -> bool:
    """Whether a page asks to confirm: a form that is sent by POST and wants no password."""
    return page.sign_in_form is None and any(form.method == "POST" for form in page.forms)


def _ends(rp: RelyingParty, asked: Mapping[str, str]) -> tuple[str, ...]:
    named = asked.get("post_logout_redirect_uri", "")
    return tuple(filter(None, dict.fromkeys((*rp.client.post_logout_redirect_uris, named))))
