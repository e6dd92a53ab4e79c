"""Disaster state and evacuation orders: declared by the city, read by everybody."""

from typing import Annotated, Literal

import msgspec

from reference_api.call import Call, Reply, json_reply, row_id, unix_s
from reference_api.city.conditional import check_if_match, json_with_etag, quoted
from reference_api.city.shapes import Areas, Instant, known_areas
from reference_api.clock import instant
from reference_api.disaster import GRAVITY, gravest, mode_of, modes
from reference_api.errors import ApiError, Fault
from reference_api.paging import Page, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

Mode = Literal["normal", "drill", "disaster"]
Hazard = Literal["flood", "landslide", "storm_surge", "earthquake", "tsunami", "large_fire", "inland_flood", "volcano"]


class _Declaration(msgspec.Struct):
    mode: Mode
    areas: Areas
    declared_at: Instant
    hazard: Hazard | None = None


class _EventPatch(msgspec.Struct):
    mode: Literal["normal"] | None = None
    areas: Areas | None = None


class _Order(msgspec.Struct):
    level: Annotated[int, msgspec.Meta(ge=3, le=5)]
    areas: Areas
    reason: Annotated[str, msgspec.Meta(max_length=2000)]
    issued_at: Instant


_DECLARATION = msgspec.json.Decoder(_Declaration)
_EVENT_PATCH = msgspec.json.Decoder(_EventPatch)
_ORDER = msgspec.json.Decoder(_Order)
_EVENT_COLUMNS = "id, mode, hazard, areas, declared_at_s, ended_at_s, version"


async def get_disaster_state(services: Services, call: Call) -> Reply:
    """Which mode holds in which district."""

    async def build() -> tuple[bytes, str]:
        held = await modes(services)
        row = await services.store.one("SELECT max(received_at_s) FROM disaster_event")
        return json_with_etag(
            {
                "mode": gravest(held),
                "areas": [
                    {"code": code, "mode": at.mode, "hazard": at.hazard, "event_id": str(at.event_id)}
                    for code, at in held.items()
                ],
                "updated_at": instant(row[0]) if row and row[0] is not None else None,
            }
        )

    return quoted(call, *await services.memory.recall("disaster state", build))


async def declare_disaster(services: Services, call: Call) -> Reply:
    """Declare disaster, drill or normal for districts."""
    wanted = call.read(_DECLARATION)
    areas = await known_areas(services, wanted.areas)
    declared_at_s = unix_s(wanted.declared_at, "/declared_at")
    store = services.store
    async with store.transaction():
        await _refuse_drill_in_disaster(services, wanted.mode, areas)
        row = await store.one(
            "INSERT INTO disaster_event (mode, hazard, areas, declared_at_s, received_at_s) VALUES (?, ?, ?, ?, ?)"
            f" RETURNING {_EVENT_COLUMNS}",
            (wanted.mode, wanted.hazard, " ".join(areas), declared_at_s, call.now_s),
        )
        event = _found(row)
        await store.many("DELETE FROM district_mode WHERE district = ?", [(code,) for code in areas])
        await _hold(services, event)
    _forget(services)
    return _event_reply(event, 201)


async def get_disaster_event(services: Services, call: Call) -> Reply:
    """One declaration."""
    return _event_reply(await _event(services, call), 200)


