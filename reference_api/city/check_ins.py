"""Check-ins: who is in which shelter. A person is in one shelter at most; headcount is check-ins minus check-outs.

One check-in is one person: whoever is in a household's company has a check-in of their own (a party is a batch).
"""

from typing import Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, row_id
from reference_api.city.card_entries import merge_cards
from reference_api.city.conditional import json_with_etag
from reference_api.city.observed import observed_s
from reference_api.city.people import account_named, keep_told, linked_sub
from reference_api.city.safety import merge_reports
from reference_api.city.shapes import Identifier, Instant, Told, exactly_one
from reference_api.city.shelters import BOARD, demand_shelter
from reference_api.city.stays import COLUMNS, Arrival, Stay, arrive, depart, newest_s, present_stay
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.idempotency import once
from reference_api.services import Services

Channel = Literal["app", "qr", "card", "web", "tablet", "paper", "ic_card"]


class Unregistered(Told, kw_only=True):
    """A person without an ID; people with the same ``household`` belong together."""

    temp_id: Identifier
    household: Identifier | None = None


class PersonBlock(msgspec.Struct, kw_only=True):
    """Whom a request speaks of: exactly one of an account and somebody without."""

    sub: str | None = None
    unregistered: Unregistered | None = None


class _CheckIn(PersonBlock, kw_only=True):
    channel: Channel
    observed_at: Instant


class _CheckOut(msgspec.Struct):
    observed_at: Instant


class _Link(msgspec.Struct):
    sub: str


class _Transfer(msgspec.Struct):
    shelter_id: Identifier
    observed_at: Instant
    channel: Channel | None = None


_CHECK_IN = msgspec.json.Decoder(_CheckIn)
_CHECK_OUT = msgspec.json.Decoder(_CheckOut)
_LINK = msgspec.json.Decoder(_Link)
_TRANSFER = msgspec.json.Decoder(_Transfer)
_NOT_PRESENT = "this check-in has ended: the person has left or is in another shelter"
_ELSEWHERE = "the ID is checked in already: check one of the two out first"


async def check_in(services: Services, call: Call) -> Reply:
    """Receive a person, with or without ID; a full or closed shelter still records who is there."""
    request = call.read(_CHECK_IN)
    exactly_one(request.sub, request.unregistered, "", "sub, unregistered")
    observed_at_s = observed_s(services, call, request.observed_at, "/observed_at")

    async def effect() -> Reply:
        shelter_id = call.parameters["shelter_id"]
        person = await arrival_of(services, call, request, (shelter_id, request.channel, observed_at_s))
        kind, stay = await arrive(services, call, person)
        return _made(stay) if kind != "already_here" else json_reply(stay_shape(stay))

    reply = await once(services, call, effect)
    services.memory.forget(BOARD)
    return reply


async def arrival_of(
    services: Services, call: Call, block: PersonBlock, seen: tuple[str, str, float], at: str = ""
) -> Arrival:
    """The arrival of whom the block names; ``seen`` is shelter, channel and time (Unix seconds).

    What a person without an ID tells is kept. ``at`` is the pointer of the block.

    Raises:
        ApiError: insufficient-scope or validation.
    """
    shelter_id, channel, at_s = seen
    told = block.unregistered
    if told is None:
        sub, account = await account_named(services, call.token, block.sub or "", f"{at}/sub")
        return Arrival(shelter_id, disclosure.person_key(sub, None), sub, None, f"account {account[0]}", channel, at_s)
    if call.token.subject is not None:
        raise ApiError("insufficient-scope", "a citizen's token checks in its own subject only")
    linked = await linked_sub(services, told.temp_id)
    if linked is not None:
        household = f"account {await _household(services, linked)}"
        return Arrival(shelter_id, disclosure.person_key(linked, None), linked, None, household, channel, at_s)
    await keep_told(services, call.token, told.temp_id, told)
    household = f"temp {told.household}" if told.household else f"alone {told.temp_id}"
    return Arrival(shelter_id, disclosure.person_key(None, told.temp_id), None, told.temp_id, household, channel, at_s)


async def _household(services: Services, sub: str) -> str:
    row = await services.store.one("SELECT household FROM account WHERE sub = ?", (sub,))
    return "" if row is None else str(row[0])


async def check_out(services: Services, call: Call) -> Reply:
    """A person leaves; saying it again changes nothing."""
    request = call.read(_CHECK_OUT)
    observed_at_s = observed_s(services, call, request.observed_at, "/observed_at")
    async with services.store.transaction():
        stay = await visible_stay(services, call)
        if observed_at_s < stay.arrived_s:
            raise invalid("/observed_at", "before_check_in")
        if stay.covers(observed_at_s):
            left = (await depart(services, call, stay.person, observed_at_s)).stay
            stay = left if left is not None and left.id == stay.id else await visible_stay(services, call)
    services.memory.forget(BOARD)
    return json_reply(stay_shape(stay))


