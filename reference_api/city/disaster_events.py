"""Disaster state: declared by the city for districts and neighbourhoods, read by everybody."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from reference_api import events
from reference_api.call import Call, Reply, instant_s, json_reply, row_id, unix_s
from reference_api.city.conditional import check_if_match, json_with_etag, quoted
from reference_api.city.shapes import Areas, Instant, districts_of_places, known_places
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


STATE = "disaster state"
"""Name of the state in the memory; whoever changes a mode forgets it."""

MODE_CHANGED = "disaster-mode-changed"
"""Source: contract, events.toml."""
_DECLARATION = msgspec.json.Decoder(_Declaration)
_EVENT_PATCH = msgspec.json.Decoder(_EventPatch)
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

    return quoted(call, *await services.memory.recall(STATE, build))


async def declare_disaster(services: Services, call: Call) -> Reply:
    """Declare disaster, drill or normal for districts or neighbourhoods."""
    wanted = call.read(_DECLARATION)
    areas = await known_places(services, wanted.areas)
    districts = await districts_of_places(services)
    declared_at_s = unix_s(wanted.declared_at, "/declared_at")
    store = services.store
    async with store.transaction():
        await _refuse_contradiction(services, wanted.mode, areas)
        known = await _declared_already(services, wanted, areas)
        if known is not None:
            return _event_reply(known, 200)
        row = await store.one(
            "INSERT INTO disaster_event (mode, hazard, areas, declared_at_s, received_at_s) VALUES (?, ?, ?, ?, ?)"
            f" RETURNING {_EVENT_COLUMNS}",
            (wanted.mode, wanted.hazard, " ".join(areas), declared_at_s, call.now_s),
        )
        event = _found(row)
        await _hold(services, event, districts)
        await _end_superseded(services, call.now_s)
        await _changed(services, areas, call.now_s)
        await _tell(services, event, wanted.mode, areas, call.now_s)
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
    areas = None if patch.areas is None else await known_places(services, patch.areas)
    districts = await districts_of_places(services)
    store = services.store
    async with store.transaction():
        event = await _event(services, call)
        check_if_match(call, _etag(event), required=True)
        if event[5] is not None:
            raise ApiError("conflict", "the declaration has ended")
        await _refuse_contradiction(services, event[1], areas or [])
        changed = _found(
            await store.one(
                f"UPDATE disaster_event SET areas = ?, ended_at_s = ?, received_at_s = ?, version = version + 1"
                f" WHERE id = ? RETURNING {_EVENT_COLUMNS}",
                (" ".join(areas) if areas else event[3], call.now_s if patch.mode else None, call.now_s, event[0]),
            )
        )
        await store.run("DELETE FROM district_mode WHERE event_id = ?", (event[0],))
        if patch.mode is None:
            await _hold(services, changed, districts)
            await _end_superseded(services, call.now_s)
        before, after = set(event[3].split()), set() if patch.mode else set(changed[3].split())
        await _changed(services, before | after, call.now_s)
        await _tell(services, changed, "normal", before - after, call.now_s)
        await _tell(services, changed, changed[1], after - before, call.now_s)
    _forget(services)
    return _event_reply(changed, 200)


async def list_disaster_events(services: Services, call: Call) -> Reply:
    """Declarations in the order in which the service received them, ended ones included."""
    since = call.query().get("updated_since")
    since_s = 0.0 if since is None else instant_s(since, "updated_since")
    window = read_window(services, call, since or "")
    rows = await services.store.all(
        f"SELECT {_EVENT_COLUMNS} FROM disaster_event WHERE id > ? AND received_at_s >= ? ORDER BY id LIMIT ?",
        (window.after or 0, since_s, window.limit + 1),
    )
    kept = rows[: window.limit]
    page = Page([_shape(row) for row in kept], kept[-1][0] if len(rows) > window.limit else None)
    return page_reply(services, call, window, page)


async def _refuse_contradiction(services: Services, mode: str, areas: list[str]) -> None:
    """A drill must not hide a disaster, nor a part of a district be lighter than the whole.

    Source: contract C8 DIS-001, CONS-003.
    """
    districts = await districts_of_places(services)
    held = await modes(services)
    wanted = set(areas)
    inside = [code for code in held if districts.get(code) in wanted]
    above = [code for code in (districts[area] for area in areas) if code not in wanted]
    bound = [code for code in {*areas, *inside} if GRAVITY[mode] > 0] + above
    graver = sorted({code for code in bound if GRAVITY[mode_of(held, code)] > GRAVITY[mode]})
    if graver:
        raise ApiError("conflict", f"a graver mode holds in {', '.join(graver[:10])}: end it first")


async def _declared_already(services: Services, wanted: _Declaration, areas: list[str]) -> Row | None:
    """The event that says the same and holds in all these areas: nothing is declared twice under two ids."""
    if wanted.mode == "normal":
        return None
    rows = await services.store.all(
        f"SELECT {_EVENT_COLUMNS} FROM disaster_event WHERE ended_at_s IS NULL AND mode = ? AND areas = ?",
        (wanted.mode, " ".join(areas)),
    )
    held = await modes(services)
    for row in rows:
        if row[2] == wanted.hazard and all(code in held and held[code].event_id == row[0] for code in areas):
            return row
    return None


async def _hold(services: Services, event: Row, districts: Mapping[str, str]) -> None:
    """What was declared takes the place of whatever held in its areas and inside them."""
    areas = event[3].split()
    held = await modes(services)
    inside = [code for code in held if code in areas or districts.get(code) in areas]
    await services.store.many("DELETE FROM district_mode WHERE district = ?", [(code,) for code in inside])
    if event[1] != "normal":
        await services.store.many(
            "INSERT INTO district_mode (district, mode, hazard, event_id) VALUES (?, ?, ?, ?)",
            [(code, event[1], event[2], event[0]) for code in areas],
        )


async def _end_superseded(services: Services, now_s: float) -> None:
    """A declaration of which nothing holds any more has ended."""
    await services.store.run(
        "UPDATE disaster_event SET ended_at_s = ?, received_at_s = ?, version = version + 1"
        " WHERE ended_at_s IS NULL AND mode <> 'normal' AND id NOT IN (SELECT event_id FROM district_mode)",
        (now_s, now_s),
    )


async def _changed(services: Services, codes: Iterable[str], now_s: float) -> None:
    """Remember when the mode of a place last changed, for the lists that are asked with ``updated_since``."""
    districts = await districts_of_places(services)
    await services.store.many(
        "INSERT INTO mode_change (district, changed_at_s) VALUES (?, ?)"
        " ON CONFLICT (district) DO UPDATE SET changed_at_s = excluded.changed_at_s",
        [(code, now_s) for code in sorted({districts[code] for code in codes})],
    )


def _forget(services: Services) -> None:
    services.memory.forget("modes", STATE)


async def _tell(services: Services, event: Row, mode: str, areas: Iterable[str], now_s: float) -> None:
    """Push the change to whoever registered an endpoint (RFC 8935); others poll the state or the list of events."""
    payload = {
        "event_id": str(event[0]),
        "mode": mode,
        "areas": sorted(areas),
        "hazard": event[2],
        "declared_at": instant(event[4]),
    }
    if payload["areas"]:
        await events.tell(services, MODE_CHANGED, await events.receivers(services, MODE_CHANGED), payload, now_s)


async def _event(services: Services, call: Call) -> Row:
    number = row_id(call.parameters["event_id"])
    return _found(await services.store.one(f"SELECT {_EVENT_COLUMNS} FROM disaster_event WHERE id = ?", (number,)))


def _found(row: Row | None) -> Row:
    if row is None:
        raise ApiError("not-found")
    return row


def _etag(event: Row) -> str:
    return f'"{event[0]}-{event[6]}"'


def _shape(event: Row) -> dict[str, object]:
    number, mode, hazard, areas, declared_at_s, ended_at_s, _ = event
    return {
        "id": str(number),
        "mode": mode,
        "hazard": hazard,
        "areas": areas.split(),
        "declared_at": instant(declared_at_s),
        "ended_at": None if ended_at_s is None else instant(ended_at_s),
    }


def _event_reply(event: Row, status: int) -> Reply:
    headers = {"etag": _etag(event)}
    if status == 201:
        headers["location"] = f"/v1/disaster-events/{event[0]}"
    return json_reply(_shape(event), status, headers)