async def update_disaster_event(services: Services, call: Call) -> Reply:
    """End a declaration, or change its areas; what no longer belongs to it becomes normal."""
    patch = call.read(_EVENT_PATCH)
    if patch.mode is None and patch.areas is None:
        raise ApiError("validation", "give mode or areas", faults=[Fault("", "required")])
    areas = None if patch.areas is None else await known_areas(services, patch.areas)
    store = services.store
    async with store.transaction():
        event = await _event(services, call)
        check_if_match(call, _etag(event), required=True)
        if event[5] is not None:
            raise ApiError("conflict", "the declaration has ended")
        await _refuse_drill_in_disaster(services, event[1], areas or [])
        changed = _found(
            await store.one(
                f"UPDATE disaster_event SET areas = ?, ended_at_s = ?, received_at_s = ?, version = version + 1"
                f" WHERE id = ? RETURNING {_EVENT_COLUMNS}",
                (" ".join(areas) if areas else event[3], call.now_s if patch.mode else None, call.now_s, event[0]),
            )
        )
        await store.run("DELETE FROM district_mode WHERE event_id = ?", (event[0],))
        if patch.mode is None:
            await store.many("DELETE FROM district_mode WHERE district = ?", [(code,) for code in areas or []])
            await _hold(services, changed)
    _forget(services)
    return _event_reply(changed, 200)


async def issue_evacuation_order(services: Services, call: Call) -> Reply:
    """Issue an evacuation order of level 3, 4 or 5."""
    order = call.read(_ORDER)
    areas = await known_areas(services, order.areas)
    issued_at_s = unix_s(order.issued_at, "/issued_at")
    row = await services.store.one(
        "INSERT INTO evacuation_order (level, areas, reason, issued_at_s, received_at_s, client_id)"
        " VALUES (?, ?, ?, ?, ?, ?) RETURNING id, level, areas, reason, issued_at_s",
        (order.level, " ".join(areas), order.reason, issued_at_s, call.now_s, call.token.client_id),
    )
    issued = _order(_found(row))
    return json_reply(issued, 201)


async def list_evacuation_orders(services: Services, call: Call) -> Reply:
    """Orders issued, oldest first."""
    window = read_window(services, call)
    rows = await services.store.all(
        "SELECT id, level, areas, reason, issued_at_s FROM evacuation_order WHERE id > ? ORDER BY id LIMIT ?",
        (window.after or 0, window.limit + 1),
    )
    kept = rows[: window.limit]
    page = Page([_order(row) for row in kept], kept[-1][0] if len(rows) > window.limit else None)
    return page_reply(services, call, window, page)


async def _refuse_drill_in_disaster(services: Services, mode: str, areas: list[str]) -> None:
    """A drill must not hide a disaster. Source: contract C8 DIS-001, CONS-003."""
    held = await modes(services)
    graver = [code for code in areas if GRAVITY[mode_of(held, code)] > GRAVITY[mode] > 0]
    if graver:
        raise ApiError("conflict", f"a disaster holds in {', '.join(graver[:10])}: end it first")


async def _hold(services: Services, event: Row) -> None:
    if event[1] != "normal":
        await services.store.many(
            "INSERT INTO district_mode (district, mode, hazard, event_id) VALUES (?, ?, ?, ?)",
            [(code, event[1], event[2], event[0]) for code in event[3].split()],
        )


def _forget(services: Services) -> None:
    services.memory.forget("modes", "disaster state")


async def _event(services: Services, call: Call) -> Row:
    number = row_id(call.parameters["event_id"])
    return _found(await services.store.one(f"SELECT {_EVENT_COLUMNS} FROM disaster_event WHERE id = ?", (number,)))


def _found(row: Row | None) -> Row:
    if row is None:
        raise ApiError("not-found")
    return row


def _etag(event: Row) -> str:
    return f'"{event[0]}-{event[6]}"'


def _event_reply(event: Row, status: int) -> Reply:
    number, mode, hazard, areas, declared_at_s, ended_at_s, _ = event
    body = {
        "id": str(number),
        "mode": mode,
        "hazard": hazard,
        "areas": areas.split(),
        "declared_at": instant(declared_at_s),
        "ended_at": None if ended_at_s is None else instant(ended_at_s),
    }
    headers = {"etag": _etag(event)}
    if status == 201:
        headers["location"] = f"/v1/disaster-events/{number}"
    return json_reply(body, status, headers)


def _order(row: Row) -> dict[str, object]:
    return {"id": str(row[0]), "level": row[1], "areas": row[2].split(), "reason": row[3], "issued_at": instant(row[4])}
