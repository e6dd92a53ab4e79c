"""Check-ins: who is in which shelter. A person is in one shelter at most; headcount is check-ins minus check-outs."""

import hmac
from typing import Any, Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, row_id, unix_s
from reference_api.city.people import BASIC_COLUMNS, TOLD_COLUMNS, keep_told, known_account, named
from reference_api.city.shapes import Identifier, Instant, Told, exactly_one
from reference_api.city.shelters import BOARD
from reference_api.clock import instant
from reference_api.errors import ApiError
from reference_api.idempotency import once
from reference_api.paging import fill, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row


class _Unregistered(Told, kw_only=True):
    temp_id: Identifier


class _CheckIn(msgspec.Struct, kw_only=True):
    sub: str | None = None
    unregistered: _Unregistered | None = None
    channel: Literal["app", "card", "tablet", "paper"]
    observed_at: Instant


class _CheckOut(msgspec.Struct):
    observed_at: Instant


_CHECK_IN = msgspec.json.Decoder(_CheckIn)
_CHECK_OUT = msgspec.json.Decoder(_CheckOut)
_COLUMNS = "id, shelter_id, channel, observed_at_s, checked_out_at_s, transferred_from, sub"
_CATEGORIES = ("checkin", "profile.basic")


async def check_in(services: Services, call: Call) -> Reply:
    """Receive a person, with or without ID; a full or closed shelter still records who is there."""
    request = call.read(_CHECK_IN)
    exactly_one(request.sub, request.unregistered, "", "sub, unregistered")
    observed_at_s = unix_s(request.observed_at, "/observed_at")

    async def effect() -> Reply:
        return await _receive(services, call, request, observed_at_s)

    reply = await once(services, call, effect)
    services.memory.forget(BOARD)
    return reply


async def _receive(services: Services, call: Call, request: _CheckIn, observed_at_s: float) -> Reply:
    shelter_id = call.parameters["shelter_id"]
    if await services.store.one("SELECT 1 FROM shelter WHERE id = ?", (shelter_id,)) is None:
        raise ApiError("not-found")
    person, temp_id = await _person(services, call, request)
    present = await services.store.one(
        f"SELECT {_COLUMNS} FROM check_in WHERE person = ? AND checked_out_at_s IS NULL",
        (person,),
    )
    if present is not None and present[1] == shelter_id:
        return json_reply(_shape(present), 200)
    if present is not None:
        await _leave(services, call, present, observed_at_s)
    row = await services.store.one(
        "INSERT INTO check_in"
        " (shelter_id, sub, temp_id, person, channel, observed_at_s, received_at_s, transferred_from, recorded_by,"
        f" recorded_for) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING {_COLUMNS}",
        (
            shelter_id,
            request.sub,
            temp_id,
            person,
            request.channel,
            observed_at_s,
            call.now_s,
            None if present is None else present[1],
            call.token.client_id,
            call.token.recipient,
        ),
    )
    await _count(services, call, shelter_id, 1)
    made = _found(row)
    return json_reply(_shape(made), 201, {"location": f"/v1/check-ins/{made[0]}"})


async def _person(services: Services, call: Call, request: _CheckIn) -> tuple[str, str | None]:
    if request.sub is not None:
        await known_account(services, call.token, request.sub, "/sub")
        return disclosure.person_key(request.sub, None), None
    if call.token.subject is not None or request.unregistered is None:
        raise ApiError("insufficient-scope", "a citizen's token checks in its own subject only")
    await keep_told(services, call.token, request.unregistered.temp_id, request.unregistered)
    return disclosure.person_key(None, request.unregistered.temp_id), request.unregistered.temp_id


async def check_out(services: Services, call: Call) -> Reply:
    """A person leaves; saying it again changes nothing."""
    request = call.read(_CHECK_OUT)
    observed_at_s = unix_s(request.observed_at, "/observed_at")
    async with services.store.transaction():
        row = await _visible(services, call)
        if row[4] is None:
            await _leave(services, call, row, observed_at_s)
            row = await _visible(services, call)
    services.memory.forget(BOARD)
    return json_reply(_shape(row))


async def get_check_in(services: Services, call: Call) -> Reply:
    """One check-in, without personal data."""
    return json_reply(_shape(await _visible(services, call)))


