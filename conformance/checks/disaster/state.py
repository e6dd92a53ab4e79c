"""Which mode holds where: normal, drill or disaster."""

from conformance.check import check
from conformance.checks.disaster.declaring import declare, free_areas, held, mode_in
from conformance.checks.disaster.moments import is_instant, moment
from conformance.checks.disaster.reception import DESK, OFFICE, done
from conformance.city.caller import Who
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

MODE = Text("mode of the area in the state", "状態が示す地区のモード")


@check("DIS-001", alone=True)
def modes_follow_one_another(ctx: Context) -> None:
    """Declare a drill, a disaster over it, a drill again, the same disaster again, and end it."""
    (area,) = free_areas(ctx)
    _declared(ctx, "drill", area)
    reply = _declared(ctx, "disaster", area)
    with ctx.control(MODE):
        ctx.expect(MODE, expected="disaster", actual=mode_in(ctx, area))
    over = declare(ctx, "drill", [area])
    ctx.refused_status(Text("a drill where a disaster holds", "災害中の地区への訓練の宣言"), over, 409)
    ctx.expect(MODE, expected="disaster", actual=mode_in(ctx, area))
    again = declare(ctx, "disaster", [area])
    ctx.expect_status(Text("the same disaster declared again", "同じ災害の再度の宣言"), again, 200, 201)
    what = Text("id of the disaster that was declared already", "すでに宣言された災害のid")
    ctx.expect(what, expected=reply.members.get("id"), actual=again.members.get("id"))
    _ended(ctx, str(reply.members.get("id")), area)
    _declared(ctx, "drill", area)
    done(declare(ctx, "normal", [area]))
    ctx.expect(MODE, expected="normal", actual=mode_in(ctx, area))


def _declared(ctx: Context, mode: str, area: str) -> Reply:
    reply = declare(ctx, mode, [area])
    ctx.expect_status(Text(f"declaration: {mode}", f"宣言: {mode}"), reply, 201)
    ctx.expect(MODE, expected=mode, actual=mode_in(ctx, area))
    number = held(ctx).get(area, {}).get("event_id")
    ctx.expect(
        Text("declaration that the state names", "状態が示す宣言"), expected=reply.members.get("id"), actual=number
    )
    read = ctx.city.call("getDisasterEvent", path={"event_id": str(number)}).members
    told = (read.get("mode"), read.get("ended_at"))
    ctx.expect(Text("mode and end of the declaration", "宣言のモードと終わり"), expected=(mode, None), actual=told)
    return reply


def _ended(ctx: Context, number: str, area: str) -> None:
    reply = end(ctx, number)
    ctx.expect_status(Text("ending a declaration", "宣言を終える"), reply, 200)
    ctx.expect(MODE, expected="normal", actual=mode_in(ctx, area))
    told = ctx.city.call("getDisasterEvent", path={"event_id": number}).members.get("ended_at")
    what = Text("end of a declaration that was ended", "終えた宣言の終了日時")
    ctx.require(what, is_instant(told), expected="a time with an offset", actual=told)


def end(ctx: Context, number: str) -> Reply:
    """End a declaration by its id."""
    path = {"event_id": number}
    tag = ctx.city.call("getDisasterEvent", path=path).header("etag")
    return ctx.city.call("updateDisasterEvent", OFFICE, {"mode": "normal"}, headers={"if-match": tag}, path=path)


@check("DIS-022", alone=True)
def only_the_city_declares(ctx: Context) -> None:
    """Declare a disaster as the city, then as a citizen, an association, a shelter's desk and nobody."""
    (area,) = free_areas(ctx)
    with ctx.control(Text("the city declares", "市が宣言する")):
        ctx.expect_status("declareDisaster", declare(ctx, "disaster", [area]), 201)
    done(declare(ctx, "normal", [area]))
    with ctx.control(MODE):
        ctx.expect(MODE, expected="normal", actual=mode_in(ctx, area))
    others: list[Who] = [
        ctx.city.person(0),
        DESK,
        *ctx.target.of_role("association")[:1],
        *ctx.target.of_role("service")[-1:],
    ]
    body = {"mode": "disaster", "hazard": "flood", "areas": [area], "declared_at": moment()}
    for who in others:
        reply = ctx.city.call("declareDisaster", who, body)
        ctx.refused_status(Text("a disaster that others than the city declare", "市以外による災害の宣言"), reply, 403)
    reply = ctx.city.call("declareDisaster", None, body)
    ctx.refused_status(Text("a disaster that nobody declares", "トークンのない災害の宣言"), reply, 401)
    ctx.expect(MODE, expected="normal", actual=mode_in(ctx, area))


@check("DIS-044", alone=True)
def ended_declarations_are_listed(ctx: Context) -> None:
    """Declare two, end one, and list: both are there, in the order in which they came."""
    area, other = free_areas(ctx, 2)
    ended = str(done(declare(ctx, "disaster", [area])).get("id"))
    lasting = str(done(declare(ctx, "drill", [other])).get("id"))
    done(end(ctx, ended), 200)
    listed = ctx.city.items("listDisasterEvents")
    order = [one.get("id") for one in listed if one.get("id") in (ended, lasting)]
    what = Text("declarations in the list, in order", "一覧の宣言の順")
    ctx.expect(what, expected=[ended, lasting], actual=order)
    ends = {one["id"]: one.get("ended_at") for one in listed if one.get("id") in (ended, lasting)}
    what = Text("end of the declaration that ended", "終わった宣言の終了日時")
    ctx.require(what, is_instant(ends[ended]), expected="a time with an offset", actual=ends[ended])
    ctx.expect(Text("end of the one that lasts", "続く宣言の終了日時"), expected=None, actual=ends[lasting])
