"""Paging: limits, opaque cursors bound to their list, and pages that hold only what the asker may see."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import ApiError, invalid
from reference_api.services import Services

T = TypeVar("T")

DEFAULT_LIMIT, MAX_LIMIT = 100, 500
"""Source: contract C6."""
_SEAL_BYTES = 16
"""Of the HMAC-SHA-256 kept in a cursor. Source: RFC 2104 section 5, at least half of the hash."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which page is asked for: at most ``limit`` items after key ``after`` (None: from the start)."""

    limit: int
    after: Any
    bound_to: str


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items of a page; ``next_key`` is the key of the last one where there are more."""

    items: Sequence[T]
    next_key: Any = None

    def map(self, change: Callable[[T], object]) -> "Page[object]":
        """The same page with changed items."""
        return Page([change(item) for item in self.items], self.next_key)


def read_window(services: Services, call: Call, *filters: str) -> Window:
    """The page that the query asks for; a cursor serves the same client and ``filters`` only.

    Raises:
        ApiError: validation (limit) or invalid-cursor.
    """
    query = call.query()
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise invalid("limit", "range")
    bound_to = "\n".join((call.operation.operation_id, call.token.client_id, call.token.subject or "", *filters))
    cursor = query.get("cursor")
    return Window(int(text), None if cursor is None else _open(services, cursor, bound_to), bound_to)


def page_reply(services: Services, call: Call, window: Window, page: Page[Any]) -> Reply:
    """The page as JSON with its Link header (RFC 8288)."""
    if page.next_key is None:
        return json_reply({"items": page.items, "next_cursor": None})
    cursor = _seal(services, page.next_key, window.bound_to)
    path = call.operation.path.format_map({name: quote(value, safe="") for name, value in call.parameters.items()})
    link = f'<{path}?{urlencode({**call.query(), "cursor": cursor})}>; rel="next"'
    return json_reply({"items": page.items, "next_cursor": cursor}, headers={"link": link})


async def fill(
    window: Window,
    fetch: Callable[[Any, int], Awaitable[list[tuple[Any, ...]]]],
    judge: Callable[[list[tuple[Any, ...]]], Awaitable[list[T | None]]],
) -> Page[T]:
    """Read on until the page is full or the list ends, keeping what ``judge`` does not turn into None.

    ``fetch(after, count)`` gives the next rows, the key first, in ascending order. The page tells nothing of what was
    left out, not even that there was something.
    """
    kept: list[tuple[Any, T]] = []
    after, wanted = window.after, window.limit + 1
    while len(kept) <= window.limit:
        rows = await fetch(after, wanted)
        judged = await judge(rows)
        kept += [(row[0], item) for row, item in zip(rows, judged, strict=True) if item is not None]
        if len(rows) < wanted:
            break
        after, wanted = rows[-1][0], MAX_LIMIT
    items = [item for _, item in kept[: window.limit]]
    return Page(items, kept[window.limit - 1][0] if len(kept) > window.limit else None)


def _seal(services: Services, key: Any, bound_to: str) -> str:
    text = msgspec.json.encode(key)
    return urlsafe_b64encode(_mac(services, text, bound_to) + text).decode("ascii").rstrip("=")


def _open(services: Services, cursor: str, bound_to: str) -> Any:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except ValueError as fault:
        raise ApiError("invalid-cursor") from fault
    mac, text = raw[:_SEAL_BYTES], raw[_SEAL_BYTES:]
    # Two texts may decode to the same bytes; only the one that was given out is taken.
    genuine = hmac.compare_digest(mac, _mac(services, text, bound_to))
    if not genuine or urlsafe_b64encode(raw).decode("ascii").rstrip("=") != cursor:
        raise ApiError("invalid-cursor")
    return msgspec.json.decode(text)


def _mac(services: Services, text: bytes, bound_to: str) -> bytes:
    message = bound_to.encode("utf-8", "surrogatepass") + b"\n" + text
    return hmac.new(services.key.derive("cursor"), message, hashlib.sha256).digest()[:_SEAL_BYTES]