async def get_check_in(services: Services, call: Call) -> Reply:
    """One check-in, without personal data."""
    body, etag = json_with_etag(stay_shape(await visible_stay(services, call)))
    return Reply(body=body, headers={"etag": etag})


async def transfer(services: Services, call: Call) -> Reply:
    """Move a person to another shelter in one step: at no time are they in both or in neither."""
    request = call.read(_TRANSFER)
    observed_at_s = observed_s(services, call, request.observed_at, "/observed_at")

    async def effect() -> Reply:
        stay = await visible_stay(services, call)
        await demand_shelter(services, request.shelter_id, "/shelter_id")
        present = await present_stay(services.store, stay.person)
        if present is not None and present.shelter_id == request.shelter_id:
            seen = "UPDATE check_in SET seen_at_s = ? WHERE id = ? AND seen_at_s < ?"
            await services.store.run(seen, (observed_at_s, present.id, observed_at_s))
            return json_reply(stay_shape(present))
        if present is None or present.id != stay.id:
            raise ApiError("conflict", _NOT_PRESENT)
        if observed_at_s < present.seen_s:
            raise invalid("/observed_at", "before_check_in")
        row = await services.store.one("SELECT household FROM check_in WHERE id = ?", (stay.id,))
        arrival = Arrival(
            request.shelter_id,
            stay.person,
            stay.sub,
            stay.temp_id,
            "" if row is None else row[0],
            request.channel or stay.channel,
            observed_at_s,
        )
        return _made((await arrive(services, call, arrival))[1])

    reply = await once(services, call, effect)
    services.memory.forget(BOARD)
    return reply


async def link(services: Services, call: Call) -> Reply:
    """Say that somebody received without an ID has one; no count changes."""
    request = call.read(_LINK)
    async with services.store.transaction():
        stay = await visible_stay(services, call)
        sub, account = await account_named(services, call.token, request.sub, "/sub")
        if stay.sub is not None and stay.sub != sub:
            raise ApiError("conflict", "this check-in is of another ID")
        if stay.temp_id is not None:
            await _merge(services, call, stay.temp_id, sub, f"account {account[0]}")
            stay = await visible_stay(services, call)
    return json_reply(stay_shape(stay))


async def _merge(services: Services, call: Call, temp_id: str, sub: str, household: str) -> None:
    store = services.store
    old, new = disclosure.person_key(None, temp_id), disclosure.person_key(sub, None)
    here, there = await present_stay(store, old), await present_stay(store, new)
    if here is not None and there is not None:
        raise ApiError("conflict", _ELSEWHERE)
    seen_s = max(await newest_s(store, old), await newest_s(store, new))
    await store.run(
        "UPDATE check_in SET sub = ?, temp_id = NULL, person = ?, household = ? WHERE person = ?",
        (sub, new, household, old),
    )
    # Who is counted stays counted: the newest observation of both is now that of the stay that goes on.
    await store.run("UPDATE check_in SET seen_at_s = ? WHERE person = ? AND checked_out_at_s IS NULL", (seen_s, new))
    await store.run(
        "INSERT INTO departure (person, at_s) SELECT CAST(? AS TEXT), at_s FROM departure WHERE person = ?"
        " ON CONFLICT (person, at_s) DO NOTHING",
        (new, old),
    )
    await store.run("DELETE FROM departure WHERE person = ?", (old,))
    await merge_cards(store, old, new, call.now_s)
    await merge_reports(services, temp_id, sub)
    await store.run(
        "INSERT INTO person_link (temp_id, sub, linked_at_s, linked_by) VALUES (?, ?, ?, ?)",
        (temp_id, sub, call.now_s, call.token.client_id),
    )


async def visible_stay(services: Services, call: Call) -> Stay:
    """The check-in that the path names; a citizen's token sees its own only.

    Raises:
        ApiError: not-found.
    """
    number = row_id(call.parameters["check_in_id"])
    row = await services.store.one(f"SELECT {COLUMNS} FROM check_in WHERE id = ?", (number,))
    if row is None or (call.token.subject is not None and call.token.subject != row[6]):
        raise ApiError("not-found")
    return Stay(*row)


def _made(stay: Stay) -> Reply:
    return json_reply(stay_shape(stay), 201, {"location": f"/v1/check-ins/{stay.id}"})


def stay_shape(stay: Stay) -> dict[str, object]:
    """The check-in as the contract's schema CheckIn."""
    return {
        "id": str(stay.id),
        "shelter_id": stay.shelter_id,
        "state": "in" if stay.ended_s is None else "out",
        "channel": stay.channel,
        "observed_at": instant(stay.arrived_s),
        "checked_out_at": None if stay.ended_s is None else instant(stay.ended_s),
        "transferred_from": stay.transferred_from,
    }
