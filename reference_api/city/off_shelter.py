"""People who live outside of shelters, at home, in cars, in tents, and need supplies (避難所外避難者)."""

from typing import Annotated, Any, Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.card_entries import Need
from reference_api.city.changes import demand_live, tombstone_or
from reference_api.city.conditional import check_if_match
from reference_api.city.deltas import changed_condition, changed_parameters
from reference_api.city.observed import observed_s
from reference_api.city.people import account_named, linked_sub
from reference_api.city.shapes import Identifier, Instant, Point, point
from reference_api.city.shelters import demand_shelter
from reference_api.clock import instant
from reference_api.consent import OWN, Decision
from reference_api.errors import ApiError, invalid
from reference_api.idempotency import once
from reference_api.oidc.subjects import shown_sub
from reference_api.paging import as_of, fill, page_reply, read_since, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

Place = Literal["home", "car", "tent", "relatives", "facility", "other"]
Count = Annotated[int, msgspec.Meta(ge=1, le=1000)]
_CATEGORY = "checkin"


class _Report(msgspec.Struct, kw_only=True):
    place: Place
    persons: Count
    observed_at: Instant
    households: Count = 1
    description: Annotated[str, msgspec.Meta(max_length=400)] = ""
    position: Point | None = None
    needs: Annotated[list[Need], msgspec.Meta(max_length=20)] = []
    shelter_id: Identifier | None = None
    sub: str | None = None
    temp_id: Identifier | None = None


_REPORT = msgspec.json.Decoder(_Report)
_HELD = (
    "place, description, longitude_deg, latitude_deg, persons, households, needs, shelter_id, observed_at_s,"
    " updated_at_s, recorded_for"
)
_COLUMNS = (
    "off_shelter_evacuees.id, off_shelter_evacuees.sub, temp_id, place, description, longitude_deg, latitude_deg,"
    " persons, households, needs, shelter_id, observed_at_s, updated_at_s, recorded_for, deleted_at_s, version,"
    " district, neighbourhood"
)
_FROM = "FROM off_shelter_evacuees LEFT JOIN account ON account.sub = off_shelter_evacuees.sub"
_CHANGED = changed_condition("off_shelter_evacuees.updated_at_s", "off_shelter_evacuees.sub", "district")
_DELETED_AT = 14


async def report_off_shelter(services: Services, call: Call) -> Reply:
    """Take in where people live outside of shelters; of the same person a newer observation replaces an older one."""
    request = call.read(_REPORT)
    values = _values(services, call, request)

    async def effect() -> Reply:
        sub, temp_id = await _reporter(services, call, request)
        person = None if sub is None and temp_id is None else disclosure.person_key(sub, temp_id)
        if request.shelter_id is not None:
            await demand_shelter(services, request.shelter_id, "/shelter_id")
        held = await services.store.one(
            "SELECT id FROM off_shelter_evacuees WHERE person = ? AND deleted_at_s IS NULL", (person,)
        )
        if held is not None:
            await _replace(services, held[0], values)
            row = await _row(services, str(held[0]))
            may_see = (await _judge(services, call, [row]))[0][_CATEGORY].permit
            return json_reply(_shape(services, call, row) if may_see else _counted(row), headers={"etag": _etag(row)})
        made = await services.store.one(
            f"INSERT INTO off_shelter_evacuees (person, sub, temp_id, {_HELD})"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (person, sub, temp_id, *values),
        )
        row = await _row(services, str(made[0]) if made else "")
        headers = {"location": f"/v1/off-shelter-evacuees/{row[0]}", "etag": _etag(row)}
        return json_reply(_shape(services, call, row), 201, headers)

    return await once(services, call, effect)


async def list_off_shelter(services: Services, call: Call) -> Reply:
    """Everybody counted outside of shelters; where they are and who, as far as consent or statute permits."""
    shelter_id = call.query().get("shelter_id")
    since_s = read_since(call)
    window = read_window(services, call, shelter_id or "", repr(since_s))
    narrowed = "" if shelter_id is None else " AND shelter_id = ?"
    filters = [] if shelter_id is None else [shelter_id]

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"SELECT {_COLUMNS} {_FROM} WHERE off_shelter_evacuees.id > ?{narrowed}"
            f"{' AND deleted_at_s IS NULL' if since_s is None else _CHANGED} ORDER BY off_shelter_evacuees.id LIMIT ?",
            (after or 0, *filters, *(() if since_s is None else changed_parameters(since_s, call.now_s)), count),
        )

    async def show(rows: list[Row]) -> list[tuple[Row, disclosure.Decisions] | None]:
        return list(zip(rows, await _judge(services, call, rows), strict=True))

    page = await fill(window, fetch, show)
    seen = [(row, decisions) for row, decisions in page.items if decisions[_CATEGORY].permit]
    await _log(services, call, [found for found in seen if found[0][_DELETED_AT] is None])

    def item(found: tuple[Row, disclosure.Decisions]) -> dict[str, object]:
        row, decisions = found
        shape = _shape(services, call, row) if decisions[_CATEGORY].permit else _counted(row)
        return tombstone_or(row, row[_DELETED_AT], {**shape, "disclosure": disclosure.entries(decisions)})

    return page_reply(services, call, window, page.map(item), {"as_of": as_of(window)})


