"""Batches: check-ins and check-outs that a desk wrote down while it was offline.

Items take effect in the order in which they were observed, not in the order of the list; each has an id of the desk's
own and takes effect once, however often it is sent. A faulty item harms no other.
"""

import hashlib
from typing import Annotated, Any, Literal

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, json_reply, refuse_nul
from reference_api.city.check_ins import Channel, PersonBlock, arrival_of
from reference_api.city.observed import observed_s
from reference_api.city.people import account_named, linked_sub
from reference_api.city.shapes import Identifier, Instant, exactly_one
from reference_api.city.shelters import BOARD, demand_shelter
from reference_api.city.stays import Stay, arrive, depart
from reference_api.errors import ApiError, Fault, invalid
from reference_api.idempotency import once
from reference_api.services import Services

MAX_ITEMS = 500
"""Source: contract C6, the largest page; a desk receives about 140 persons an hour (contract C7)."""


class _Item(PersonBlock, kw_only=True):
    client_item_id: Identifier
    kind: Literal["check_in", "check_out"]
    observed_at: Instant
    shelter_id: Identifier | None = None
    channel: Channel | None = None


class _Named(msgspec.Struct):
    client_item_id: Identifier


class _Batch(msgspec.Struct):
    items: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1, max_length=MAX_ITEMS)]


_BATCH = msgspec.json.Decoder(_Batch)
_ITEM = msgspec.json.Decoder(_Item)
_NAMED = msgspec.json.Decoder(_Named)
_UNREADABLE = (msgspec.DecodeError, ValueError, OverflowError, RecursionError)
Result = dict[str, Any]


async def upload_check_ins(services: Services, call: Call) -> Reply:
    """Take in what was written down offline; each item has its own result, in the order of the request."""
    raw = call.read(_BATCH, check_texts=False).items
    names = [_name(number, bytes(item)) for number, item in enumerate(raw)]

    async def effect() -> Reply:
        results: dict[int, Result] = {}
        for number in sorted(range(len(raw)), key=lambda place: _order(names[place], bytes(raw[place]))):
            results[number] = await _take(services, call, names[number], bytes(raw[number]))
        await services.store.run(
            "DELETE FROM batch_item WHERE created_at_s < ?", (call.now_s - services.settings.idempotency_retention_s,)
        )
        return json_reply({"results": [results[number] for number in range(len(raw))]})

    reply = await once(services, call, effect)
    services.memory.forget(BOARD)
    return reply


def _name(number: int, raw: bytes) -> str:
    try:
        return _NAMED.decode(raw).client_item_id
    except _UNREADABLE as fault:
        raise invalid(f"/items/{number}/client_item_id", "value") from fault


def _order(name: str, raw: bytes) -> tuple[float, bool, str, bytes]:
    """By time, arrivals before departures; what is left equal has an order of its own, so that the list's is none."""
    try:
        item = _ITEM.decode(raw)
        return item.observed_at.timestamp(), item.kind == "check_out", name, raw
    except _UNREADABLE:
        return 0.0, False, name, raw


async def _take(services: Services, call: Call, name: str, raw: bytes) -> Result:
    """Effect of one item, or of its first sending."""
    owner = (call.token.client_id, call.token.subject or "", name)
    fingerprint = hashlib.sha256(raw).hexdigest()
    row = await services.store.one(
        "SELECT fingerprint, result FROM batch_item WHERE client_id = ? AND subject = ? AND client_item_id = ?", owner
    )
    if row is not None and row[0] != fingerprint:
        return _rejected(name, ApiError("idempotency-key-reused"))
    if row is not None:
        kept: Result = msgspec.json.decode(row[1])
        return kept
    try:
        result = await _effect(services, call, name, _read(raw))
    except ApiError as fault:
        return _rejected(name, fault)
    await services.store.run(
        "INSERT INTO batch_item (client_id, subject, client_item_id, fingerprint, result, created_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (*owner, fingerprint, msgspec.json.encode(result).decode(), call.now_s),
    )
    return result


def _read(raw: bytes) -> _Item:
    refuse_nul(raw)
    try:
        item = _ITEM.decode(raw)
    except _UNREADABLE as fault:
        raise ApiError("validation", "the item is not a CheckInBatchItem", faults=[Fault("", "value")]) from fault
    exactly_one(item.sub, item.unregistered, "", "sub, unregistered")
    if item.kind == "check_in" and (item.shelter_id is None or item.channel is None):
        raise invalid("/shelter_id" if item.shelter_id is None else "/channel", "required")
    return item


async def _effect(services: Services, call: Call, name: str, item: _Item) -> Result:
    observed_at_s = observed_s(services, call, item.observed_at, "/observed_at")
    if item.kind == "check_in":
        shelter_id = item.shelter_id or ""
        await demand_shelter(services, shelter_id, "/shelter_id")
        arrival = await arrival_of(services, call, item, (shelter_id, item.channel or "", observed_at_s))
        kind, stay = await arrive(services, call, arrival)
        return _result(name, kind, stay)
    outcome = await depart(services, call, await _leaver(services, call, item), observed_at_s)
    return _result(name, outcome.kind, outcome.stay)


async def _leaver(services: Services, call: Call, item: _Item) -> str:
    """Key of the person who left."""
    told = item.unregistered
    if told is None:
        sub, _ = await account_named(services, call.token, item.sub or "", "/sub")
        return disclosure.person_key(sub, None)
    if call.token.subject is not None:
        raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
    return disclosure.person_key(await linked_sub(services, told.temp_id), told.temp_id)


def _result(name: str, outcome: str, stay: Stay | None) -> Result:
    return {"client_item_id": name, "outcome": outcome, "check_in_id": None if stay is None else str(stay.id)}


def _rejected(name: str, fault: ApiError) -> Result:
    return {
        "client_item_id": name,
        "outcome": "rejected",
        "check_in_id": None,
        "problem": msgspec.Raw(fault.body()),
    }
