"""Dangerous places that people post: published after moderation, never with who posted them."""

from collections.abc import Mapping
from typing import Any

from conformance.accounts import PersonAccount
from conformance.check import check
from conformance.checks.disaster.moments import moment
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

PLACE = (139.929819, 37.494763)
"""Longitude, then latitude (RFC 7946 3.1.1); any place on land will do."""

GEO = "application/geo+json"

STATE = Text("state of moderation", "審査の状態")


def _post(ctx: Context, person: PersonAccount) -> str:
    """Post a place; it is taken back when the check ends. Its id."""
    body = {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": list(PLACE)},
        "properties": {"kind": "road_flooded", "observed_at": moment(), "description": f"冠水 {ctx.fresh(6)}"},
    }
    reply = done(ctx.city.call("postHazardReport", person, body), 201)
    number = str(reply.get("id"))
    ctx.afterwards(lambda: _delete(ctx, person, number))
    return number


def _read(ctx: Context, who: Any, number: str) -> Reply:
    return ctx.city.call("getHazardReport", who, path={"hazard_report_id": number})


def _delete(ctx: Context, person: PersonAccount, number: str) -> Reply:
    return ctx.city.call("deleteHazardReport", person, path={"hazard_report_id": number})


def _judge(ctx: Context, number: str, state: str) -> Reply:
    tag = {"if-match": _read(ctx, OFFICE, number).header("etag")}
    path = {"hazard_report_id": number}
    return ctx.city.call("moderateHazardReport", OFFICE, {"state": state}, headers=tag, path=path)


def _public(ctx: Context, number: str) -> Mapping[str, Any]:
    """The post as the public sees it; empty if it does not."""
    listed = ctx.city.items("listHazardReports", None)
    return next((one for one in listed if str(one.get("id")) == number), {})


def _state(ctx: Context, who: Any, number: str) -> object:
    return _read(ctx, who, number).members.get("properties", {}).get("state")


@check("DIS-029")
def posts_wait_for_moderation(ctx: Context) -> None:
    """Post, list, read as another, publish, list, and look for the poster; reject another post, and list."""
    person, other = ctx.city.person(0), ctx.city.person(3)
    number, rejected = _post(ctx, person), _post(ctx, person)
    with ctx.control(Text("the poster reads the post", "投稿者が投稿を読む")):
        ctx.expect_status("getHazardReport", _read(ctx, person, number), 200)
    _hidden(ctx, other, number, "posted")
    done(_judge(ctx, rejected, "rejected"), 200)
    _hidden(ctx, other, rejected, "rejected")
    done(_judge(ctx, number, "published"), 200)
    seen = _public(ctx, number)
    ctx.require(Text("a published post in the list", "公開した投稿の一覧"), seen, expected="there", actual=seen)
    _formed(ctx, seen)
    for post in (seen, _read(ctx, other, number).members, _feature(ctx, number)):
        _without_poster(ctx, post, person)
    done(_judge(ctx, number, "hidden"), 200)
    _hidden(ctx, other, number, "hidden")


def _hidden(ctx: Context, other: PersonAccount, number: str, state: str) -> None:
    seen = _public(ctx, number)
    ctx.refused(
        Text(f"a post that is {state}, in the public list", f"{state} の投稿の公開"),
        not seen,
        expected="absent",
        actual=seen,
    )
    reply = _read(ctx, other, number)
    ctx.refused_status(Text(f"a post that is {state}, read by another", f"{state} の投稿を他人が読む"), reply, 404, 403)


def _formed(ctx: Context, post: Mapping[str, Any]) -> None:
    geometry = post.get("geometry") or {}
    told = (post.get("type"), geometry.get("type"))
    ctx.expect(Text("types of post and place (RFC 7946)", "GeoJSONの種類"), expected=("Feature", "Point"), actual=told)
    place = geometry.get("coordinates") or (0, 0)
    near = all(abs(float(a) - b) < 0.02 for a, b in zip(place, PLACE, strict=False))
    what = Text("place: longitude, then latitude, near where it was seen", "位置(経度、緯度の順)")
    ctx.require(what, near, expected=f"near {PLACE}", actual=place)
    exact = [round(float(one), 6) for one in place[:2]] == list(PLACE)
    what = Text("the exact place, unless the moderator permits it", "審査者が認めない正確な位置")
    ctx.require(what, not exact, expected="the middle of a cell", actual=place)


def _feature(ctx: Context, number: str) -> Mapping[str, Any]:
    reply = ctx.city.call("listHazardReports", None, headers={"accept": GEO})
    ctx.expect(
        Text("type of the list as GeoJSON", "GeoJSONの一覧の種類"),
        expected="FeatureCollection",
        actual=reply.members.get("type"),
    )
    return next((one for one in reply.members.get("features", []) if str(one.get("id")) == number), {})


def _without_poster(ctx: Context, post: Mapping[str, Any], person: PersonAccount) -> None:
    names = _members(post)
    marks = sorted(names & {"sub", "poster", "posted_by", "author", "user", "person", "reporter", "name", "client_id"})
    ctx.expect(Text("members that tell who posted", "投稿者を示す項目"), expected=[], actual=marks)
    values = {str(one) for one in _values(post)}
    ctx.expect(
        Text("whether the poster's ID is in the post", "投稿者のIDが投稿にあるか"),
        expected=False,
        actual=person.user in values,
    )


def _members(value: object) -> set[str]:
    if isinstance(value, Mapping):
        return set(value) | {name for inner in value.values() for name in _members(inner)}
    return {name for inner in value for name in _members(inner)} if isinstance(value, list) else set()


def _values(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return [one for inner in value.values() for one in _values(inner)]
    return [one for inner in value for one in _values(inner)] if isinstance(value, list) else [value]


@check("DIS-048")
def posts_show_their_state_and_go(ctx: Context) -> None:
    """Post, follow the state as poster and moderator, try a wrong step and another's hand, delete and read."""
    person, other = ctx.city.person(1), ctx.city.person(2)
    number = _post(ctx, person)
    for who in (person, OFFICE):
        ctx.expect(STATE, expected="posted", actual=_state(ctx, who, number))
        listed = {str(one.get("id")) for one in ctx.city.items("listPostedHazardReports", who, {"state": "posted"})}
        ctx.expect(
            Text("whether the list of posts has it", "投稿の一覧にあるか"), expected=True, actual=number in listed
        )
    with ctx.control(Text("a moderator's step", "審査の段階")):
        ctx.expect_status("moderateHazardReport", _judge(ctx, number, "published"), 200)
    for who in (person, OFFICE):
        ctx.expect(STATE, expected="published", actual=_state(ctx, who, number))
    ctx.refused_status(
        Text("from published to posted", "公開から投稿への後戻り"), _judge(ctx, number, "posted"), 409, 422
    )
    ctx.expect_status(Text("hiding it", "隠す"), _judge(ctx, number, "hidden"), 200)
    ctx.expect(STATE, expected="hidden", actual=_state(ctx, person, number))
    others = {str(one.get("id")) for one in ctx.city.items("listPostedHazardReports", other)}
    ctx.refused(
        Text("another's post among one's own", "自分の投稿の一覧の他人の投稿"),
        number not in others,
        expected="absent",
        actual=number in others,
    )
    ctx.refused_status(Text("deleting another's post", "他人の投稿の削除"), _delete(ctx, other, number), 404, 403)
    ctx.expect_status(Text("deleting one's post", "自分の投稿の削除"), _delete(ctx, person, number), 204, 200)
    for who in (person, OFFICE):
        ctx.refused_status(Text("a post that was deleted", "消した投稿"), _read(ctx, who, number), 410, 404)
