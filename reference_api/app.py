"""The application: the contract's operations, each with its handler.

Handlers are coroutines that wait for the store only. Over an embedded store they never wait at all, so that the app can
be called in process without an event loop.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.contract.operations import Operation, load_operations
from reference_api.access import authorise
from reference_api.call import Call, Reply
from reference_api.city import (
    check_ins,
    disaster_events,
    locations,
    notifications,
    registers,
    safety,
    sandbox,
    shelters,
    users,
)
from reference_api.clock import Clock
from reference_api.consent import Decide, decide
from reference_api.errors import ApiError
from reference_api.oidc import discovery, token
from reference_api.oidc.keys import SigningKey
from reference_api.services import Memory, Services
from reference_api.settings import Settings, check_settings
from reference_api.store.protocol import Store

logger = logging.getLogger(__name__)

Handler = Callable[[Services, Call], Awaitable[Reply]]

HANDLERS: Mapping[str, Handler] = {
    "getOpenidConfiguration": discovery.get_openid_configuration,
    "getJwks": discovery.get_jwks,
    "getCityOs": discovery.get_city_os,
    "issueToken": token.issue_token,
    "getDisasterState": disaster_events.get_disaster_state,
    "declareDisaster": disaster_events.declare_disaster,
    "getDisasterEvent": disaster_events.get_disaster_event,
    "updateDisasterEvent": disaster_events.update_disaster_event,
    "issueEvacuationOrder": disaster_events.issue_evacuation_order,
    "listEvacuationOrders": disaster_events.list_evacuation_orders,
    "listShelters": shelters.list_shelters,
    "listShelterStatus": shelters.list_shelter_status,
    "setShelterStatus": shelters.set_shelter_status,
    "checkIn": check_ins.check_in,
    "listCheckIns": check_ins.list_check_ins,
    "getCheckIn": check_ins.get_check_in,
    "checkOut": check_ins.check_out,
    "reportSafety": safety.report_safety,
    "listSafetyReports": safety.list_safety_reports,
    "getSafetyReport": safety.get_safety_report,
    "summariseSafety": safety.summarise_safety,
    "putLocation": locations.put_location,
    "listLocations": locations.list_locations,
    "sendNotification": notifications.send_notification,
    "getNotification": notifications.get_notification,
    "listDeliveries": notifications.list_deliveries,
    "getUser": users.get_user,
    "listUsers": users.list_users,
    "listSupportRegister": registers.list_support_register,
    "resetSandbox": sandbox.reset_sandbox,
}
"""Handler of each operation of the contract."""


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

    ordered = sorted(load_operations(), key=order)
    return [
        Route(path, _Endpoint(services, _by_method(operations)), name=path)
        for path, operations in groupby(ordered, key=lambda operation: operation.path)
    ]


def _by_method(operations: Iterable[Operation]) -> dict[str, tuple[Operation, Handler]]:
    """Operations of one path by method; HEAD is answered as GET without its body (RFC 9110 section 9.3.2)."""
    table = {operation.method: (operation, HANDLERS[operation.operation_id]) for operation in operations}
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
        _check_acceptable(headers.get("accept"))
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


def _check_acceptable(accept: str | None) -> None:
    """Refuse a client that takes no JSON (RFC 9110 section 12.5.1)."""
    if accept is None or "json" in accept or "*/*" in accept or "application/*" in accept or not accept.strip():
        return
    raise ApiError("not-acceptable", "answers are application/json")


def _problem(fault: ApiError) -> Reply:
    return Reply(status=fault.status, body=fault.body(), headers=fault.headers, media_type="application/problem+json")


async def _write(send: Send, reply: Reply, *, with_body: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
    if reply.body:
        headers.append((b"content-type", reply.media_type.encode("latin-1")))
    if reply.status not in (204, 304):
        headers.append((b"content-length", str(len(reply.body)).encode("latin-1")))
    start: dict[str, Any] = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.body if with_body else b""})
