"""Positions: shared by the citizen, seen by consent."""

import math
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, NamedTuple

import msgspec

from reference_api import disclosure
from reference_api.call import EARLIEST_YEAR, LATEST_YEAR, Call, Reply, json_reply
from reference_api.city.negotiation import preferred
from reference_api.city.observed import MAX_AHEAD_S, observed_s
from reference_api.city.shapes import Instant, Point, point
from reference_api.city.users import own_subject
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.oidc.subjects import local_sub, shown_sub
from reference_api.paging import fill, next_page, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

GEOJSON = "application/geo+json"

_TTL_S = 900
"""Source: contract, schema LocationRequest."""


class Box(NamedTuple):
    """A box in degrees; west greater than east crosses the antimeridian (RFC 7946 section 5.2)."""

    west_deg: float
    south_deg: float
    east_deg: float
    north_deg: float

    def condition(self) -> str:
        """SQL that holds for positions inside, with ``parameters``."""
        joined = "AND" if self.west_deg <= self.east_deg else "OR"
        return f" AND (longitude_deg >= ? {joined} longitude_deg <= ?) AND latitude_deg BETWEEN ? AND ?"

    def parameters(self) -> tuple[float, float, float, float]:
        """Parameters of ``condition``."""
        return self.west_deg, self.east_deg, self.south_deg, self.north_deg


EVERYWHERE = Box(-180.0, -90.0, 180.0, 90.0)


def read_box(call: Call) -> Box:
    """The query's ``bbox``, the whole globe where it is left out.

    Raises:
        ApiError: validation.
    """
    text = call.query().get("bbox")
    if text is None:
        return EVERYWHERE
    try:
        west_deg, south_deg, east_deg, north_deg = (float(part) for part in text.split(","))
    except ValueError as fault:
        raise invalid("bbox", "value") from fault
    box = Box(west_deg, south_deg, east_deg, north_deg)
    inside = all(map(math.isfinite, box)) and max(abs(west_deg), abs(east_deg)) <= 180.0
    if not inside or not -90.0 <= south_deg <= north_deg <= 90.0:
        raise invalid("bbox", "range")
    return box


class _Location(msgspec.Struct):
    position: Point
    observed_at: Instant
    accuracy_m: Annotated[float, msgspec.Meta(ge=0)] | None = None
    ttl_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = _TTL_S


class _Ping(msgspec.Struct, array_like=True, gc=False):
    """A row of a batch: columns in the order of the contract's schema LocationBatch."""

    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    longitude_deg: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    latitude_deg: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    observed_at: Instant
    accuracy_m: Annotated[float, msgspec.Meta(ge=0)] | None = None


class _Batch(msgspec.Struct):
    rows: Annotated[list[_Ping], msgspec.Meta(min_length=1, max_length=1000)]
    ttl_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = _TTL_S


_LOCATION = msgspec.json.Decoder(_Location)
_BATCH = msgspec.json.Decoder(_Batch)
_STORED = Reply(status=204)
_UPSERT = (
    " ON CONFLICT (sub) DO UPDATE SET longitude_deg = excluded.longitude_deg,"
    " latitude_deg = excluded.latitude_deg, observed_at_s = excluded.observed_at_s,"
    " accuracy_m = excluded.accuracy_m, expires_at_s = excluded.expires_at_s"
    " WHERE excluded.observed_at_s >= position.observed_at_s"
)
_INTO = "INSERT INTO position (sub, longitude_deg, latitude_deg, observed_at_s, accuracy_m, expires_at_s)"
EARLIEST_S, LATEST_S = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (EARLIEST_YEAR, LATEST_YEAR + 1))
"""Bounds of an observation (Unix seconds), those of ``call.unix_s``."""
_SELECT = (
    "SELECT position.sub, longitude_deg, latitude_deg, observed_at_s, accuracy_m, district, neighbourhood,"
    " expires_at_s, household FROM position JOIN account ON account.sub = position.sub WHERE expires_at_s > ?"
)


async def put_location(services: Services, call: Call) -> Reply:
    """A citizen shares where they are; an older observation than the stored one changes nothing."""
    sub = local_sub(services, call.token, call.parameters["sub"])
    if sub is None or call.token.subject != sub:
        raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
    request = call.read(_LOCATION)
    observed_at_s = observed_s(services, call, request.observed_at, "/observed_at")
    await services.store.run(
        _upsert(1),
        (sub, *request.position.degrees("/position"), observed_at_s, request.accuracy_m, call.now_s + request.ttl_s),
    )
    return _STORED


