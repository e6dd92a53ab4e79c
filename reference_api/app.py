"""The application: the contract's operations, each with its handler.

Handlers are coroutines that wait for the store only. Over an embedded store they never wait at all, so that the app can
be called in process without an event loop.
"""

import logging
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.contract.operations import Operation, load_operations
from reference_api.access import authorise
from reference_api.call import Call, Reply
from reference_api.clock import Clock
from reference_api.consent import Decide, decide
from reference_api.errors import ApiError
from reference_api.handlers import HANDLERS, OWN_ROUTES, Handler
from reference_api.oidc.keys import SigningKey
from reference_api.services import Memory, Services
from reference_api.settings import Settings, check_settings
from reference_api.store.protocol import Store

logger = logging.getLogger(__name__)


def create_app(settings: Settings, store: Store, clock: Clock, *, decide: Decide = decide) -> ASGIApp:
    """The server as an ASGI app.

    ``decide`` may be replaced by a broken decision, so that tests can see whether that is noticed.

    Raises:
        UnsafeSettings: The settings must not go into production, or contradict themselves.
    """
    check_settings(settings)
    services = Services(
        settings=settings,
        store=store,
        clock=clock,
        key=SigningKey(settings.signing_key_jwk),
        decide=decide,
        memory=Memory(store),
        tokens={},
    )
    return Router(routes=_routes(services), redirect_slashes=False, default=_Endpoint(services, {}))


def _routes(services: Services) -> list[Route]:
    """One route a path; fixed paths before those with parameters of the same length, so that neither hides the other.

    Longer paths come first: routes are tried in order, and the calls that disasters make most are long.
    """

    def order(operation: Operation) -> tuple[int, bool, str]:
        return -operation.path.count("/"), "{" in operation.path, operation.path

    entries = [(operation, HANDLERS[operation.operation_id]) for operation in load_operations()]
    ordered = sorted([*entries, *OWN_ROUTES], key=lambda entry: order(entry[0]))
    return [
        Route(path, _Endpoint(services, _by_method(of_path)), name=path)
        for path, of_path in groupby(ordered, key=lambda entry: entry[0].path)
    ]


def _by_method(entries: Iterable[tuple[Operation, Handler]]) -> dict[str, tuple[Operation, Handler]]:
    """Entries of one path by method; HEAD is answered as GET without its body (RFC 9110 section 9.3.2)."""
    table = {operation.method: (operation, handler) for operation, handler in entries}
    if "GET" in table:
        table["HEAD"] = table["GET"]
    return table


class _Endpoint:
    """One path: reads the request, asks the operation's handler, writes the reply or the problem."""

    def __init__(self, services: Services, table: Mapping[str, tuple[Operation, Handler]]) -> None:
        self._services = services
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        try:
            reply = await self._answer(scope, receive)
        except ApiError as fault:
            reply = _problem(fault)
        except Exception:
            # The boundary: whatever went wrong is logged here and told to nobody outside.
            logger.exception("operation failed: %s %s", scope["method"], scope["path"])
            reply = _problem(ApiError("internal-error"))
        await _write(send, reply, with_body=scope["method"] != "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        if not self._table:
            raise ApiError("not-found")
        entry = self._table.get(scope["method"])
        if entry is None:
            raise ApiError("method-not-allowed", headers={"allow": ", ".join(sorted(self._table))})
        operation, handler = entry
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        _check_acceptable(operation, headers.get("accept"))
        call = Call(
            operation=operation,
            parameters=scope["path_params"],
            headers=headers,
            query_string=scope["query_string"].decode("latin-1"),
            body=await _body(receive, headers, self._services.settings.max_body_bytes),
            now_s=self._services.clock.now_s(),
        )
        call.token = await authorise(self._services, call)
        return await handler(self._services, call)


async def _body(receive: Receive, headers: Mapping[str, str], max_bytes: int) -> bytes:
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > max_bytes:
        raise ApiError("content-too-large", f"at most {max_bytes} bytes")
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > max_bytes:
            raise ApiError("content-too-large", f"at most {max_bytes} bytes")
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _check_acceptable(operation: Operation, accept: str | None) -> None:
    """Refuse a client that takes none of the operation's media types (RFC 9110 section 12.5.1)."""
    if accept is None or "*/*" in accept or not operation.media_types or not accept.strip():
        return
    for media_type in operation.media_types:
        kind, _, subtype = media_type.partition("/")
        if f"{kind}/*" in accept or subtype.rpartition("+")[2] in accept:
            return
    raise ApiError("not-acceptable", f"answers are {', '.join(operation.media_types)}")


def _problem(fault: ApiError) -> Reply:
    return Reply(status=fault.status, body=fault.body(), headers=fault.headers, media_type="application/problem+json")


async def _write(send: Send, reply: Reply, *, with_body: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in reply.cookies]
    if reply.body:
        headers.append((b"content-type", reply.media_type.encode("latin-1")))
    if reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.body)).encode("latin-1")))
    start: dict[str, Any] = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})
