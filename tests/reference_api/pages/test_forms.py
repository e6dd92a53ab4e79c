"""Forms and cookies of the pages: what is ours, and what only looks so."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.operations import Operation
from reference_api.call import Call
from reference_api.errors import ApiError
from reference_api.handlers import own_route
from reference_api.pages.cookies import read_cookie, write_cookie
from reference_api.pages.forms import first, form_token, is_own_form, read_form, sealed, unsealed
from reference_api.server_secret import ServerSecret
from reference_api.settings import Settings

PLAIN = Settings()
SECURE = Settings("https://city.example/op")
SERVICES: Any = SimpleNamespace(secret=ServerSecret("s" * 40), settings=SECURE)
OPERATION: Operation = own_route("POST", "/x")


def call(body: bytes = b"", **headers: str) -> Call:
    """A request with some headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(OPERATION, {}, {"content-type": "application/x-www-form-urlencoded", **names}, "", body, 0.0)


def test_cookies_over_tls_are_bound_to_the_host() -> None:
    """With https the browser itself refuses a cookie from another host or over plain HTTP (prefixes of RFC 6265bis)."""
    assert write_cookie(SECURE, "a", "v") == "__Host-a=v; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert write_cookie(SECURE, "a", "v", path="/x", max_age_s=5) == (
        "__Secure-a=v; Path=/x; HttpOnly; SameSite=Lax; Secure; Max-Age=5"
    )
    assert write_cookie(PLAIN, "a", "v") == "a=v; Path=/; HttpOnly; SameSite=Lax"
    assert read_cookie(SECURE, call(cookie="a=evil; x=y; __Host-a=v"), "a") == "v"
    assert read_cookie(SECURE, call(cookie="a=evil"), "a") == ""
    assert read_cookie(PLAIN, call(cookie="b=1; a=v=w"), "a") == "v=w"


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"origin": "null", "sec_fetch_site": "same-origin"}, True),
        ({"origin": "https://city.example"}, True),
        ({"origin": "https://city.example:444"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null", "sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"origin": "https://alias.example", "host": "alias.example"}, True),
    ],
)
def test_own_form(headers: dict[str, str], own: bool) -> None:  # noqa: FBT001 - a table's column
    """The right token is not enough where the browser names another site; a wrong one never is."""
    token = form_token(SERVICES, "a", "b")
    assert is_own_form(SERVICES, call(**headers), {"csrf": [token]}, token) is own
    for wrong in ({}, {"csrf": [""]}, {"csrf": [token[:-1]]}, {"csrf": [form_token(SERVICES, "a", "c")]}):
        assert not is_own_form(SERVICES, call(**headers), wrong, token)


@given(st.lists(st.text(max_size=5), min_size=2, max_size=2), st.lists(st.text(max_size=5), min_size=2, max_size=2))
def test_tokens_are_bound(one: list[str], other: list[str]) -> None:
    """Tokens are the same exactly where what they are bound to is."""
    same = one == other or "\0".join(one) == "\0".join(other)
    assert (form_token(SERVICES, *one) == form_token(SERVICES, *other)) == same


@given(text=st.text(max_size=50), purpose=st.sampled_from("ab"), at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_seals(text: str, purpose: str, at: int, flip: int) -> None:
    """A sealed text opens for its purpose only, and not when anything of it was changed."""
    value = sealed(SERVICES, purpose, text)
    assert unsealed(SERVICES, purpose, value) == text
    assert unsealed(SERVICES, "other", value) is None
    raw = bytearray(value.encode())
    raw[at % len(raw)] ^= flip
    changed = raw.decode("latin-1")
    assert unsealed(SERVICES, purpose, changed) in (None, text)


@given(st.text(max_size=80))
def test_anything_may_be_shown_as_a_seal(value: str) -> None:
    """What was never sealed opens to nothing."""
    assert unsealed(SERVICES, "a", value) is None


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    """A body is a form or a malformed request, whatever its bytes."""
    try:
        form = read_form(call(body))
    except ApiError as fault:
        problem = fault.problem
    else:
        problem = "malformed-request" if not isinstance(first(form, "x"), str) else "none"
    assert problem in ("malformed-request", "none")


def test_only_forms_are_read() -> None:
    """Another media type is refused."""
    with pytest.raises(ApiError, match="unsupported-media-type"):
        read_form(call(b"a=b", content_type="text/plain"))
