"""Faults of the REST contract: errors, headers, paging, idempotency, texts and times."""

import hashlib
import itertools
import json
import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from deviant.switches import Answer, Bench, Request, fault

from reference_api.call import Reply

WRITES = ("POST", "PUT", "PATCH")
LISTS = ("/v1/check-ins",)
EVERYTHING = 500
CONSTANT = '"1"'
_OFFSET = re.compile(rb'("\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|[+-]\d\d:\d\d)"')
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
Server = Callable[[Request], Awaitable[Answer]]


def _is_api(request: Request) -> bool:
    return request.path.startswith("/v1/")


def _answers_with(bench: Bench, name: str, value: str | None, statuses: range = range(100, 600)) -> None:
    """Set a header of answers with some statuses, where there is one; None leaves it out."""

    def change(_: Request, answer: Answer) -> Answer:
        concerned = answer.status in statuses and answer.header(name)
        return answer.with_header(name, value) if concerned else answer

    bench.answers(change)


def _problems(bench: Bench, change: Callable[[Answer], Answer]) -> None:
    """Alter answers that are problems."""

    def altered(_: Request, answer: Answer) -> Answer:
        told = answer.header("content-type") == "application/problem+json" and answer.body
        return change(answer) if told else answer

    bench.answers(altered)


def _json(bench: Bench, change: Callable[[Any], Any]) -> None:
    """Alter the JSON that the API answers."""

    def altered(request: Request, answer: Answer) -> Answer:
        data = _is_api(request) and request.path != "/v1/openapi.json" and answer.body
        concerned = data and answer.status < 300 and "json" in answer.header("content-type")
        return answer.with_json(change(answer.json)) if concerned else answer

    bench.answers(altered)


def _walk(value: Any, change: Callable[[str, Any], Any]) -> Any:
    """The value with every member changed by its name."""
    if isinstance(value, dict):
        return {name: change(name, _walk(member, change)) for name, member in value.items()}
    return [_walk(member, change) for member in value] if isinstance(value, list) else value


@fault("R-01", breaks=["REST-021", "REST-038"])
def fails_on_surrogates(bench: Bench) -> None:
    """A lone surrogate in the body is answered with 500 and a traceback."""

    async def wire(request: Request, server: Server) -> Answer:
        if rb"\ud8" in request.body:
            text = b"Traceback (most recent call last):\n  UnicodeEncodeError"
            return Answer(500, (("content-type", "text/plain"),), text)
        return await server(request)

    bench.wire(wire)


@fault("R-03", breaks=["REST-022"])
def no_location(bench: Bench) -> None:
    """A 201 comes without Location."""
    _answers_with(bench, "location", None, range(201, 202))


@fault("R-05", breaks=["REST-001"])
def html_errors(bench: Bench) -> None:
    """Errors are pages in HTML."""
    page = b"<html><body><h1>Error</h1></body></html>"
    _problems(bench, lambda answer: replace(answer, body=page).with_header("content-type", "text/html"))


@fault("problem-without-type", breaks=["REST-001"])
def untyped_problems(bench: Bench) -> None:
    """Problems have no type."""

    def change(answer: Answer) -> Answer:
        return answer.with_json({name: value for name, value in answer.json.items() if name != "type"})

    _problems(bench, change)


@fault("R-06", breaks=["REST-003"])
def any_content_type(bench: Bench) -> None:
    """A wrong Content-Type is accepted."""

    def change(request: Request) -> Request:
        concerned = _is_api(request) and request.method in WRITES
        return request.with_header("content-type", "application/json") if concerned else request

    bench.requests(change)


@fault("any-accept", breaks=["REST-003"])
def any_accept(bench: Bench) -> None:
    """An Accept that cannot be met is answered as if it were not there."""

    async def wire(request: Request, server: Server) -> Answer:
        answer = await server(request)
        return await server(request.with_header("accept", None)) if answer.status == 406 else answer

    bench.wire(wire)


@fault("R-08", breaks=["REST-023", "REST-017"])
def deleted_is_readable(bench: Bench) -> None:
    """A deleted shelter can still be read."""
    bench.sql("SELECT deleted_at_s FROM shelter", "SELECT NULL FROM shelter")


def _seal(request: Request, number: int, *, raw: bool) -> str:
    """A cursor that holds a number: as it is, or with a mark that only this asker's list gives."""
    secret = f"{request.path} {request.header('authorization')} {number}"
    return str(number) if raw else f"{number}-{hashlib.sha256(secret.encode()).hexdigest()[:16]}"


def _opened(request: Request, cursor: str, *, raw: bool) -> int | None:
    """The number in a cursor; None where the cursor was not given to this asker."""
    digits = cursor.partition("-")[0]
    right = digits.isdigit() and _seal(request, int(digits), raw=raw) == cursor
    return int(digits) if right else None


