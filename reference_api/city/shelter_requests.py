"""Requests of shelters: what is asked for, what becomes of it, and when it will come (依頼・到着予定).

A request goes from requested to accepted, to ordered with the time it is expected, to delivered; it may be declined
until it is delivered. Each step is kept.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from reference_api.call import Call, Reply, json_reply, row_id, unix_s
from reference_api.city.changes import demand_live, live_filter, tombstone_or
from reference_api.city.conditional import check_if_match
from reference_api.city.shapes import Identifier, Instant
from reference_api.city.shelters import demand_shelter
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.idempotency import once
from reference_api.paging import as_of, fill, page_reply, read_since, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

NEXT_STATES: Mapping[str, frozenset[str]] = {
    "requested": frozenset({"accepted", "declined"}),
    "accepted": frozenset({"ordered", "declined"}),
    "ordered": frozenset({"ordered", "delivered", "declined"}),
    "delivered": frozenset(),
    "declined": frozenset(),
}
"""What may follow; ordered again tells a new time of arrival. Source: contract C2 (requests of shelters), need N9."""

State = Literal["requested", "accepted", "ordered", "delivered", "declined"]
Note = Annotated[str, msgspec.Meta(max_length=2000)]


class _Item(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    quantity: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
    unit: Annotated[str, msgspec.Meta(max_length=20)] = ""


class _New(msgspec.Struct, kw_only=True):
    shelter_id: Identifier
    category: Literal["supplies", "medical", "facility", "staff", "information", "other"]
    items: Annotated[list[_Item], msgspec.Meta(max_length=100)] = []
    note: Note = ""
    requested_at: Instant
    needed_by: Instant | None = None


class _Step(msgspec.Struct, kw_only=True):
    state: State
    eta: Instant | None = None
    note: Note = ""


_NEW = msgspec.json.Decoder(_New)
_STEP = msgspec.json.Decoder(_Step)
_COLUMNS = (
    "id, shelter_id, category, items, note, state, requested_at_s, needed_by_s, eta_s, updated_at_s, deleted_at_s,"
    " version"
)


async def create_shelter_request(services: Services, call: Call) -> Reply:
    """Ask for something on behalf of a shelter."""
    request = call.read(_NEW)
    if not request.items and not request.note:
        raise invalid("/items", "required")
    requested_at_s = unix_s(request.requested_at, "/requested_at")
    needed_by_s = None if request.needed_by is None else unix_s(request.needed_by, "/needed_by")

    async def effect() -> Reply:
        await demand_shelter(services, request.shelter_id, "/shelter_id")
        row = await services.store.one(
            "INSERT INTO shelter_request"
            " (shelter_id, category, items, note, state, requested_at_s, needed_by_s, updated_at_s)"
            f" VALUES (?, ?, ?, ?, 'requested', ?, ?, ?) RETURNING {_COLUMNS}",
            (
                request.shelter_id,
                request.category,
                msgspec.json.encode(request.items).decode(),
                request.note,
                requested_at_s,
                needed_by_s,
                call.now_s,
            ),
        )
        made = demand_live(row, deleted_at=10)
        await _keep_step(services, call, made[0], _Step(state="requested"), None)
        headers = {"location": f"/v1/shelter-requests/{made[0]}", "etag": _etag(made)}
        return json_reply(await _shape(services, made), 201, headers)

    return await once(services, call, effect)


async def list_shelter_requests(services: Services, call: Call) -> Reply:
    """Requests in order of id, narrowed to a shelter, a state, or what changed since a time."""
    query = call.query()
    filters = {name: query[name] for name in ("shelter_id", "state") if name in query}
    if filters.get("state", "requested") not in NEXT_STATES:
        raise invalid("state", "value")
    since_s = read_since(call)
    window = read_window(services, call, *(f"{name}={value}" for name, value in filters.items()), repr(since_s))
    narrowed = "".join(f" AND {name} = ?" for name in filters)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"SELECT {_COLUMNS} FROM shelter_request WHERE id > ?{narrowed} AND {live_filter(since_s)}"
            " ORDER BY id LIMIT ?",
            (after or 0, *filters.values(), *([] if since_s is None else [since_s]), count),
        )

    async def show(rows: list[Row]) -> list[dict[str, object] | None]:
        shapes = await _shapes(services, rows)
        return [tombstone_or(row, row[10], shape) for row, shape in zip(rows, shapes, strict=True)]

    return page_reply(services, call, window, await fill(window, fetch, show), {"as_of": as_of(window)})


async def get_shelter_request(services: Services, call: Call) -> Reply:
    """One request with its history."""
    row = await _held(services, call)
    return json_reply(await _shape(services, row), headers={"etag": _etag(row)})


async def update_shelter_request(services: Services, call: Call) -> Reply:
    """The next step of a request; a shelter itself can only say that it was delivered."""
    step = call.read(_STEP)
    eta_s = None if step.eta is None else unix_s(step.eta, "/eta")
    async with services.store.transaction():
        row = await _held(services, call)
        if "requests.manage" not in call.token.scopes and step.state != "delivered":
            raise ApiError("insufficient-scope", "without requests.manage only delivered can be said")
        check_if_match(call, _etag(row), required=True)
        if step.state not in NEXT_STATES[row[5]]:
            raise ApiError("conflict", f"a request that is {row[5]} does not become {step.state}")
        if step.state == "ordered" and eta_s is None:
            raise invalid("/eta", "required")
        await services.store.run(
            "UPDATE shelter_request SET state = ?, eta_s = ?, updated_at_s = ?, version = version + 1 WHERE id = ?",
            (step.state, row[8] if eta_s is None else eta_s, call.now_s, row[0]),
        )
        await _keep_step(services, call, row[0], step, eta_s)
        changed = await _held(services, call)
        shape = await _shape(services, changed)
    return json_reply(shape, headers={"etag": _etag(changed)})


async def delete_shelter_request(services: Services, call: Call) -> Reply:
    """Take back a request that nobody has accepted yet."""
    async with services.store.transaction():
        row = await _held(services, call)
        check_if_match(call, _etag(row), required=True)
        if row[5] != "requested":
            raise ApiError("conflict", f"a request that is {row[5]} is not taken back: decline it")
        await services.store.run(
            "UPDATE shelter_request SET deleted_at_s = ?, updated_at_s = ?, version = version + 1 WHERE id = ?",
            (call.now_s, call.now_s, row[0]),
        )
    return Reply(status=204)


async def _held(services: Services, call: Call) -> Row:
    number = row_id(call.parameters["request_id"])
    row = await services.store.one(f"SELECT {_COLUMNS} FROM shelter_request WHERE id = ?", (number,))
    return demand_live(row, deleted_at=10)


async def _keep_step(services: Services, call: Call, number: int, step: _Step, eta_s: float | None) -> None:
    await services.store.run(
        "INSERT INTO shelter_request_step (request_id, state, at_s, eta_s, note) VALUES (?, ?, ?, ?, ?)",
        (number, step.state, call.now_s, eta_s, step.note),
    )


def _etag(row: Row) -> str:
    return f'"{row[11]}"'


async def _shape(services: Services, row: Row) -> dict[str, object]:
    return (await _shapes(services, [row]))[0]


async def _shapes(services: Services, rows: list[Row]) -> list[dict[str, object]]:
    if not rows:
        return []
    marks = ", ".join("?" * len(rows))
    steps = await services.store.all(
        "SELECT request_id, state, at_s, eta_s, note FROM shelter_request_step"
        f" WHERE request_id IN ({marks}) ORDER BY id",
        [row[0] for row in rows],
    )
    histories: dict[int, list[dict[str, object]]] = {row[0]: [] for row in rows}
    for number, state, at_s, eta_s, note in steps:
        histories[number].append({"state": state, "at": instant(at_s), "eta": _told(eta_s), "note": note})
    return [_one(row, histories[row[0]]) for row in rows]


def _one(row: Row, history: list[dict[str, object]]) -> dict[str, object]:
    return {
        "id": str(row[0]),
        "shelter_id": row[1],
        "category": row[2],
        "items": msgspec.Raw(row[3].encode("utf-8")),
        "note": row[4],
        "state": row[5],
        "requested_at": instant(row[6]),
        "needed_by": _told(row[7]),
        "eta": _told(row[8]),
        "updated_at": instant(row[9]),
        "history": history,
    }


def _told(at_s: float | None) -> str | None:
    return None if at_s is None else instant(at_s)
