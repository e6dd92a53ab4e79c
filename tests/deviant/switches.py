"""Switches: named faults that turn the ordinary city OS into one that breaks its contract in one place.

Production code knows nothing of them. A fault patches what it breaks while its server is open, or stands before the
server and alters what goes in and out; when the server is closed, everything is as it was.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast
from unittest import mock
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference_api.app import Application, create_app
from reference_api.call import Call, Reply
from reference_api.clock import Clock
from reference_api.consent import Decide, Decision, decide
from reference_api.handlers import HANDLERS, Handler
from reference_api.services import Services
from reference_api.settings import Settings
from reference_api.store.protocol import Row, Store


@dataclass(frozen=True)
class Request:
    """A request on the wire; ``url`` is path and query, names of headers are in lower case."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.url).path

    def header(self, name: str) -> str:
        """Value of a header, empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def with_header(self, name: str, value: str | None) -> "Request":
        """The same request with a header set, or without it."""
        return replace(self, headers=_set(self.headers, name, value))


@dataclass(frozen=True)
class Answer:
    """An answer on the wire; ``content-length`` is set when it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """Value of a header, empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def with_header(self, name: str, value: str | None) -> "Answer":
        """The same answer with a header set, or without it."""
        return replace(self, headers=_set(self.headers, name, value))

    def with_json(self, value: Any) -> "Answer":
        """The same answer with another body."""
        return replace(self, body=json.dumps(value, ensure_ascii=False).encode())


def _set(headers: Sequence[tuple[str, str]], name: str, value: str | None) -> tuple[tuple[str, str], ...]:
    kept = tuple(pair for pair in headers if pair[0] != name)
    return kept if value is None else (*kept, (name, value))


Wire = Callable[[Request, Callable[[Request], Awaitable[Answer]]], Awaitable[Answer]]
"""What stands before a server: it is given a request and the server, and answers."""


@dataclass
class Bench:
    """Where a fault is put into a server before it is opened."""

    settings: Settings
    decide: Callable[..., Decision]
    stack: ExitStack
    wires: list[Wire] = field(default_factory=list)
    statements: dict[str, str] = field(default_factory=dict)

    def sql(self, part: str, wrong: str) -> None:
        """Put something else in the place of a part of SQL statements."""
        self.statements[part] = wrong

    def patch(self, place: str, value: Any) -> None:
        """Put something else at ``module.name`` (or ``module.Class.name``) while the server is open."""
        self.stack.enter_context(mock.patch(place, value))

    def handler(self, operation_ids: str, wrong: Callable[[Handler], Handler]) -> None:
        """Put something else in the place of the handlers of operations (ids with blanks between them)."""
        changed = {name: wrong(HANDLERS[name]) for name in operation_ids.split()}
        self.stack.enter_context(mock.patch.dict(HANDLERS, changed))

    def reply(self, operation_ids: str, change: Callable[[Call, Reply], Reply]) -> None:
        """Alter what handlers answer."""

        def wrong(right: Handler) -> Handler:
            async def altered(services: Services, call: Call) -> Reply:
                return change(call, await right(services, call))

            return altered

        self.handler(operation_ids, wrong)

    def wire(self, wire: Wire) -> None:
        """Stand before the server."""
        self.wires.append(wire)

    def requests(self, change: Callable[[Request], Request]) -> None:
        """Alter what comes in."""

        async def altered(request: Request, server: Callable[[Request], Awaitable[Answer]]) -> Answer:
            return await server(change(request))

        self.wire(altered)

    def answers(self, change: Callable[[Request, Answer], Answer]) -> None:
        """Alter what goes out."""

        async def altered(request: Request, server: Callable[[Request], Awaitable[Answer]]) -> Answer:
            return change(request, await server(request))

        self.wire(altered)


@dataclass(frozen=True)
class Fault:
    """A fault: what the broken server does, the requirements that it breaks, and how it is put in."""

    name: str
    text: str
    breaks: tuple[str, ...]
    put_in: Callable[[Bench], None]


FAULTS: dict[str, Fault] = {}
"""All faults by name; filled by the modules of ``deviant.faults``."""


def fault(name: str, *, breaks: Iterable[str]) -> Callable[[Callable[[Bench], None]], Callable[[Bench], None]]:
    """Enter a fault: a function that puts it into a bench; its docstring says what the broken server does."""

    def enter(put_in: Callable[[Bench], None]) -> Callable[[Bench], None]:
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, (put_in.__doc__ or "").strip(), tuple(breaks), put_in)
        return put_in

    return enter


class DeviantApp:
    """A server behind what stands before it; ``services`` and ``routes`` are the server's."""

    def __init__(self, app: Application, wires: Sequence[Wire], services: Services) -> None:
        self.services = services
        self.routes = app.routes
        self._app = app
        self._wires = tuple(wires)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or not self._wires:
            await self._app(scope, receive, send)
            return
        answer = await self._pass(self._wires, scope, await _read(scope, receive))
        await _write(send, answer)

    async def _pass(self, wires: Sequence[Wire], scope: Scope, request: Request) -> Answer:
        if not wires:
            return await _ask(self._app, scope, request)
        return await wires[0](request, lambda changed: self._pass(wires[1:], scope, changed))


