"""Signing in as a made-up person of a sandbox, through its pages."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from browser import Browser


def secret_of(city: Any) -> str:
    """The sandbox's one password, as its discovery document tells it."""
    return str(city.call("GET", "/.well-known/city-os").json["sandbox"]["sign_in"]["password"])


def told(view: Any) -> dict[str, str]:
    """What a redirect to a client carries."""
    assert view.status == 303, view.text
    assert not view.link.startswith("http://127.0.0.1:8080"), view.link
    return dict(parse_qsl(urlsplit(view.link).query))


def ask(browser: Browser, party: Any, **changed: Any) -> Any:
    """Open the client's authorization request."""
    asked = {"scope": "openid profile", **changed}
    return browser.open("/authorize?" + urlencode(party.parameters(**asked)))


def sign_in(browser: Browser, name: str = "c0", method: str = "password") -> Any:
    """Fill the sign-in page that is shown."""
    return browser.submit(method, name=name, password=secret_of(browser.city))


def agree(browser: Browser, party: Any, name: str = "c0", **changed: Any) -> Any:
    """Up to the consent page."""
    ask(browser, party, **changed)
    return sign_in(browser, name)


def log_in(browser: Browser, party: Any, name: str = "c0", **changed: Any) -> dict[str, str]:
    """A whole login: sign in, and consent to everything as it is shown where that is asked."""
    view = agree(browser, party, name, **changed)
    return told(view if view.status == 303 else browser.submit())
