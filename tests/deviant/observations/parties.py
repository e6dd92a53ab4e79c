"""What observations of the authorization server have in common: a client, a browser, the tokens of a login."""

import base64
import json
from typing import Any

from browser import Browser
from relying_party import Party, party_of
from sandbox_city import City
from signing_in import ask, log_in, told


def error_of(answer: Any) -> str:
    """Status, and the error that is told if there is one, for example ``400 invalid_grant``."""
    try:
        error = answer.json.get("error") or answer.json["type"].rpartition("/")[2]
    except (ValueError, KeyError, AttributeError):
        return str(answer.status)
    return f"{answer.status} {error}"


def login(city: City, name: str = "c0", client: str = "example-service", **changed: Any) -> tuple[Party, Browser, str]:
    """A client, the browser in which a person signed in and agreed, and the code."""
    party, browser = party_of(city, client), Browser(city)
    return party, browser, log_in(browser, party, name, **changed)["code"]


def tokens(city: City, name: str = "c0", client: str = "example-service", **changed: Any) -> dict[str, Any]:
    """What the token endpoint gives after a login."""
    party, _, code = login(city, name, client, **changed)
    return dict(party.redeem(code).json)


def part(token: str, place: int = 1) -> dict[str, Any]:
    """Payload of a JWT, or its header (place 0), unverified."""
    text = token.split(".")[place]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def again(browser: Browser, party: Party, **changed: Any) -> str:
    """What an authorization request gets in a browser with a session: error, code, or a page."""
    view = ask(browser, party, **changed)
    if view.status != 303:
        return f"page {view.status}"
    said = told(view)
    return said.get("error", "code" if "code" in said else "nothing")
