"""Emergency evacuation sites (指定緊急避難場所): where to flee from which hazard, as JSON and as GeoJSON."""

import re
from collections.abc import Mapping

import msgspec

from reference_api.call import Call, Reply
from reference_api.city.conditional import json_with_etag, quoted
from reference_api.city.negotiation import preferred
from reference_api.city.shapes import point
from reference_api.city.town import Municipality, municipality
from reference_api.errors import ApiError
from reference_api.services import Services
from reference_api.store.protocol import Row

GEOJSON = "application/geo+json"
"""Source: RFC 7946 section 12."""

HAZARDS = ("flood", "landslide", "storm_surge", "earthquake", "tsunami", "large_fire", "inland_flood", "volcano")
"""Kinds of disaster a site is designated for, in the order of 自治体標準オープンデータセット (災害種別)."""

PLACE_CHARACTERS = 11
"""Start of a national ID that names the place; what follows names the kind. Source: measured on 301 places."""

_NATIONAL_ID = re.compile(r"E[0-9]{13}")
"""Source: GSI, 全国共通避難所・避難場所ID, measured on 301 places."""

_COLUMNS = (
    "id, name, name_kana, address, district, city, longitude_deg, latitude_deg, elevation_m, capacity_persons, hazards,"
    " for_communities"
)


def is_national_id(text: str) -> bool:
    """Whether a text has the form of a 全国共通避難所・避難場所ID."""
    return _NATIONAL_ID.fullmatch(text) is not None


LIST = "evacuation sites"
"""Name of the list in the memory; whoever takes a shelter off the register forgets it."""


async def list_evacuation_sites(services: Services, call: Call) -> Reply:
    """All sites, in order of id."""

    async def build() -> list[dict[str, object]]:
        rows = await services.store.all(f"SELECT {_COLUMNS} FROM evacuation_site ORDER BY id")
        return await _shapes(services, rows)

    items = await services.memory.recall(LIST, build)
    features = {"type": "FeatureCollection", "features": [_feature(item) for item in items]}
    return _negotiated(call, {"items": items}, features)


async def get_evacuation_site(services: Services, call: Call) -> Reply:
    """One site."""
    rows = await services.store.all(
        f"SELECT {_COLUMNS} FROM evacuation_site WHERE id = ?", (call.parameters["site_id"],)
    )
    if not rows:
        raise ApiError("not-found")
    item = (await _shapes(services, rows))[0]
    return _negotiated(call, item, _feature(item))


def _negotiated(call: Call, plain: Mapping[str, object], geojson: Mapping[str, object]) -> Reply:
    """The representation that the client would rather have."""
    media_type = preferred(call, ("application/json", GEOJSON))
    reply = quoted(call, *json_with_etag(geojson if media_type == GEOJSON else plain))
    return Reply(reply.status, reply.body, {**reply.headers, "vary": "accept"}, media_type)


async def _shapes(services: Services, rows: list[Row]) -> list[dict[str, object]]:
    shelters = await services.store.all(
        "SELECT id, kind FROM shelter WHERE deleted_at_s IS NULL AND kind <> 'site' ORDER BY id"
    )
    town = await municipality(services)
    by_place: dict[str, dict[str, str]] = {}
    for shelter_id, kind in shelters:
        if is_national_id(shelter_id):
            by_place.setdefault(shelter_id[:PLACE_CHARACTERS], {})[shelter_id] = kind
    return [_site(row, town, _same_place(row[0], by_place)) for row in rows]


def _same_place(site_id: str, by_place: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Kind of each shelter at the site's place, by id; an id of the town's own names no place."""
    return by_place.get(site_id[:PLACE_CHARACTERS], {}) if is_national_id(site_id) else {}


def _site(row: Row, town: Municipality, shelters: Mapping[str, str]) -> dict[str, object]:
    fitness = msgspec.json.decode(row[10])
    return {
        "id": row[0],
        "municipality_code": town.code,
        "prefecture": town.prefecture,
        "city": row[5] or town.city,
        "name": row[1],
        "name_kana": row[2],
        "address": row[3],
        "district": row[4] or None,
        "position": point(row[6], row[7]),
        "elevation_m": row[8],
        "capacity_persons": row[9],
        "designated_for": {hazard: fitness.get(hazard) in ("suited", "limited") for hazard in HAZARDS},
        "for_communities": row[11],
        "shelter_ids": list(shelters),
        "also_shelter": "general" in shelters.values(),
        "also_welfare_shelter": "welfare" in shelters.values(),
    }


def _feature(item: dict[str, object]) -> dict[str, object]:
    """A GeoJSON feature. Source: RFC 7946 section 3.2."""
    properties = {name: value for name, value in item.items() if name not in ("position", "id")}
    return {"type": "Feature", "id": item["id"], "geometry": item["position"], "properties": properties}