async def get_off_shelter(services: Services, call: Call) -> Reply:
    """One report, to whoever may see it."""
    row = await _visible(services, call)
    return json_reply(_shape(services, call, row), headers={"etag": _etag(row)})


async def update_off_shelter(services: Services, call: Call) -> Reply:
    """Say anew where they are, how many, and what they need."""
    request = call.read(_REPORT)
    values = _values(services, call, request)
    async with services.store.transaction():
        row = await _visible(services, call)
        check_if_match(call, _etag(row), required=True)
        if request.sub is not None or request.temp_id is not None:
            raise invalid("/sub", "not_allowed")
        if request.shelter_id is not None:
            await demand_shelter(services, request.shelter_id, "/shelter_id")
        await _replace(services, row[0], values)
        changed = await _row(services, str(row[0]))
    return json_reply(_shape(services, call, changed), headers={"etag": _etag(changed)})


async def delete_off_shelter(services: Services, call: Call) -> Reply:
    """They are back home, or in a shelter."""
    async with services.store.transaction():
        row = await _visible(services, call)
        check_if_match(call, _etag(row), required=True)
        await services.store.run(
            "UPDATE off_shelter_evacuees SET deleted_at_s = ?, updated_at_s = ?, description = '',"
            " longitude_deg = NULL, latitude_deg = NULL, version = version + 1 WHERE id = ?",
            (call.now_s, call.now_s, row[0]),
        )
    return Reply(status=204)


def _values(services: Services, call: Call, request: _Report) -> tuple[object, ...]:
    """Values of the columns ``_HELD``."""
    place = (None, None) if request.position is None else request.position.degrees("/position")
    return (
        request.place,
        request.description,
        *place,
        request.persons,
        request.households,
        " ".join(request.needs),
        request.shelter_id,
        observed_s(services, call, request.observed_at, "/observed_at"),
        call.now_s,
        call.token.recipient,
    )


async def _replace(services: Services, number: int, values: tuple[object, ...]) -> None:
    """Keep the newer observation."""
    names = [name.strip() for name in _HELD.split(",")]
    assignments = ", ".join(f"{name} = ?" for name in names[:-1])
    await services.store.run(
        f"UPDATE off_shelter_evacuees SET {assignments}, version = version + 1 WHERE id = ? AND observed_at_s <= ?",
        (*values[:-1], number, values[names.index("observed_at_s")]),
    )


async def _reporter(services: Services, call: Call, request: _Report) -> tuple[str | None, str | None]:
    """Account and temporary id of whom the report names; neither where a desk names nobody."""
    if request.sub is not None and request.temp_id is not None:
        raise invalid("/temp_id", "exactly_one")
    if request.sub is not None:
        return (await account_named(services, call.token, request.sub, "/sub"))[0], None
    if call.token.subject is not None:
        if request.temp_id is not None:
            raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
        return call.token.subject, None
    if request.temp_id is None:
        return None, None
    linked = await linked_sub(services, request.temp_id)
    return (None, request.temp_id) if linked is None else (linked, None)


async def _visible(services: Services, call: Call) -> Row:
    row = await _row(services, call.parameters["evacuees_id"])
    decisions = (await _judge(services, call, [row]))[0]
    if not decisions[_CATEGORY].permit:
        raise ApiError("not-found")
    await _log(services, call, [(row, decisions)])
    return demand_live(row, deleted_at=_DELETED_AT)


async def _row(services: Services, number: str) -> Row:
    row = await services.store.one(f"SELECT {_COLUMNS} {_FROM} WHERE off_shelter_evacuees.id = ?", (row_id(number),))
    if row is None:
        raise ApiError("not-found")
    return row


async def _judge(services: Services, call: Call, rows: list[Row]) -> list[disclosure.Decisions]:
    """A citizen sees their own only; of people without ID, who wrote it down reads it."""
    if call.token.subject is not None:
        return [{_CATEGORY: OWN if row[1] == call.token.subject else _NOT_OWN} for row in rows]
    people = [
        disclosure.Person(
            key=disclosure.person_key(row[1], row[2]),
            sub=row[1],
            district=row[16],
            neighbourhood=row[17],
            own=row[1] is None and row[13] == call.token.recipient,
        )
        for row in rows
    ]
    return await disclosure.judge(services, call, people, call.operation.purpose or "", (_CATEGORY,))


_NOT_OWN = Decision(permit=False, basis="none", reason="recipient")


async def _log(services: Services, call: Call, shown: list[tuple[Row, disclosure.Decisions]]) -> None:
    people = [(disclosure.person_key(row[1], row[2]), decisions) for row, decisions in shown]
    await disclosure.log(services, call, call.operation.purpose or "", people)


def _etag(row: Row) -> str:
    return f'"{row[15]}"'


def _counted(row: Row) -> dict[str, object]:
    """What is told of people of whom nothing may be disclosed: that they are there and are to be supplied."""
    return {
        "id": str(row[0]),
        "shelter_id": row[10],
        "persons": row[7],
        "households": row[8],
        "observed_at": instant(row[11]),
        "updated_at": instant(row[12]),
    }


def _shape(services: Services, call: Call, row: Row) -> dict[str, object]:
    return {
        **_counted(row),
        "sub": None if row[1] is None else shown_sub(services, call.token, row[1]),
        "temp_id": row[2],
        "place": row[3],
        "description": row[4],
        "position": None if row[5] is None else point(row[5], row[6]),
        "needs": row[9].split(),
    }
