"""Header fields in several lines: a list is one list, and what may stand once is refused when it stands twice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stores import Drive

from reference_api.errors import ApiError
from reference_api.header_fields import SINGLE, combined


def _raw(app: Any, drive: Drive, path: str, *fields: tuple[bytes, bytes]) -> tuple[int, bytes]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": list(fields)}
    drive(app(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_two_tokens_are_refused(city: Any) -> None:
    """Whichever would have counted: a proxy in front may have looked at the other one (RFC 6750 section 2)."""
    own, other = (b"Bearer " + city.token(who).encode() for who in ("c0", "c1"))
    fields = [(b"authorization", own), (b"authorization", other)]
    assert _raw(city.app, city.opened.drive, "/v1/users/c0", *fields)[0] == 400
    assert _raw(city.app, city.opened.drive, "/v1/users/c0", *fields[:1])[0] == 200


def test_lists_in_two_lines_are_one_list(city: Any) -> None:
    """An ETag in the first of two lines is found as in the last."""
    etag = city.call("GET", "/v1/shelters").headers["etag"].encode()
    for lines in ((etag, b'"other"'), (b'"other"', etag)):
        fields = [(b"if-none-match", line) for line in lines]
        assert _raw(city.app, city.opened.drive, "/v1/shelters", *fields) == (304, b"")


@given(st.lists(st.sampled_from(["a", "b", "cookie"]), max_size=6))
def test_every_line_is_kept_in_order(names: list[str]) -> None:
    """Nothing is lost; cookies are joined as cookies are."""
    found = combined((name.encode(), str(place).encode()) for place, name in enumerate(names))
    for name, value in found.items():
        wanted = [str(place) for place, one in enumerate(names) if one == name]
        assert value.split("; " if name == "cookie" else ", ") == wanted


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_single_fields_stand_once(name: str) -> None:
    """Twice is a fault, also if both say the same."""
    with pytest.raises(ApiError, match=name):
        combined([(name.encode(), b"x")] * 2)
