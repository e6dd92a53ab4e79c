"""Garbling: a city OS whose answers are spoilt, each by a way and at a place that are drawn by a seed.

What is spoilt is drawn by method, path and how often it was asked, so that runs get far into the checks.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from deviant.switches import Answer, DeviantApp, Request
from sandbox_city import small_seed
from serving import listening
from serving import served as over_http
from ward import with_hospital

from conformance.draws import Draws
from reference_api.app import create_app
from reference_api.clock import WallClock
from reference_api.inline import run_inline
from reference_api.seed import load_into
from reference_api.served import served as with_background
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore

Server = Callable[[Request], Awaitable[Answer]]
Spoil = Callable[[Answer, Draws], Answer]

ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    [None],
    [[]],
    {"": {"": []}},
    0,
    -1,
    1.5,
    10**30,
    True,
    "",
    "x",
    "\u0000",
    "\ud800",
    "2027-01-01",
    "2027-01-01T00:00:00",
    "9999-12-31T23:59:59.999999-12:00",
    "0001-01-01T00:00:00+14:00",
    "http://[",
    "http://x:y/",
    "//",
    "a.b.c",
    "e30.e30.",
)
"""What a member becomes: other types, and words that neither dates nor addresses nor tokens can be."""

BODIES = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b'"x"',
    b"0",
    b"true",
    b"NaN",
    b"1e999",
    b"[null]",
    b"[1,[],{}]",
    b"{",
    b'{"a":',
    b"\xff\xfe\x00",
    b'{"a":"\xff"}',
    b"\xef\xbb\xbf{}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"items":' + b"[" * 900 + b"]" * 900 + b"}",
    b"9" * 5000,
    b'{"items":[1e999,NaN,-Infinity]}',
    b'{"access_token":"x","access_token":null}',
)
"""Bodies that stand in the place of a whole answer."""

PAGES = (
    b"<form method=post action='http://[' ><input type=password name=p><button>",
    b"<form><input type=password></form>",
    b"<form method=dialog action='javascript:x()'><input name=user><input type=submit></form>",
    b"<form action=''><select name=a><option selected><button form=zz name=b value=c>",
    b"<form method=post action='//\xff'><input type=password name=\xe3\x81>",
    b"<![CDATA[<form <<<!-- <input type='password'",
    b"<a href='http://['>x</a><form action='mailto:a@b'><input type=hidden name=a value='\x00'><button>ok",
    b"<form>" * 3000,
)
"""Pages with strange forms."""

HEADERS: dict[str, tuple[str, ...]] = {
    "content-type": ("", "text/html", 'application/json; charset="', ";;;", "application/fhir+json;charset=utf-16"),
    "location": ("", "x", "?", "//", "http://[", "http://x:y/", "javascript:alert(1)", "/../..", "http://x:99999/"),
    "etag": ("", "x", 'W/"', '"a", "b"', "*", '"\u00e9"'),
    "cache-control": ("", "=", "max-age=x", "max-age=" + "9" * 5000, 'no-store="'),
    "www-authenticate": ("", "Bearer", 'Bearer error="', "=,=", "Basic realm=x, Bearer a=b c"),
    "date": ("", "x", "Thu, 99 Foo 2027 99:99:99 GMT", "0", "Fri, 31 Dec 9999 23:59:59 -2359"),
    "retry-after": ("x", "-1", "9" * 400, "\u00b2", ""),
    "last-modified": ("", "x", "Thu, 99 Foo 2027 99:99:99 GMT"),
    "link": ("", "<", "<x>; rel", "<http://[>; rel=next", '<>; rel="'),
    "content-encoding": ("gzip", "deflate", "x", "br"),
    "set-cookie": ("", "=", ";;;", "a=b; Expires=x; Max-Age=y; Domain=..", "a=\u00e9"),
    "content-language": ("", "x"),
    "ratelimit": ("", "x", '"a";r=x;t=y'),
    "ratelimit-policy": ("", "x"),
    "idempotency-key": ("x",),
    "deprecation": ("x", "@x"),
    "sunset": ("x",),
}

DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: what holds it, and its key."""
    rows: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in rows:
        yield value, key
        yield from _places(inner)


