"""Shelters: the public list, the public board of status and headcount, and the word of those on the spot."""

from typing import Literal

import msgspec

from reference_api.call import Call, Reply, json_reply, unix_s
from reference_api.city.conditional import check_if_match, json_with_etag, quoted
from reference_api.city.shapes import Instant, point
from reference_api.clock import instant
from reference_api.errors import ApiError
from reference_api.services import Services
from reference_api.store.protocol import Row

BOARD = "shelter board"
"""Name of the board in the memory; whoever changes a status or a headcount forgets it."""


class _StatusRequest(msgspec.Struct):
    status: Literal["unopened", "open", "full", "closed"]
    observed_at: Instant


_STATUS_REQUEST = msgspec.json.Decoder(_StatusRequest)
_STATUS_COLUMNS = "id, status, headcount, updated_at_s, status_observed_at_s, version"


async def list_shelters(services: Services, call: Call) -> Reply:
    """All shelters, in order of id."""

    async def build() -> tuple[bytes, str]:
        rows = await services.store.all(
            "SELECT id, name, name_kana, kind, address, district, longitude_deg, latitude_deg, capacity_persons,"
            " capacity_standard_persons, hazards FROM shelter ORDER BY id"
        )
        return json_with_etag({"items": [_shelter(row) for row in rows]})

    return quoted(call, *await services.memory.recall("shelters", build))


async def list_shelter_status(services: Services, call: Call) -> Reply:
    """Status and headcount of every shelter, in order of id."""

    async def build() -> tuple[bytes, str]:
        rows = await services.store.all(f"SELECT {_STATUS_COLUMNS} FROM shelter ORDER BY id")
        return json_with_etag({"items": [_status(row) for row in rows]})

    return quoted(call, *await services.memory.recall(BOARD, build))


async def set_shelter_status(services: Services, call: Call) -> Reply:
    """Take the word of those on the spot; a newer observation wins, an older one is answered with what holds."""
    wanted = call.read(_STATUS_REQUEST)
    observed_at_s = unix_s(wanted.observed_at, "/observed_at")
    shelter_id = call.parameters["shelter_id"]
    async with services.store.transaction():
        row = await _one(services, shelter_id)
        check_if_match(call, _etag(row), required=False)
        if row[4] is None or row[4] <= observed_at_s:
            await services.store.run(
                "UPDATE shelter SET status = ?, status_observed_at_s = ?, updated_at_s = ?, version = version + 1"
                " WHERE id = ?",
                (wanted.status, observed_at_s, call.now_s, shelter_id),
            )
            row = await _one(services, shelter_id)
    services.memory.forget(BOARD)
    return json_reply(_status(row), headers={"etag": _etag(row)})


async def _one(services: Services, shelter_id: str) -> Row:
    row = await services.store.one(f"SELECT {_STATUS_COLUMNS} FROM shelter WHERE id = ?", (shelter_id,))
    if row is None:
        raise ApiError("not-found")
    return row


def _etag(row: Row) -> str:
    """Of status alone: a change of the headcount by an arrival is no conflict for the one who opens or closes."""
    return f'"{row[5]}"'


def _status(row: Row) -> dict[str, object]:
    return {
        "id": row[0],
        "status": row[1],
        "headcount": row[2],
        "updated_at": None if row[3] is None else instant(row[3]),
    }


def _shelter(row: Row) -> dict[str, object]:
    return {
        "id": row[0],
        "name": row[1],
        "name_kana": row[2],
        "kind": row[3],
        "address": row[4],
        "district": row[5],
        "position": point(row[6], row[7]),
        "capacity_persons": row[8],
        "capacity_standard_persons": row[9],
        "hazards": msgspec.Raw(row[10].encode("utf-8")),
    }
