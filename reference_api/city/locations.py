"""Positions: shared by the citizen, seen by consent."""

import math
from typing import Annotated, Any

import msgspec

from reference_api import disclosure
from reference_api.call import Call, Reply, unix_s
from reference_api.city.shapes import Instant, Point, point
from reference_api.clock import instant
from reference_api.errors import ApiError, invalid
from reference_api.paging import fill, page_reply, read_window
from reference_api.services import Services
from reference_api.store.protocol import Row

EVERYWHERE = (-180.0, -90.0, 180.0, 90.0)


class _Location(msgspec.Struct):
    position: Point
    observed_at: Instant
    accuracy_m: Annotated[float, msgspec.Meta(ge=0)] | None = None
    ttl_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 900


_LOCATION = msgspec.json.Decoder(_Location)
_STORED = Reply(status=204)


async def put_location(services: Services, call: Call) -> Reply:
    """A citizen shares where they are; an older observation than the stored one changes nothing."""
    sub = call.parameters["sub"]
    if call.token.subject != sub:
        raise ApiError("insufficient-scope", "a citizen's token speaks of its own subject only")
    request = call.read(_LOCATION)
    observed_at_s = unix_s(request.observed_at, "/observed_at")
    await services.store.run(
        "INSERT INTO position (sub, longitude_deg, latitude_deg, observed_at_s, accuracy_m, expires_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sub) DO UPDATE SET longitude_deg = excluded.longitude_deg,"
        " latitude_deg = excluded.latitude_deg, observed_at_s = excluded.observed_at_s,"
        " accuracy_m = excluded.accuracy_m, expires_at_s = excluded.expires_at_s"
        " WHERE excluded.observed_at_s >= position.observed_at_s",
        (sub, *request.position.degrees("/position"), observed_at_s, request.accuracy_m, call.now_s + request.ttl_s),
    )
    return _STORED


async def list_locations(services: Services, call: Call) -> Reply:
    """Positions in a box that have not expired, of the people whose consent permits it."""
    text = call.query().get("bbox")
    west_deg, south_deg, east_deg, north_deg = EVERYWHERE if text is None else _box(text)
    window = read_window(services, call, text or "")
    area = call.token.association

    async def fetch(after: Any, count: int) -> list[Row]:
        return await services.store.all(
            "SELECT position.sub, longitude_deg, latitude_deg, observed_at_s, accuracy_m, district, neighbourhood"
            " FROM position JOIN account ON account.sub = position.sub WHERE position.sub > ? AND expires_at_s > ?"
            " AND longitude_deg BETWEEN ? AND ? AND latitude_deg BETWEEN ? AND ?"
            + (" AND neighbourhood = ?" if area else "")
            + " ORDER BY position.sub LIMIT ?",
            (after or "", call.now_s, west_deg, east_deg, south_deg, north_deg, *([area] if area else []), count),
        )

    async def show(rows: list[Row]) -> list[_Shown | None]:
        people = [disclosure.Person(disclosure.person_key(row[0], None), row[0], row[5], row[6]) for row in rows]
        judged = await disclosure.judge(services, call, people, call.operation.purpose or "", ("location",))
        return [
            (person.key, decisions, _item(row, decisions)) if decisions["location"].permit else None
            for person, row, decisions in zip(people, rows, judged, strict=True)
        ]

    page = await fill(window, fetch, show)
    shown = [(key, decisions) for key, decisions, _ in page.items]
    await disclosure.log(services, call, call.operation.purpose or "", shown)
    return page_reply(services, call, window, page.map(lambda found: found[2]))


_Shown = tuple[str, disclosure.Decisions, dict[str, object]]


def _item(row: Row, decisions: disclosure.Decisions) -> dict[str, object]:
    return {
        "sub": row[0],
        "position": point(row[1], row[2]),
        "observed_at": instant(row[3]),
        "accuracy_m": row[4],
        "disclosure": disclosure.entries(decisions),
    }


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west_deg, south_deg, east_deg, north_deg = (float(part) for part in text.split(","))
    except ValueError as fault:
        raise invalid("bbox", "value") from fault
    box = (west_deg, south_deg, east_deg, north_deg)
    if not all(map(math.isfinite, box)) or west_deg > east_deg or south_deg > north_deg:
        raise invalid("bbox", "range")
    return box
