"""Positions: longitude first, told by the person for a time, and seen in their area only."""

import time
from collections.abc import Iterator
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.context import Context
from conformance.generated.making import Making, answered
from conformance.generated.members import is_point, members_where
from conformance.generated.offer import may_write, offers_operation, response_schema, rest_operations
from conformance.outcomes import Unmet
from conformance.target import with_sandbox, with_second_person
from conformance.text import Text
from conformance.wire import Reply

JAPAN = ((122.0, 154.5), (20.0, 46.0))
"""Longitudes and latitudes of Japan, in degrees: no longitude there is a latitude. Source: GSI, the ends of Japan."""

HERE, THERE = (139.93, 37.49), (139.97, 37.53)
"""Two places some kilometres apart, longitude and latitude in degrees."""

WAIT_S = 4.0
"""How long a position of one second is waited for to go, in seconds. Confidence C."""

OWN = offers_operation("putLocation", "getLocation")


def points_in(reply: Reply, schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Coordinates of the points of an answer."""
    for place, value in members_where(dict(reply.members), schema, is_point):
        if isinstance(value, dict):
            yield place, value.get("coordinates")


def _judge_point(ctx: Context, told: str, coordinates: Any) -> None:
    good = isinstance(coordinates, list) and len(coordinates) in (2, 3)
    good = good and all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in coordinates)
    ctx.require(f"coordinates: {told}", good, expected="[longitude, latitude]", actual=coordinates)
    (west, east), (south, north) = JAPAN
    inside = west <= coordinates[0] <= east and south <= coordinates[1] <= north
    name = Text(f"coordinates in Japan, longitude first: {told}", f"日本の中の座標、経度が先: {told}")
    ctx.require(name, inside, expected=f"longitude {west} to {east}, latitude {south} to {north}", actual=coordinates)


@check("REST-026")
def longitude_comes_first(ctx: Context) -> None:
    """Every point in the answers of all reads lies in Japan with its longitude first, as JSON and as GeoJSON."""
    making, judged = Making(ctx), 0
    if may_write(ctx.target) is None and ctx.target.people:
        making.send(making.request("putLocation"))
    reads = [one for one in rest_operations(ctx.target) if one.method == "GET"]
    for request, first in answered(making, reads):
        geo = "application/geo+json"
        second = [making.send(request, headers={"accept": geo})] if geo in request.operation.media_types else []
        for reply in (first, *second):
            schema = response_schema(request.operation, 200, reply.media_type)
            for place, coordinates in points_in(reply, schema) if schema else ():
                judged += 1
                _judge_point(ctx, f"{place} of {request.name}", coordinates)
    if not judged:
        ctx.skip("no answer holds a position", "位置のある答えがない")


@check("REST-026", "written", when=(may_write, OWN))
def position_comes_back(ctx: Context) -> None:
    """A person tells a position and reads it: the same numbers in the same order."""
    making = Making(ctx, 1)
    person = making.person()
    with ctx.control("a position is taken"):
        ctx.expect_status("putLocation", _tell(ctx, making, person, HERE), 204, 200, 201)
    seen = _read(ctx, person, person).members.get("position", {})
    ctx.expect(
        Text("coordinates that come back", "返ってきた座標"),
        expected=list(HERE),
        actual=seen.get("coordinates", [])[:2],
    )


def _tell(
    ctx: Context,
    making: Making,
    person: PersonAccount,
    place: tuple[float, float],
    ttl_s: int = 600,
    ahead_s: float = 0,
) -> Reply:
    point = {"type": "Point", "coordinates": list(place)}
    body = {"position": point, "observed_at": making.now(ahead_s), "accuracy_m": 10.0, "ttl_s": ttl_s}
    return ctx.city.call("putLocation", person, body, path={"sub": person.user})


def _read(ctx: Context, who: Any, of: PersonAccount) -> Reply:
    return ctx.city.call("getLocation", who, path={"sub": of.user})


def _order(place: tuple[float, float]) -> tuple[float, ...]:
    return tuple(sorted(place))


def _place(reply: Reply) -> tuple[float, ...]:
    """Which place an answer tells; in which order its numbers stand, another check judges."""
    found = reply.members.get("position", {})
    return tuple(sorted(found.get("coordinates", ())[:2])) if isinstance(found, dict) else ()


@check("REST-033", when=(may_write, OWN, with_second_person))
def only_the_person_writes(ctx: Context) -> None:
    """A person tells a position; another person and a client try to write it: refused, and it stays as it was."""
    making = Making(ctx, 2)
    person, other = making.person(), making.next_person()
    with ctx.control("the person's own position is taken"):
        ctx.expect_status("putLocation", _tell(ctx, making, person, HERE), 204, 200, 201)
    body = {"position": {"type": "Point", "coordinates": list(THERE)}, "observed_at": making.now(0), "ttl_s": 600}
    for who in (other, *(("city_office",) if ctx.target.of_role("city_office") else ()), None):
        reply = ctx.city.call("putLocation", who, body, path={"sub": person.user})
        told = getattr(who, "user", who) or "nobody"
        ctx.refused_status(Text(f"position written by {told}", f"{told} による位置の書き込み"), reply, 401, 403, 404)
    ctx.expect(
        Text("position after others tried", "他の人の試みの後の位置"),
        expected=_order(HERE),
        actual=_place(_read(ctx, person, person)),
    )


@check("REST-033", "older", when=(may_write, OWN))
def older_observation_changes_nothing(ctx: Context) -> None:
    """A person tells a position and then one that was observed before it: the first stays."""
    making = Making(ctx, 4)
    person = making.person()
    with ctx.control("a position is taken"):
        ctx.expect_status("putLocation", _tell(ctx, making, person, HERE), 204, 200, 201)
    older = _tell(ctx, making, person, THERE, ahead_s=-120)
    ctx.require(
        "an older observation is no error of the server", older.status < 500, expected="no 5xx", actual=older.status
    )
    ctx.expect(
        Text("position after an older observation", "古い観測の後の位置"),
        expected=_order(HERE),
        actual=_place(_read(ctx, person, person)),
    )
    newer = _tell(ctx, making, person, THERE, ahead_s=0)
    ctx.expect_in("a newer observation", expected=range(200, 300), actual=newer.status)
    ctx.expect("position after a newer observation", expected=_order(THERE), actual=_place(_read(ctx, person, person)))


@check("REST-033", "ttl", when=(may_write, OWN))
def position_ends(ctx: Context) -> None:
    """A person tells a position for one second: soon it is not told any more."""
    making = Making(ctx, 5)
    person = making.person()
    with ctx.control("a position is taken and told"):
        ctx.expect_status("putLocation", _tell(ctx, making, person, HERE, ttl_s=600), 204, 200, 201)
        ctx.expect("position", expected=_order(HERE), actual=_place(_read(ctx, person, person)))
        ctx.expect_status("putLocation", _tell(ctx, making, person, THERE, ttl_s=1), 204, 200, 201)
    until_s = time.monotonic() + WAIT_S
    reply = _read(ctx, person, person)
    while reply.status == 200 and time.monotonic() < until_s:
        time.sleep(0.25)
        reply = _read(ctx, person, person)
    ctx.refused_status(Text("a position of one second, later", "一秒の位置を後で読む"), reply, 404, 410)


@check("REST-034", when=(with_sandbox, offers_operation("listLocations", "putLocation", "createConsent")), alone=True)
def areas_hold_who_is_there(ctx: Context) -> None:
    """A person who agreed tells a position: areas around it hold the person, areas elsewhere do not."""
    making = Making(ctx)
    person = making.person()
    consent = {"purpose": "disaster_support", "data_categories": ["location"], "recipients": ["municipality"]}
    given = ctx.city.call("createConsent", person, {**consent, "modes": ["normal"]})
    if given.status != 201:
        raise Unmet(f"a person's consent is not taken: {given.status} {given.text[:200]}")
    path = {"consent_id": str(given.members.get("record_id"))}
    ctx.afterwards(lambda: ctx.city.call("withdrawConsent", person, {}, path=path))
    _tell(ctx, making, person, HERE)
    x, y = HERE
    for told, box in (
        ("around it", (x - 0.01, y - 0.01, x + 0.01, y + 0.01)),
        ("across the antimeridian, the long way", (x - 0.01, y - 0.01, -150, y + 0.01)),
    ):
        with ctx.control(f"the area {told} holds the person"):
            ctx.expect_in(told, expected=_people_in(ctx, box), actual=person.user)
    for told, box in (
        ("east of it", (x + 0.01, y - 0.01, x + 0.02, y + 0.01)),
        ("north of it", (x - 0.01, y + 0.01, x + 0.01, y + 0.02)),
        ("with longitude and latitude swapped", (y - 0.01, x - 50.01, y + 0.01, x - 49.99)),
        ("across the antimeridian", (170, y - 0.01, -170, y + 0.01)),
    ):
        seen = _people_in(ctx, box)
        ctx.refused(
            Text(f"people in an area {told}", f"範囲の中の人: {told}"),
            person.user not in seen,
            expected=f"without {person.user}",
            actual=seen,
        )
    for wrong in ("1,2,3", "a,b,c,d", "139,37,140,36", "0,0,0,91"):
        reply = ctx.city.call("listLocations", "city_office", query={"bbox": wrong})
        ctx.refused_status(f"bbox={wrong}", reply, 400, 422)


def _people_in(ctx: Context, box: tuple[float, ...]) -> list[str]:
    query = {"bbox": ",".join(f"{one:.4f}" for one in box)}
    return [str(one.get("sub")) for one in ctx.city.items("listLocations", "city_office", query)]


@check("REST-045", when=(may_write, offers_operation("putLocations", "getLocation")))
def batches_are_whole(ctx: Context) -> None:
    """Positions of a person and of nobody are sent together, then with a faulty row: taken, and refused as a whole."""
    making = Making(ctx, 6)
    person = making.person()
    known, unknown = [person.user, *HERE, making.now(0), 10.0], [f"nobody-{ctx.fresh(4)}", *HERE, making.now(0), 10.0]
    gateway = making.who("putLocations")
    with ctx.control("positions sent together are taken"):
        reply = ctx.city.call("putLocations", gateway, {"rows": [known, unknown], "ttl_s": 600})
        ctx.expect_in("putLocations", expected=range(200, 300), actual=reply.status)
    ctx.expect(
        Text("position sent beside one of nobody", "知らない人と一緒に送った位置"),
        expected=_order(HERE),
        actual=_place(_read(ctx, person, person)),
    )
    later = [person.user, *THERE, making.now(0), 10.0]
    for told, faulty in (
        ("a latitude of 91", [person.user, 0, 91, making.now(0)]),
        ("no time", [person.user, *HERE, "yesterday"]),
    ):
        reply = ctx.city.call("putLocations", gateway, {"rows": [later, faulty], "ttl_s": 600})
        ctx.refused_status(Text(f"a batch with {told}", f"誤りのある一括: {told}"), reply, 400, 422)
        ctx.refused(
            f"position after a batch with {told}",
            _place(_read(ctx, person, person)) == _order(HERE),
            expected=_order(HERE),
            actual=_place(_read(ctx, person, person)),
        )
    older = ctx.city.call(
        "putLocations", gateway, {"rows": [[person.user, *THERE, making.now(-120), 10.0]], "ttl_s": 600}
    )
    ctx.expect_in("a batch with an older position", expected=range(200, 300), actual=older.status)
    ctx.expect("position after an older one", expected=_order(HERE), actual=_place(_read(ctx, person, person)))


@check("REST-045", "scope", when=(may_write, offers_operation("putLocations")))
def batches_are_of_the_gateway(ctx: Context) -> None:
    """A client without location.write.batch may not pass positions on."""
    making = Making(ctx)
    body = making.request("putLocations").body
    with ctx.control("the gateway's positions are taken"):
        ctx.expect_in(
            "putLocations",
            expected=range(200, 300),
            actual=ctx.city.call("putLocations", making.who("putLocations"), body).status,
        )
    reply = ctx.city.call("putLocations", making.person(), body)
    ctx.refused_status("putLocations by a person", reply, 403)