async def put_locations(services: Services, call: Call) -> Reply:
    """A service passes on positions of many people; who is not known here is passed over and never shown."""
    batch = call.read(_BATCH)
    expires_at_s = call.now_s + batch.ttl_s
    latest_s = math.inf if services.settings.sandbox else call.now_s + MAX_AHEAD_S
    told: dict[str, tuple[object, ...]] = {}
    for number, ping in enumerate(batch.rows):
        at_s = ping.observed_at.timestamp()
        if not EARLIEST_S <= at_s < LATEST_S:
            raise invalid(f"/rows/{number}/3", "value")
        # A device whose clock is ahead must not make its later positions look old, nor stop those of others.
        at_s = min(at_s, latest_s)
        row = (ping.sub, ping.longitude_deg, ping.latitude_deg, at_s, ping.accuracy_m, expires_at_s)
        if ping.sub not in told or told[ping.sub][3] <= at_s:  # type: ignore[operator]  # a time beside a time
            told[ping.sub] = row
    values = [value for row in told.values() for value in row]
    if call.token.sector is not None:
        values[::6] = [local_sub(services, call.token, sub) or "" for sub in told]
    async with services.store.transaction():
        await services.store.run(_upsert(len(told)), values)
    return _STORED


@cache
def _upsert(rows: int) -> str:
    """One statement for all rows: half the work of one for each."""
    return f"{_INTO} VALUES {', '.join(['(?, ?, ?, ?, ?, ?)'] * rows)}{_UPSERT}"


async def get_location(services: Services, call: Call) -> Reply:
    """Where a person is: one's own, one's family's as each permits, or anybody's as an area reader may see it."""
    sub = local_sub(services, call.token, call.parameters["sub"])
    row = await services.store.one(_SELECT + " AND position.sub = ?", (call.now_s, sub or ""))
    if row is None or not await _may_ask(services, call, row):
        raise ApiError("not-found")
    purpose = "disaster_support" if call.token.subject is None else "family_sharing"
    (found,) = await _show(services, call, [row], purpose)
    if found is None:
        raise ApiError("not-found")
    await disclosure.log(services, call, purpose, [(found[0], found[1])])
    return json_reply(found[2], headers={"cache-control": "no-store"})


async def _may_ask(services: Services, call: Call, row: Row) -> bool:
    """A citizen asks for people of the own household only, an association for those of its area."""
    if call.token.subject is None:
        return call.token.association in (None, row[6])
    if own_subject(call) is None:
        return bool(call.token.subject == row[0])
    own = await services.store.one("SELECT household FROM account WHERE sub = ?", (call.token.subject,))
    return own is not None and own[0] == row[8]


async def list_locations(services: Services, call: Call) -> Reply:
    """Positions in a box that have not expired, of the people whose consent permits it."""
    box = read_box(call)
    window = read_window(services, call, call.query().get("bbox", ""))
    area = call.token.association
    where = ("" if box == EVERYWHERE else box.condition()) + (" AND neighbourhood = ?" if area else "")
    chosen = (*(() if box == EVERYWHERE else box.parameters()), *([area] if area else []))
    purpose = call.operation.purpose or ""

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            f"{_SELECT}{where} AND position.sub > ? ORDER BY position.sub LIMIT ?",
            (call.now_s, *chosen, after or "", count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        return await _show(services, call, rows, purpose)

    page = await fill(window, fetch, show)
    await disclosure.log(services, call, purpose, [(key, decisions) for key, decisions, _ in page.items])
    shown = page.map(lambda found: found[2])
    if preferred(call, call.operation.media_types) != GEOJSON:
        return page_reply(services, call, window, shown)
    cursor, headers = next_page(services, call, window, shown)
    return feature_collection([_feature(found[2]) for found in page.items], cursor, headers)


def feature_collection(features: list[dict[str, object]], cursor: str | None, headers: dict[str, str]) -> Reply:
    """A page as GeoJSON; the cursor is a foreign member (RFC 7946 section 6.1)."""
    body = msgspec.json.encode({"type": "FeatureCollection", "features": features, "next_cursor": cursor})
    return Reply(body=body, headers=headers | {"vary": "accept"}, media_type=GEOJSON)


_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


async def _show(services: Services, call: Call, rows: list[Row], purpose: str) -> list[_Shown | None]:
    own = own_subject(call)
    people = [
        disclosure.Person(disclosure.person_key(row[0], None), row[0], row[5], row[6], own=row[0] == own)
        for row in rows
    ]
    judged = await disclosure.judge(services, call, people, purpose, ("location",))
    # People who agreed alike share their decisions: these are put into words once.
    entries = {id(one): disclosure.entries(one) for one in {id(one): one for one in judged}.values()}
    return [
        (person.key, decisions, _item(services, call, row, entries[id(decisions)]))
        if decisions["location"].permit
        else None
        for person, row, decisions in zip(people, rows, judged, strict=True)
    ]


def _item(services: Services, call: Call, row: Row, disclosed: list[msgspec.Raw]) -> dict[str, object]:
    return {
        "sub": shown_sub(services, call.token, row[0]),
        "position": point(row[1], row[2]),
        "observed_at": instant(row[3]),
        "expires_at": instant(row[7]),
        "accuracy_m": row[4],
        "disclosure": disclosed,
    }


def _feature(item: dict[str, object]) -> dict[str, object]:
    properties = {name: value for name, value in item.items() if name != "position"}
    return {"type": "Feature", "id": item["sub"], "geometry": item["position"], "properties": properties}