async def list_check_ins(services: Services, call: Call) -> Reply:
    """Who is in a shelter now: everybody counted, named as far as consent or statute permits."""
    shelter_id = call.query().get("shelter", "")
    if await services.store.one("SELECT 1 FROM shelter WHERE id = ?", (shelter_id,)) is None:
        raise ApiError("not-found", "no such shelter")
    window = read_window(services, call, shelter_id)

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            "SELECT check_in.id, check_in.channel, check_in.observed_at_s, check_in.sub, check_in.temp_id,"
            " account.district, account.neighbourhood,"
            " account.name, account.name_kana, account.sex, account.birth_date, account.address,"
            " unregistered.name, unregistered.name_kana, unregistered.sex, unregistered.birth_date,"
            " unregistered.address, unregistered.phone, check_in.recorded_for"
            " FROM check_in LEFT JOIN account ON account.sub = check_in.sub"
            " LEFT JOIN unregistered ON unregistered.temp_id = check_in.temp_id"
            " AND unregistered.told_to = check_in.recorded_for"
            " WHERE check_in.shelter_id = ? AND check_in.checked_out_at_s IS NULL AND check_in.id > ?"
            " ORDER BY check_in.id LIMIT ?",
            (shelter_id, after or 0, count),
        )

    list_key = services.key.derive(f"check-ins of {shelter_id} for {call.token.client_id}")

    async def show(rows: list[Row]) -> list[_Shown | None]:
        return await _show(services, call, list_key, rows)

    page = await fill(window, fetch, show)
    purpose = call.operation.purpose or ""
    await disclosure.log(
        services, call, purpose, [(key, decisions) for key, decisions, item in page.items if item["person"]]
    )
    return page_reply(services, call, window, page.map(lambda shown: shown[2]))


_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def _show(services: Services, call: Call, list_key: bytes, rows: list[Row]) -> list[_Shown | None]:
    """Items of a list. What people without an account told the desk is the asker's own if the desk is."""
    people = [
        disclosure.Person(
            key=disclosure.person_key(row[3], row[4]),
            sub=row[3],
            district=row[5],
            neighbourhood=row[6],
            own=row[3] is None and call.token.recipient == row[18],
        )
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, call.operation.purpose or "", _CATEGORIES)
    return [
        (person.key, decisions, _item(list_key, row, decisions))
        for person, row, decisions in zip(people, rows, judged, strict=True)
    ]


def _item(list_key: bytes, row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    number = str(row[0])
    return {
        "id": number,
        "ref": hmac.new(list_key, number.encode(), "sha256").hexdigest()[:16],
        "channel": row[1],
        "observed_at": instant(row[2]),
        "person": _who(row, decisions) if decisions["checkin"].permit else None,
        "disclosure": disclosure.entries(decisions),
    }


def _who(row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    known: dict[str, object] = {"sub": row[3]} if row[3] is not None else {"temp_id": row[4]}
    if decisions["profile.basic"].permit:
        known |= named(BASIC_COLUMNS, row[7:12]) if row[3] is not None else named(TOLD_COLUMNS, row[12:18])
    return known


async def _visible(services: Services, call: Call) -> Row:
    number = row_id(call.parameters["check_in_id"])
    row = _found(await services.store.one(f"SELECT {_COLUMNS} FROM check_in WHERE id = ?", (number,)))
    if call.token.subject is not None and call.token.subject != row[6]:
        raise ApiError("not-found")
    return row


async def _leave(services: Services, call: Call, present: Row, observed_at_s: float) -> None:
    await services.store.run("UPDATE check_in SET checked_out_at_s = ? WHERE id = ?", (observed_at_s, present[0]))
    await _count(services, call, present[1], -1)


async def _count(services: Services, call: Call, shelter_id: str, change: int) -> None:
    await services.store.run(
        "UPDATE shelter SET headcount = headcount + ?, updated_at_s = ? WHERE id = ?", (change, call.now_s, shelter_id)
    )


def _found(row: Row | None) -> Row:
    if row is None:
        raise ApiError("not-found")
    return row


def _shape(row: Row) -> dict[str, object]:
    return {
        "id": str(row[0]),
        "shelter_id": row[1],
        "state": "in" if row[4] is None else "out",
        "channel": row[2],
        "observed_at": instant(row[3]),
        "checked_out_at": None if row[4] is None else instant(row[4]),
        "transferred_from": row[5],
    }