def _json(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def _in_json(change: Callable[[Any, Draws], None]) -> Spoil:
    """A way that changes a JSON document; other answers stay as they are."""

    def spoil(answer: Answer, draws: Draws) -> Answer:
        found = _json(answer)
        if not isinstance(found, dict | list):
            return answer
        change(found, draws)
        return replace(answer, body=json.dumps(found).encode())

    return spoil


def _some_place(document: Any, draws: Draws) -> tuple[Any, Any] | None:
    """A place; those near the root are drawn as often as those below."""
    places = list(_places(document))
    near = [place for place in places if place[0] is document]
    return draws.choice(draws.choice((near, places))) if places else None


@_in_json
def lose(document: Any, draws: Draws) -> None:
    """A member or an item is gone."""
    if place := _some_place(document, draws):
        del place[0][place[1]]


@_in_json
def lose_everywhere(document: Any, draws: Draws) -> None:
    """A member is gone wherever it stands."""
    names = sorted({key for _, key in _places(document) if isinstance(key, str)})
    name = draws.choice(names) if names else None
    for holder, key in list(_places(document)):
        if key == name:
            holder.pop(key, None)


@_in_json
def become(document: Any, draws: Draws) -> None:
    """A member or an item is something else."""
    if place := _some_place(document, draws):
        place[0][place[1]] = draws.choice(ODD)


@_in_json
def become_everywhere(document: Any, draws: Draws) -> None:
    """A member is something else wherever it stands."""
    names = sorted({key for _, key in _places(document) if isinstance(key, str)})
    name, odd = (draws.choice(names) if names else None), draws.choice(ODD)
    for holder, key in list(_places(document)):
        if key == name and key in holder:
            holder[key] = odd


@_in_json
def turn(document: Any, draws: Draws) -> None:
    """Lists are objects, objects are lists, texts are numbers."""
    if place := _some_place(document, draws):
        holder, key = place
        old = holder[key]
        if isinstance(old, list):
            holder[key] = {str(number): one for number, one in enumerate(old)}
        elif isinstance(old, dict):
            holder[key] = draws.choice(([old], list(old), list(old.values())))
        else:
            holder[key] = draws.choice(([old], {"value": old}, [old, old], str(old)))


@_in_json
def fill(document: Any, draws: Draws) -> None:
    """A list holds items that do not belong there."""
    lists = [holder[key] for holder, key in _places(document) if isinstance(holder[key], list)]
    if lists:
        draws.choice(lists).insert(0, draws.choice(ODD))


@_in_json
def empty(document: Any, draws: Draws) -> None:
    """A list or an object is empty."""
    holders = [holder[key] for holder, key in _places(document) if isinstance(holder[key], list | dict)]
    if holders:
        draws.choice(holders).clear()


def whole(answer: Answer, draws: Draws) -> Answer:
    """The whole body is something else."""
    return replace(answer, body=draws.choice(BODIES))


def page(answer: Answer, draws: Draws) -> Answer:
    """A page has strange forms."""
    return replace(answer, body=draws.choice(PAGES)) if "html" in answer.header("content-type") else answer


def cut(answer: Answer, draws: Draws) -> Answer:
    """The body ends too early."""
    return replace(answer, body=answer.body[: draws.number(len(answer.body) + 1)])


def header_gone(answer: Answer, draws: Draws) -> Answer:
    """A header is missing."""
    names = sorted({name for name, _ in answer.headers})
    return answer.with_header(draws.choice(names), None) if names else answer


def header_odd(answer: Answer, draws: Draws) -> Answer:
    """A header that is there, or any other, says something odd."""
    there = sorted({name for name, _ in answer.headers} & {*HEADERS})
    name = draws.choice(there) if there and draws.number(3) else draws.choice(sorted(HEADERS))
    return answer.with_header(name, draws.choice(HEADERS[name]))


def status(answer: Answer, draws: Draws) -> Answer:
    """The status is another one."""
    shifts = {200: (204, 201, 202, 404, 500), 201: (200, 204, 400), 204: (200, 205), 302: (200, 303, 307), 303: (200,)}
    return replace(answer, status=draws.choice(shifts.get(answer.status, (200, 201, 204, 302, 418, 599))))


WAYS: tuple[Spoil, ...] = (
    lose,
    lose_everywhere,
    become,
    become_everywhere,
    turn,
    fill,
    empty,
    whole,
    page,
    cut,
    header_gone,
    header_odd,
    status,
)
"""All ways of spoiling an answer."""


@dataclass
class Garbler:
    """Spoils one in ``every`` answers while it is ``on``, by ``ways``.

    ``steady``: the same path is always answered in the same spoilt way, as by a server that has a fault.
    ``foreign``: an address of another host, to which addresses in answers are turned.
    """

    seed: int
    every: int = 20
    ways: Sequence[Spoil] = WAYS
    steady: bool = False
    on: bool = False
    foreign: str = ""
    _asked: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def __call__(self, request: Request, server: Server) -> Answer:
        """Answer as the server does, or not quite."""
        answer = await server(request)
        if not self.on or request.method == "HEAD":
            return answer
        key = f"{request.method} {re.sub(r'[^/]*[0-9_-][^/]*', '*', request.path)}"
        with self._lock:
            self._asked[key] += 1
            number = 0 if self.steady else self._asked[key]
        draws = Draws(self.seed, f"{key} {number}")
        if draws.number(self.every):
            return answer
        spoilt = draws.choice(self.ways)(answer, draws)
        return turned(spoilt, self.foreign) if self.foreign else spoilt


def turned(answer: Answer, foreign: str) -> Answer:
    """The answer with its addresses at another host."""
    headers = tuple((name, re.sub(r"^http://127\.0\.0\.1:\d+", foreign, value)) for name, value in answer.headers)
    body = re.sub(rb"http://127\.0\.0\.1:(?!8765)\d+", foreign.encode(), answer.body)
    return replace(answer, headers=headers, body=body)


@contextmanager
def garbled_city(garbler: Garbler) -> Iterator[str]:
    """Address of a sandbox over the small town whose answers go through a garbler."""
    store = SqliteStore(":memory:")
    run_inline(store.open())
    run_inline(load_into(store, with_hospital(small_seed(12)), sandbox=True))
    with listening() as (bound, url):
        app = create_app(Settings(issuer=url, sandbox=True, registration=True), store, WallClock())
        deviant = DeviantApp(app, [garbler], app.services)
        with over_http(with_background(deviant), bound, "on"):  # type: ignore[arg-type]  # passes on
            yield url
