"""Shelters: the public list, the public board of status and headcount, and the word of those on the spot."""

from functools import lru_cache
from typing import Literal

import msgspec

from reference_api.call import Call, Reply, json_reply
from reference_api.city.conditional import check_if_match, json_with_etag, quoted
from reference_api.city.observed import observed_s
from reference_api.city.shapes import Instant, point
from reference_api.city.town import Municipality, municipality
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.services import Services
from reference_api.store.protocol import Row

BOARD = "shelter board"
"""Name of the board in the memory; whoever changes a status or a headcount forgets it."""

LIST = "shelters"
"""Name of the list in the memory; whoever changes a shelter's description forgets it."""


class _StatusRequest(msgspec.Struct):
    status: Literal["unopened", "open", "full", "closed"]
    observed_at: Instant


_STATUS_REQUEST = msgspec.json.Decoder(_StatusRequest)
_STATUS_COLUMNS = "id, status, headcount, updated_at_s, status_observed_at_s"
DESCRIPTION_COLUMNS = (
    "id, name, name_kana, kind, address, district, longitude_deg, latitude_deg, capacity_persons,"
    " capacity_standard_persons, hazards, city, origin"
)
"""Columns of ``shelter`` that ``description`` reads, in its order."""


async def list_shelters(services: Services, call: Call) -> Reply:
    """All shelters, in order of id."""

    async def build() -> tuple[bytes, str]:
        rows = await services.store.all(
            f"SELECT {DESCRIPTION_COLUMNS} FROM shelter WHERE deleted_at_s IS NULL ORDER BY id"
        )
        town = await municipality(services)
        return json_with_etag({"items": [description(row, town) for row in rows]})

    return quoted(call, *await services.memory.recall(LIST, build))


async def list_shelter_status(services: Services, call: Call) -> Reply:
    """Status and headcount of every shelter, in order of id."""

    async def build() -> tuple[bytes, str]:
        rows = await services.store.all(f"SELECT {_STATUS_COLUMNS} FROM shelter WHERE deleted_at_s IS NULL ORDER BY id")
        return json_with_etag({"items": [_on_board(*row[:4]) for row in rows]})

    return quoted(call, *await services.memory.recall(BOARD, build))


async def get_shelter_status(services: Services, call: Call) -> Reply:
    """Status and headcount of one shelter, its households, and who lives outside of it and is supplied from it."""
    return quoted(call, *json_with_etag(await _full_status(services, call.parameters["shelter_id"])))


async def set_shelter_status(services: Services, call: Call) -> Reply:
    """Take the word of those on the spot; a newer observation wins, an older one is answered with what holds."""
    wanted = call.read(_STATUS_REQUEST)
    observed_at_s = observed_s(services, call, wanted.observed_at, "/observed_at")
    shelter_id = call.parameters["shelter_id"]
    async with services.store.transaction():
        check_if_match(call, json_with_etag(await _full_status(services, shelter_id))[1], required=False)
        await services.store.run(
            "UPDATE shelter SET status = ?, status_observed_at_s = ?, updated_at_s = ?"
            " WHERE id = ? AND (status_observed_at_s IS NULL OR status_observed_at_s <= ?)",
            (wanted.status, observed_at_s, call.now_s, shelter_id, observed_at_s),
        )
        held = await _full_status(services, shelter_id)
    services.memory.forget(BOARD)
    return json_reply(held, headers={"etag": json_with_etag(held)[1]})


async def demand_shelter(services: Services, shelter_id: str, pointer: str | None = None) -> None:
    """Demand that a shelter is there; ``pointer`` is where the body names it, None where the path does.

    Raises:
        ApiError: not-found, gone or validation.
    """
    row = await services.store.one("SELECT deleted_at_s FROM shelter WHERE id = ?", (shelter_id,))
    if row is not None and row[0] is None:
        return
    if pointer is not None:
        raise invalid(pointer, "unknown_shelter")
    raise ApiError("not-found" if row is None else "gone")


async def _full_status(services: Services, shelter_id: str) -> dict[str, object]:
    await demand_shelter(services, shelter_id)
    rows = await services.store.all(f"SELECT {_STATUS_COLUMNS} FROM shelter WHERE id = ?", (shelter_id,))
    households = await services.store.all(
        "SELECT COUNT(DISTINCT household) FROM check_in WHERE shelter_id = ? AND checked_out_at_s IS NULL",
        (shelter_id,),
    )
    outside = await services.store.all(
        "SELECT COALESCE(SUM(persons), 0), COALESCE(SUM(households), 0) FROM off_shelter_evacuees"
        " WHERE shelter_id = ? AND deleted_at_s IS NULL",
        (shelter_id,),
    )
    return _status(rows[0]) | {
        "households": households[0][0],
        "off_shelter_persons": outside[0][0],
        "off_shelter_households": outside[0][1],
    }


@lru_cache(maxsize=2048)
def _on_board(shelter_id: str, status: str, headcount: int, updated_at_s: float | None) -> msgspec.Raw:
    """An item of the board as JSON: from one board to the next, hardly any changes."""
    return msgspec.Raw(msgspec.json.encode(_status((shelter_id, status, headcount, updated_at_s))))


def _status(row: Row) -> dict[str, object]:
    return {
        "id": row[0],
        "status": row[1],
        "headcount": row[2],
        "updated_at": None if row[3] is None else instant(row[3]),
    }


def description(row: Row, town: Municipality) -> dict[str, object]:
    """What is published of a shelter."""
    return {
        "id": row[0],
        "municipality_code": town.code,
        "prefecture": town.prefecture,
        "city": row[11] or town.city,
        "name": row[1],
        "name_kana": row[2],
        "kind": row[3],
        "address": row[4],
        "district": row[5] or None,
        "position": point(row[6], row[7]),
        "capacity_persons": row[8],
        "capacity_standard_persons": row[9],
        "hazards": msgspec.Raw(row[10].encode("utf-8")),
        "origin": row[12],
    }