def _paging_by_number(
    bench: Bench, *, newest_first: bool = False, overlap: int = 0, raw: bool = False, from_end: bool = False
) -> None:
    """Pages whose cursor is the number of items before, or of those that are left."""

    async def wire(request: Request, server: Server) -> Answer:
        query = dict(parse_qsl(urlsplit(request.url).query))
        size, cursor = query.pop("limit", "100"), query.pop("cursor", None)
        plain = size.isdigit() and 1 <= int(size) <= EVERYTHING
        if request.path not in LISTS or request.method != "GET" or not plain:
            return await server(request)
        at = 0 if cursor is None else _opened(request, cursor, raw=raw)
        if at is None:
            return await server(request)
        answer = await server(replace(request, url=f"{request.path}?{urlencode({**query, 'limit': EVERYTHING})}"))
        if answer.status != 200:
            return answer
        items = answer.json["items"][:: -1 if newest_first else 1]
        start = max(0, len(items) - at) if from_end and cursor is not None else at
        repeated = overlap if int(size) > overlap else 0
        end = start + int(size) - repeated
        number = len(items) - end if from_end else end
        following = _seal(request, number, raw=raw) if end + repeated < len(items) else None
        page = answer.with_json({**answer.json, "items": items[start : start + int(size)], "next_cursor": following})
        further = urlencode({**query, "limit": size, "cursor": following})
        return page.with_header("link", f'<{request.path}?{further}>; rel="next"' if following else None)

    bench.wire(wire)


@fault("R-09", breaks=["REST-024"])
def paging_shifts(bench: Bench) -> None:
    """Paging repeats an item when a record is inserted meanwhile."""
    _paging_by_number(bench, newest_first=True)


@fault("lost-item-on-insert", breaks=["REST-024"])
def paging_loses(bench: Bench) -> None:
    """Paging skips an item when a record is inserted meanwhile: the cursor is the number of items that are left."""
    _paging_by_number(bench, from_end=True)


@fault("page-dup-at-boundary", breaks=["REST-008"])
def paging_repeats(bench: Bench) -> None:
    """The last item of a page is the first of the next one as well."""
    _paging_by_number(bench, overlap=1)


@fault("cursor-raw-offset", breaks=["REST-009"])
def cursor_is_a_number(bench: Bench) -> None:
    """The cursor is the number of items before, and any number is taken."""
    _paging_by_number(bench, raw=True)


@fault("R-10", breaks=["REST-007"])
def key_ignored(bench: Bench) -> None:
    """The Idempotency-Key is ignored: what is said twice is done twice."""
    numbers = itertools.count()

    def change(request: Request) -> Request:
        fresh = f"ignored-{next(numbers)}"
        return request.with_header("idempotency-key", fresh) if request.header("idempotency-key") else request

    bench.requests(change)


@fault("key-missing-accepted", breaks=["REST-007"])
def key_not_demanded(bench: Bench) -> None:
    """A request without the Idempotency-Key that it needs is accepted."""
    numbers = itertools.count()

    def change(request: Request) -> Request:
        missing = request.method == "POST" and not request.header("idempotency-key")
        return request.with_header("idempotency-key", f"made-up-{next(numbers)}") if missing else request

    bench.requests(change)


@fault("key-reuse-returns-first-result", breaks=["REST-007"])
def key_reused(bench: Bench) -> None:
    """Another request with a used Idempotency-Key gets the first one's result."""

    def wrong(row: tuple[Any, ...], _: str) -> Reply:
        headers = {} if row[2] is None else {"location": str(row[2])}
        return Reply(status=row[1], body=str(row[3]).encode(), headers=headers)

    bench.patch("reference_api.idempotency._replay", wrong)


@fault("R-11", breaks=["REST-014"])
def local_times(bench: Bench) -> None:
    """Times carry no offset."""

    def change(request: Request, answer: Answer) -> Answer:
        return replace(answer, body=_OFFSET.sub(rb'\1"', answer.body)) if _is_api(request) else answer

    bench.answers(change)


@fault("R-12", breaks=["REST-026"])
def latitude_first(bench: Bench) -> None:
    """Coordinates are latitude, longitude."""

    def swapped(name: str, value: Any) -> Any:
        return value[::-1] if name == "coordinates" and not isinstance(value[0], list) else value

    _json(bench, lambda body: _walk(body, swapped))


