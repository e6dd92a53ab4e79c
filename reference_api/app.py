"""The application: reads a request, asks the handler of its operation, writes the answer or the fault.

Handlers are coroutines that wait for the store only. Over an embedded store they never wait at all, so that the app can
be called in process without an event loop.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.types import Receive, Scope, Send

from conformance.contract.operations import Operation, load_operations
from reference_api.access import authorise
from reference_api.admission import Pressure
from reference_api.call import ANONYMOUS, Call, Reply
from reference_api.clock import Clock
from reference_api.consent import Decide, decide
from reference_api.cross_origin import exposed, preflight
from reference_api.errors import ApiError, StoreUnavailable, UnstorableValue, unavailable
from reference_api.fault_bodies import fault_reply
from reference_api.handlers import HANDLERS, OWN_ROUTES, Handler
from reference_api.header_fields import combined
from reference_api.limits import PollFloor, Quota, quota_exceeded, quota_headers
from reference_api.pages.faults import fault_page
from reference_api.routing import Routes
from reference_api.server_secret import ServerSecret
from reference_api.services import Memory, Services
from reference_api.settings import Settings, check_settings
from reference_api.store.protocol import Store
from reference_api.telemetry import SELDOM, Telemetry

logger = logging.getLogger(__name__)


def create_app(
    settings: Settings, store: Store, clock: Clock, *, decide: Decide = decide, telemetry: Telemetry | None = None
) -> "Application":
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
        secret=ServerSecret(settings.secret),
        signing_keys={},
        decide=decide,
        memory=Memory(store),
        tokens={},
        pressure=Pressure(),
        telemetry=telemetry,
    )
    return Application(services)


class Application:
    """The contract's operations, and the server's own pages and probes, as an ASGI app for HTTP."""

    def __init__(self, services: Services) -> None:
        self.services = services
        offered = (one for one in load_operations() if one.profile not in services.settings.not_enabled)
        self.routes = Routes([*((one, HANDLERS[one.operation_id]) for one in offered), *OWN_ROUTES])
        self._quota = Quota(services.settings.subject_quota, services.settings.client_quota)
        self._floor = PollFloor()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        telemetry = self.services.telemetry
        began_s = telemetry.timer_s() if telemetry is not None else 0.0
        found = self.routes.find(scope["path"])
        method: str = scope["method"]
        if found is None or method not in found[0]:
            reply, operation, common = _no_operation(found[0] if found else None, scope), None, {}
        else:
            operation, handler = found[0][method]
            common = self.services.pressure.headers()
            reply = await self._answer(operation, handler, found[1], (scope, receive), common)
        await _write(send, reply, common, with_body=method != "HEAD")
        if telemetry is not None and operation is not None:
            telemetry.answered(operation, reply.status, telemetry.timer_s() - began_s)

    async def _answer(
        self,
        operation: Operation,
        handler: Handler,
        parameters: Mapping[str, str],
        request: tuple[Scope, Receive],
        common: dict[str, str],
    ) -> Reply:
        """What the handler answers, or its fault; to ``common`` are added the headers that belong to every answer."""
        scope, receive = request
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            reply = await self._handle(operation, handler, parameters, (scope, headers, receive), common)
        except ApiError as fault:
            reply = self._told(fault, operation, headers)
        except UnstorableValue:
            told = ApiError("validation", "no database holds U+0000 or such a large number")
            reply = self._told(told, operation, headers)
        except StoreUnavailable as fault:
            logger.warning("operation put off: %s, %s", operation.operation_id, fault, extra=SELDOM)
            reply = self._told(unavailable(), operation, headers)
        except Exception:
            # The boundary: whatever went wrong is logged here and told to nobody outside.
            logger.exception("operation failed: %s", operation.operation_id)
            reply = self._told(ApiError("internal-error"), operation, headers)
        if "origin" in headers and operation.error_format != "page":
            common.update(exposed({}))
        return reply

    def _told(self, fault: ApiError, operation: Operation, headers: Mapping[str, str]) -> Reply:
        """The answer that tells a fault, to a person as a page."""
        if operation.error_format == "page":
            return fault_page(self.services.settings, headers.get("accept-language", ""), fault)
        return fault_reply(fault, operation)

    async def _handle(
        self,
        operation: Operation,
        handler: Handler,
        parameters: Mapping[str, str],
        request: tuple[Scope, Mapping[str, str], Receive],
        common: dict[str, str],
    ) -> Reply:
        scope, headers, receive = request
        if len(headers) != len(scope["headers"]):
            headers = combined(scope["headers"])
        services = self.services
        _check_acceptable(operation, headers.get("accept"))
        await _let_pass(services.pressure, operation.service_class)
        call = Call(
            operation=operation,
            parameters=parameters,
            headers=headers,
            query_string=scope["query_string"].decode("latin-1"),
            body=await _body(receive, headers, max(services.settings.max_body_bytes, operation.max_body_bytes)),
            now_s=await services.now_s(),
            address=(scope.get("client") or ("",))[0],
        )
        before = services.store.commits
        try:
            call.token = await authorise(services, call)
            if call.token is not ANONYMOUS:
                self._limit(call, scope["path"], common)
            return await handler(services, call)
        finally:
            # What was written, be it by an earlier request with the same key, is acknowledged when it is on the disk.
            if operation.needs_idempotency_key or services.store.commits != before:
                await services.store.settle()

    def _limit(self, call: Call, path: str, common: dict[str, str]) -> None:
        """Count the request. What saves lives is counted and never refused (class P0).

        Raises:
            ApiError: quota-exceeded.
        """
        limit, remaining, reset_s = self._quota.count(call.token, call.now_s)
        headers = quota_headers(limit, remaining, reset_s)
        common.update(headers)
        if call.operation.service_class == "P0":
            return
        if remaining < 0:
            raise quota_exceeded("requests", headers, reset_s)
        pressure = self.services.pressure
        if pressure.level and call.operation.method == "GET":
            again_s = pressure.retry_after_s
            self._floor.check(call.token, f"{path}?{call.query_string}", call.now_s, reduced_s=again_s)


def _no_operation(methods: Mapping[str, object] | None, scope: Scope) -> Reply:
    """The answer to a path that is not there, or to a method that it does not have; OPTIONS tells which it has."""
    headers = dict(scope["headers"])
    if methods is None:
        fault = ApiError("not-found")
    elif scope["method"] == "OPTIONS":
        asked = headers.get(b"access-control-request-method")
        return preflight(methods, None if asked is None else asked.decode("latin-1"))
    else:
        fault = ApiError("method-not-allowed", headers={"allow": ", ".join(sorted({*methods, "OPTIONS"}))})
    reply = fault_reply(fault, None, scope["path"])
    return replace(reply, headers=exposed(reply.headers)) if b"origin" in headers else reply


async def _let_pass(pressure: Pressure, service_class: str) -> None:
    """Put an operation off, or let it pass; under load after what is more urgent and came at the same time.

    Raises:
        ApiError: temporary-reduced-capacity.
    """
    pressure.admit(service_class)
    if pressure.gives_way(service_class):
        await asyncio.sleep(0)
        pressure.notice(asyncio.get_running_loop().time())
        pressure.admit(service_class)


async def _body(receive: Receive, headers: Mapping[str, str], max_bytes: int) -> bytes:
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > max_bytes:
        raise ApiError("content-too-large", f"at most {max_bytes} bytes")
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > max_bytes:
            raise ApiError("content-too-large", f"at most {max_bytes} bytes")
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _check_acceptable(operation: Operation, accept: str | None) -> None:
    """Refuse a client that takes none of the operation's media types (RFC 9110 section 12.5.1)."""
    if accept is None or "*/*" in accept or not operation.media_types or not accept.strip():
        return
    for media_type in operation.media_types:
        kind, _, subtype = media_type.partition("/")
        if f"{kind}/*" in accept or subtype.rpartition("+")[2] in accept:
            return
    raise ApiError("not-acceptable", f"answers are {', '.join(operation.media_types)}")


async def _write(send: Send, reply: Reply, common: Mapping[str, str], *, with_body: bool) -> None:
    told = {**common, **reply.headers} if common else reply.headers
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in told.items()]
    headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in reply.cookies]
    if reply.body:
        headers.append((b"content-type", reply.media_type.encode("latin-1")))
    if reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.body)).encode("latin-1")))
    start: dict[str, Any] = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})