async def _read(scope: Scope, receive: Receive) -> Request:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
    parts, more = list[bytes](), True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    query = scope["query_string"].decode("latin-1")
    path = scope["path"] + ("?" + query if query else "")
    return Request(scope["method"], path, headers, b"".join(parts))


async def _ask(app: ASGIApp, scope: Scope, request: Request) -> Answer:
    pending: Iterator[Message] = iter([{"type": "http.request", "body": request.body, "more_body": False}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(pending, {"type": "http.disconnect"})

    async def take(message: Message) -> None:
        sent.append(message)

    parts = urlsplit(request.url)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers]
    inner = {
        **scope,
        "method": request.method,
        "path": unquote(parts.path) if parts.path != scope["path"] else scope["path"],
        "query_string": parts.query.encode("latin-1"),
        "headers": [pair for pair in headers if pair[0] != b"content-length"],
    }
    await app(inner, receive, take)
    told = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"])
    return Answer(sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]))


async def _write(send: Send, answer: Answer) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers if name != "content-length"
    ]
    if answer.status not in (204, 304):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


class RewritingStore:
    """A store that puts other parts into the statements it is given."""

    def __init__(self, store: Store, statements: Mapping[str, str]) -> None:
        self._store = store
        self._statements = statements

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """As the store does, with another statement."""
        return await self._store.one(self._rewritten(sql), parameters)

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """As the store does, with another statement."""
        return await self._store.all(self._rewritten(sql), parameters)

    async def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """As the store does, with another statement."""
        return await self._store.run(self._rewritten(sql), parameters)

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """As the store does, with another statement."""
        await self._store.many(self._rewritten(sql), rows)

    def _rewritten(self, sql: str) -> str:
        for part, wrong in self._statements.items():
            sql = sql.replace(part, wrong)
        return sql


@contextmanager
def deviant_app(
    name: str, settings: Settings, store: Store, clock: Clock, *, decide: Decide = decide
) -> Iterator[DeviantApp]:
    """The city OS with one fault, open until the context ends; one at a time, since the fault holds for the process.

    It is an ASGI app as the ordinary one is: called in process, or served over HTTP, where
    ``reference_api.served.served`` adds what a served app does in the background.

    Raises:
        KeyError: There is no such fault.
    """
    with ExitStack() as stack:
        bench = Bench(settings, decide, stack)
        FAULTS[name].put_in(bench)
        if bench.statements:
            store = RewritingStore(store, bench.statements)
        app = create_app(bench.settings, store, clock, decide=cast("Decide", bench.decide))
        yield DeviantApp(app, bench.wires, app.services)
