"""Cookies of the pages: which names are taken."""

from typing import Any

import pytest

from conformance.contract.operations import load_operations
from reference_api.call import Call
from reference_api.pages.cookies import read_cookie, write_cookie
from reference_api.settings import Settings

PUBLIC, LOCAL = Settings(issuer="https://city.example"), Settings()


def call_with(cookie: str) -> Call:
    """A request with that Cookie header."""
    return Call(load_operations()[0], {}, {"cookie": cookie}, "", b"", 0.0)


@pytest.mark.parametrize("settings", [PUBLIC, LOCAL])
@pytest.mark.parametrize("path", ["/", "/interaction/x"])
def test_what_is_written_is_read(settings: Any, path: str) -> None:
    """Over TLS and without, for the whole host and for one path."""
    pair = write_cookie(settings, "session", "value", path=path).partition(";")[0]
    assert read_cookie(settings, call_with(f"a=b; {pair}"), "session", whole_host=path == "/") == "value"


@pytest.mark.parametrize("planted", ["session", "__Secure-session", "__host-session", "__Host-session2"])
def test_neighbouring_hosts_plant_nothing(planted: str) -> None:
    """A name that a neighbouring host can set as well is not taken, wherever it stands (RFC 6265bis 4.1.3.2)."""
    assert read_cookie(PUBLIC, call_with(f"{planted}=evil"), "session") == ""
    assert read_cookie(PUBLIC, call_with(f"{planted}=evil; __Host-session=good"), "session") == "good"
