"""Event streams: endpoints at which clients want to be told of events (RFC 8935)."""

import secrets
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from conformance.contract.catalogue import load_events
from reference_api import events
from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.clock import instant
from reference_api.errors import ApiError, Fault
from reference_api.paging import Page, page_reply, read_window
from reference_api.receivers import may_be_public
from reference_api.services import Services
from reference_api.settings import LOOPBACK
from reference_api.store.protocol import Row

MAX_STREAMS = 10
"""Of one client. Source: none; a bound against a flood of pushes. Confidence C."""
VERIFICATION = "verification"
_COLUMNS = "id, url, events, created_at_s"


class _Request(msgspec.Struct):
    url: Annotated[str, msgspec.Meta(max_length=1000)]
    events: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]


_REQUEST = msgspec.json.Decoder(_Request)


async def create_event_stream(services: Services, call: Call) -> Reply:
    """Register an endpoint and the events that it takes."""
    request = call.read(_REQUEST)
    _check(services, request)
    async with services.store.transaction():
        rows = await services.store.all("SELECT id FROM event_stream WHERE client_id = ?", (call.token.client_id,))
        if len(rows) >= MAX_STREAMS:
            raise ApiError("conflict", f"at most {MAX_STREAMS} endpoints for each client")
        row = await services.store.one(
            f"INSERT INTO event_stream (client_id, url, events, created_at_s) VALUES (?, ?, ?, ?) RETURNING {_COLUMNS}",
            (call.token.client_id, request.url, " ".join(sorted(set(request.events))), call.now_s),
        )
    services.memory.forget(events.STREAMS)
    shape = _shape(row or ())
    return json_reply(shape, 201, {"location": f"/v1/event-streams/{shape['id']}"})


async def list_event_streams(services: Services, call: Call) -> Reply:
    """The endpoints of the client."""
    window = read_window(services, call)
    rows = await services.store.all(
        f"SELECT {_COLUMNS} FROM event_stream WHERE client_id = ? AND id > ? ORDER BY id LIMIT ?",
        (call.token.client_id, window.after or 0, window.limit + 1),
    )
    kept = rows[: window.limit]
    page = Page([_shape(row) for row in kept], kept[-1][0] if len(rows) > window.limit else None)
    return page_reply(services, call, window, page)


async def get_event_stream(services: Services, call: Call) -> Reply:
    """One endpoint of the client."""
    return json_reply(_shape(await _found(services, call)))


async def delete_event_stream(services: Services, call: Call) -> Reply:
    """Tell an endpoint nothing more."""
    async with services.store.transaction():
        row = await _found(services, call)
        await services.store.run("DELETE FROM event_stream WHERE id = ?", (row[0],))
    services.memory.forget(events.STREAMS)
    return Reply(status=204)


async def verify_event_stream(services: Services, call: Call) -> Reply:
    """Push a verification event to an endpoint; it carries the state that is answered here."""
    state = secrets.token_urlsafe(16)
    async with services.store.transaction():
        row = await _found(services, call)
        token = call.token
        receiver = events.Receiver(
            token.client_id, row[1], frozenset(row[2].split()), token.role, token.recipient, token.sector
        )
        await events.tell(services, VERIFICATION, [receiver], {"state": state}, call.now_s)
    return json_reply({"state": state}, 202)


def _check(services: Services, request: _Request) -> None:
    faults = [
        Fault(f"/events/{place}", "unknown_event")
        for place, name in enumerate(request.events)
        if name not in load_events() or name == VERIFICATION
    ]
    if not _is_reachable(request.url, may_be_local=services.settings.environment != "production"):
        faults.append(Fault("/url", "value"))
    if faults:
        raise ApiError("validation", "an endpoint is an https address of a public host", faults=faults)


def _is_reachable(url: str, *, may_be_local: bool) -> bool:
    """Whether events may be pushed there: over TLS, and not into a network behind the server."""
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname or "", parts.port is None or parts.port > 0
    except ValueError:
        return False
    if not host or not has_port or "@" in parts.netloc or parts.fragment or not url.isascii():
        return False
    if host in LOOPBACK:
        return may_be_local and parts.scheme in ("http", "https")
    return parts.scheme == "https" and may_be_public(host)


async def _found(services: Services, call: Call) -> Row:
    row = await services.store.one(
        f"SELECT {_COLUMNS} FROM event_stream WHERE id = ? AND client_id = ?",
        (row_id(call.parameters["stream_id"]), call.token.client_id),
    )
    if row is None:
        raise ApiError("not-found")
    return row


def _shape(row: Row) -> dict[str, object]:
    return {"id": str(row[0]), "url": row[1], "events": row[2].split(), "created_at": instant(row[3])}