@fault("R-13", breaks=["REST-012"])
def names_folded(bench: Bench) -> None:
    """Names are folded by NFKC, variation selectors and supplementary characters are damaged."""

    def folded(value: Any) -> Any:
        text = _VARIATION.sub("", unicodedata.normalize("NFKC", json.dumps(value, ensure_ascii=False)))
        return json.loads("".join(one if ord(one) < 0x10000 else "〓" for one in text))

    _json(bench, folded)


@fault("bom-before-json", breaks=["REST-012"])
def byte_order_mark(bench: Bench) -> None:
    """A byte order mark stands before JSON."""

    def change(request: Request, answer: Answer) -> Answer:
        concerned = _is_api(request) and "json" in answer.header("content-type")
        return replace(answer, body=b"\xef\xbb\xbf" + answer.body) if concerned else answer

    bench.answers(change)


@fault("R-14", breaks=["REST-027"])
def no_retry_after(bench: Bench) -> None:
    """A 429 or 503 comes without Retry-After."""
    _answers_with(bench, "retry-after", None)


@fault("ratelimit-old-triple-headers", breaks=["REST-015"])
def old_rate_limit(bench: Bench) -> None:
    """Quotas are told by three headers of an old draft."""

    def change(_: Request, answer: Answer) -> Answer:
        if not answer.header("ratelimit"):
            return answer
        answer = answer.with_header("ratelimit", None).with_header("ratelimit-policy", None)
        for name in ("limit", "remaining", "reset"):
            answer = answer.with_header(f"ratelimit-{name}", "60")
        return answer

    bench.answers(change)


@fault("etag-constant", breaks=["REST-005"])
def constant_etag(bench: Bench) -> None:
    """The ETag is the same whatever the content is."""

    def change(request: Request) -> Request:
        for name in ("if-match", "if-none-match"):
            if request.header(name) == CONSTANT:
                request = request.with_header(name, "*")
        return request

    def told(request: Request, answer: Answer) -> Answer:
        concerned = _is_api(request) and answer.header("etag")
        return answer.with_header("etag", CONSTANT) if concerned else answer

    bench.requests(change)
    bench.answers(told)


@fault("if-match-ignored", breaks=["REST-006"])
def if_match_ignored(bench: Bench) -> None:
    """Changes are made whatever If-Match says."""

    def change(request: Request) -> Request:
        concerned = _is_api(request) and request.method in ("PUT", "PATCH", "DELETE")
        return request.with_header("if-match", "*") if concerned else request

    bench.requests(change)


@fault("code-as-integer", breaks=["REST-013"])
def code_as_integer(bench: Bench) -> None:
    """The municipality code is a number, its leading zero lost."""

    def number(name: str, value: Any) -> Any:
        return int(value) if name == "municipality_code" and isinstance(value, str) else value

    _json(bench, lambda body: _walk(body, number))


@fault("no-allow", breaks=["REST-020"])
def no_allow(bench: Bench) -> None:
    """A 405 does not say which methods there are."""
    _answers_with(bench, "allow", None, range(405, 406))


@fault("no-cors", breaks=["REST-019"])
def no_cors(bench: Bench) -> None:
    """Public data cannot be read by pages of other sites."""
    _answers_with(bench, "access-control-allow-origin", None)


@fault("no-challenge-at-apis", breaks=["REST-002"])
def no_challenge(bench: Bench) -> None:
    """A 401 of an API comes without WWW-Authenticate."""

    def change(request: Request, answer: Answer) -> Answer:
        return answer.with_header("www-authenticate", None) if _is_api(request) else answer

    bench.answers(change)


@fault("cached-for-an-hour", breaks=["REST-041"])
def cached(bench: Bench) -> None:
    """Public reads may be kept for an hour."""

    def change(_: Request, answer: Answer) -> Answer:
        public = answer.header("cache-control").startswith("public")
        return answer.with_header("cache-control", "public, max-age=3600") if public else answer

    bench.answers(change)


@fault("existence-oracle", breaks=["REST-018", "CONS-022"])
def existence_oracle(bench: Bench) -> None:
    """Who exists and does not consent is 403, who does not exist 404."""

    async def wrong(*_: object) -> bool:
        return True

    bench.patch("reference_api.disclosure.is_linked", wrong)


@fault("deprecation-as-true", breaks=["REST-016"])
def deprecation_as_true(bench: Bench) -> None:
    """An operation is announced as deprecated by the word true, not by a date."""
    bench.answers(lambda request, answer: answer.with_header("deprecation", "true") if _is_api(request) else answer)


@fault("sunset-as-@date", breaks=["REST-016"])
def sunset_as_number(bench: Bench) -> None:
    """The end of an operation is announced as @seconds, not as an HTTP date."""

    def change(request: Request, answer: Answer) -> Answer:
        return answer.with_header("sunset", "@1830000000") if _is_api(request) else answer

    bench.answers(change)
