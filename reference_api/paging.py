"""Paging: limits, opaque cursors bound to their list, and pages that hold only what the asker may see."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from reference_api.call import Call, Reply, instant_s, json_reply
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.services import Services

T = TypeVar("T")

DEFAULT_LIMIT, MAX_LIMIT = 100, 500
"""Source: contract C6."""
_KEY_BYTES = 64
"""AES-256-SIV, which needs no number used once. Source: RFC 5297 section 2.2: two keys of 256 bits."""
SETTLING_S = 60.0
"""A write may be noted this long before others can see it; deltas overlap by as much. Source: none; longer than a
request may take. Confidence C."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which page is asked for: at most ``limit`` items after key ``after`` (None: from the start).

    ``began_s`` is when the first page was asked for (Unix seconds).
    """

    limit: int
    after: Any
    bound_to: str
    began_s: float = 0.0


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
    after, began_s = (None, call.now_s) if cursor is None else open_cursor(services, cursor, bound_to)
    return Window(int(text), after, bound_to, began_s)


def page_reply(
    services: Services, call: Call, window: Window, page: Page[Any], members: Mapping[str, object] | None = None
) -> Reply:
    """The page as JSON with its Link header (RFC 8288); ``members`` stand beside the items."""
    cursor, headers = next_page(services, call, window, page)
    return json_reply({"items": page.items, "next_cursor": cursor, **(members or {})}, headers=headers)


def next_page(services: Services, call: Call, window: Window, page: Page[Any]) -> tuple[str | None, dict[str, str]]:
    """Cursor of the next page, None if there is none, and the Link header that leads there (RFC 8288)."""
    if page.next_key is None:
        return None, {}
    cursor = seal_cursor(services, (page.next_key, window.began_s), window.bound_to)
    path = call.operation.path.format_map({name: quote(value, safe="") for name, value in call.parameters.items()})
    return cursor, {"link": f'<{path}?{urlencode({**call.query(), "cursor": cursor})}>; rel="next"'}


def read_since(call: Call) -> float | None:
    """The query's ``updated_since`` as Unix seconds, None where everything is asked for.

    Raises:
        ApiError: validation.
    """
    text = call.query().get("updated_since")
    return None if text is None else instant_s(text, "updated_since")


def as_of(window: Window) -> str:
    """What the client sends as ``updated_since`` next time: some things may come twice, none is missed.

    It is the same on all pages: what changes behind a reader who pages on belongs to the next time.
    """
    return instant(max(0.0, window.began_s - SETTLING_S))


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


def seal_cursor(services: Services, key: Any, bound_to: str) -> str:
    """A cursor that stands for a place in a list, for those only who know what it is ``bound_to``.

    It is encrypted, because a key may be a local ID that the client is not to learn (RFC 5297).
    """
    sealed = _cipher(services).encrypt(msgspec.json.encode(key), [_bytes(bound_to)])
    return urlsafe_b64encode(sealed).decode("ascii").rstrip("=")


def open_cursor(services: Services, cursor: str, bound_to: str) -> Any:
    """The place that a cursor stands for.

    Raises:
        ApiError: invalid-cursor.
    """
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        text = _cipher(services).decrypt(raw, [_bytes(bound_to)])
    except (ValueError, InvalidTag) as fault:
        raise ApiError("invalid-cursor") from fault
    # Two texts may decode to the same bytes; only the one that was given out is taken.
    if urlsafe_b64encode(raw).decode("ascii").rstrip("=") != cursor:
        raise ApiError("invalid-cursor")
    return msgspec.json.decode(text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _cipher(services: Services) -> AESSIV:
    return AESSIV(services.secret.derive("cursor", _KEY_BYTES))
