"""The register of shelters: one shelter's description, shelters opened ad hoc, changes, and the end of a shelter."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from reference_api.call import Call, Reply, json_reply
from reference_api.city.conditional import check_if_match, json_with_etag, quoted
from reference_api.city.shapes import Code, Identifier, Name, Point
from reference_api.city.shelters import BOARD, DESCRIPTION_COLUMNS, LIST, demand_shelter, description
from reference_api.city.sites import LIST as SITES
from reference_api.city.sites import is_national_id
from reference_api.city.town import municipality
from reference_api.errors import ApiError, invalid
from reference_api.idempotency import once
from reference_api.services import Services

Persons = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
Hazard = Literal["flood", "landslide", "storm_surge", "earthquake", "tsunami", "large_fire", "inland_flood", "volcano"]
Fitness = Literal["suited", "limited", "unsuited"]
Address = Annotated[str, msgspec.Meta(max_length=400)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class _New(msgspec.Struct, kw_only=True):
    name: Title
    kind: Literal["general", "welfare", "site"] = "general"
    position: Point
    id: Identifier | None = None
    name_kana: Name = ""
    address: Address = ""
    city: Name = ""
    district: Code | None = None
    capacity_persons: Persons = 0
    capacity_standard_persons: Persons = 0
    hazards: Mapping[Hazard, Fitness] = {}


class _Change(msgspec.Struct, kw_only=True):
    name: Title | msgspec.UnsetType = msgspec.UNSET
    kind: Literal["general", "welfare", "site"] | msgspec.UnsetType = msgspec.UNSET
    position: Point | msgspec.UnsetType = msgspec.UNSET
    name_kana: Name | msgspec.UnsetType = msgspec.UNSET
    address: Address | msgspec.UnsetType = msgspec.UNSET
    city: Name | msgspec.UnsetType = msgspec.UNSET
    district: Code | msgspec.UnsetType = msgspec.UNSET
    capacity_persons: Persons | msgspec.UnsetType = msgspec.UNSET
    capacity_standard_persons: Persons | msgspec.UnsetType = msgspec.UNSET
    hazards: Mapping[Hazard, Fitness] | msgspec.UnsetType = msgspec.UNSET


_NEW = msgspec.json.Decoder(_New)
_CHANGE = msgspec.json.Decoder(_Change)
_ID_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_SAME = ("name", "kind", "name_kana", "address", "city", "district", "capacity_persons", "capacity_standard_persons")


async def get_shelter(services: Services, call: Call) -> Reply:
    """What is published of one shelter."""
    return quoted(call, *json_with_etag(await _described(services, call.parameters["shelter_id"])))


async def create_shelter(services: Services, call: Call) -> Reply:
    """Open a shelter that is in no register (臨時の避難所); it has no national ID."""
    request = call.read(_NEW)
    longitude_deg, latitude_deg = request.position.degrees("/position")
    if request.id is not None and (set(request.id) - _ID_ALPHABET or is_national_id(request.id)):
        raise invalid("/id", "national_id" if is_national_id(request.id) else "value")

    async def effect() -> Reply:
        shelter_id = request.id or await _free_id(services)
        if await services.store.one("SELECT 1 FROM shelter WHERE id = ?", (shelter_id,)) is not None:
            raise ApiError("conflict", "there is, or was, a shelter with this id")
        await services.store.run(
            "INSERT INTO shelter (id, name, name_kana, kind, address, city, district, longitude_deg, latitude_deg,"
            " capacity_persons, capacity_standard_persons, hazards, origin, updated_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'ad_hoc', ?)",
            (
                shelter_id,
                request.name,
                request.name_kana,
                request.kind,
                request.address,
                request.city,
                await _known_district(services, request.district),
                longitude_deg,
                latitude_deg,
                request.capacity_persons,
                request.capacity_standard_persons,
                msgspec.json.encode(request.hazards, order="sorted").decode(),
                call.now_s,
            ),
        )
        body, etag = json_with_etag(await _described(services, shelter_id))
        return Reply(201, body, {"location": f"/v1/shelters/{shelter_id}", "etag": etag})

    reply = await once(services, call, effect)
    services.memory.forget(BOARD, LIST)
    return reply


async def update_shelter(services: Services, call: Call) -> Reply:
    """Correct a shelter's description; what is not named stays."""
    request = call.read(_CHANGE)
    shelter_id = call.parameters["shelter_id"]
    values = {name: value for name in _SAME if (value := getattr(request, name)) is not msgspec.UNSET}
    if isinstance(request.position, Point):
        values["longitude_deg"], values["latitude_deg"] = request.position.degrees("/position")
    if not isinstance(request.hazards, msgspec.UnsetType):
        values["hazards"] = msgspec.json.encode(request.hazards, order="sorted").decode()
    async with services.store.transaction():
        held = await _described(services, shelter_id)
        check_if_match(call, json_with_etag(held)[1], required=True)
        if "district" in values:
            await _known_district(services, str(values["district"]))
        for name, value in values.items():
            await services.store.run(f"UPDATE shelter SET {name} = ? WHERE id = ?", (value, shelter_id))
        changed = await _described(services, shelter_id)
    services.memory.forget(LIST, SITES)
    return json_reply(changed, headers={"etag": json_with_etag(changed)[1]})


async def delete_shelter(services: Services, call: Call) -> Reply:
    """Take a shelter off the list for good; while somebody is in it this is a conflict."""
    shelter_id = call.parameters["shelter_id"]
    async with services.store.transaction():
        check_if_match(call, json_with_etag(await _described(services, shelter_id))[1], required=True)
        gone = await services.store.run(
            "UPDATE shelter SET deleted_at_s = ?, updated_at_s = ? WHERE id = ? AND headcount = 0",
            (call.now_s, call.now_s, shelter_id),
        )
        if not gone:
            raise ApiError("conflict", "people are in this shelter: check them out or transfer them first")
    services.memory.forget(BOARD, LIST, SITES)
    return Reply(status=204)


async def _described(services: Services, shelter_id: str) -> dict[str, object]:
    await demand_shelter(services, shelter_id)
    rows = await services.store.all(f"SELECT {DESCRIPTION_COLUMNS} FROM shelter WHERE id = ?", (shelter_id,))
    return description(rows[0], await municipality(services))


async def _known_district(services: Services, code: str | None) -> str:
    """The district's code, empty if none is named."""
    if code is None:
        return ""
    if await services.store.one("SELECT 1 FROM district WHERE code = ?", (code,)) is None:
        raise invalid("/district", "unknown_district")
    return code


async def _free_id(services: Services) -> str:
    """The next of NEW001, NEW002 ... that no shelter has or had."""
    rows = await services.store.all("SELECT id FROM shelter WHERE id LIKE 'NEW%'")
    taken = {row[0] for row in rows}
    return next(name for number in range(1, len(taken) + 2) if (name := f"NEW{number:03d}") not in taken)
