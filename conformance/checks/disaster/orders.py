"""Evacuation orders as the city issues, moves and lifts them."""

from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.disaster.declaring import areas
from conformance.checks.disaster.moments import is_instant, moment, same
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Reply

KINDS: Mapping[int, str] = {3: "elderly_evacuation", 4: "evacuation_order", 5: "emergency_safety"}
"""Kind of an order by its level. Source: 避難情報に関するガイドライン; contract, schema EvacuationOrder."""

BASIC = (
    "reason",
    "municipality_code",
    "prefecture_name",
    "municipality_name",
    "kind",
    "status",
    "areas",
    "updated_at",
    "level",
)
"""The nine basic items of 避難指示等（発令毎）, as the contract names them. Source: EEI v1.1; contract, x-maps-to."""


def issue(ctx: Context, level: object = 4, area: str = "", **more: Any) -> Reply:
    """Ask to issue an order; it is lifted when the check ends."""
    body = {"level": level, "areas": [area or any_area(ctx)], "reason": "適合性検査", "issued_at": moment(), **more}
    reply = ctx.city.call("issueEvacuationOrder", OFFICE, body)
    if reply.status == 201:
        ctx.afterwards(lambda: lift(ctx, str(reply.members.get("id"))))
    return reply


def lift(ctx: Context, number: str, reason: str = "検査の終了", at: str = "") -> Reply:
    """Ask to lift an order."""
    body = {"lifted_at": at or moment(), "reason": reason}
    return ctx.city.call("liftEvacuationOrder", OFFICE, body, path={"order_id": number})


def change(ctx: Context, number: str, **changed: Any) -> Reply:
    """Ask to move an order."""
    path = {"order_id": number}
    tag = ctx.city.call("getEvacuationOrder", path=path).header("etag")
    body = {"changed_at": moment(), **changed}
    return ctx.city.call("updateEvacuationOrder", OFFICE, body, headers={"if-match": tag}, path=path)


def read(ctx: Context, number: str) -> Mapping[str, Any]:
    """An order as JSON."""
    return done(ctx.city.call("getEvacuationOrder", path={"order_id": number}), 200)


def any_area(ctx: Context) -> str:
    """The code of an area of the town."""
    found = areas(ctx)
    if not found:
        ctx.skip("no area of the town is known", "地区が一つも分からない")
    return found[0]


@check("DIS-003")
def orders_have_the_basic_items(ctx: Context) -> None:
    """Issue an order of each level, read it alone and in the list, and issue levels that there are not."""
    area = any_area(ctx)
    numbers = []
    for level, kind in KINDS.items():
        with ctx.control(Text(f"an order of level {level}", f"警戒レベル{level}の発令")):
            reply = issue(ctx, level, area)
            ctx.expect_status("issueEvacuationOrder", reply, 201)
        number = str(reply.members.get("id"))
        numbers.append(number)
        _basic(ctx, read(ctx, number), level, kind, area)
    listed = {one.get("id"): one for one in ctx.city.items("listEvacuationOrders")}
    for number, (level, kind) in zip(numbers, KINDS.items(), strict=True):
        _basic(ctx, listed.get(number, {}), level, kind, area)
    for wrong in (0, 6, -1, 4.5, "4", None):
        what = Text(f"an order of level {wrong!r}", f"警戒レベル {wrong!r} の発令")
        ctx.refused_status(what, issue(ctx, wrong, area), 422, 400)


def _basic(ctx: Context, order: Mapping[str, Any], level: int, kind: str, area: str) -> None:
    missing = [name for name in BASIC if order.get(name) in (None, "", [])]
    ctx.expect(Text("EEI's basic items that an order lacks", "EEI基本項目の欠け"), expected=[], actual=missing)
    told = (order["level"], order["kind"], order["status"], order["areas"], order["reason"])
    what = Text("level, kind, status, areas and reason", "レベル、区分、発令・解除、対象地区、理由")
    ctx.expect(what, expected=(level, kind, "issued", [area], "適合性検査"), actual=told)
    code = str(order["municipality_code"])
    what = Text("code of the municipality: six digits", "地方公共団体コード(6桁)")
    ctx.require(what, len(code) == 6 and code.isdigit(), expected="six digits", actual=order["municipality_code"])
    what = Text("time of the order", "発令・移行・解除日時")
    ctx.require(what, is_instant(order["updated_at"]), expected="a time with an offset", actual=order["updated_at"])


@check("DIS-043")
def orders_are_moved_and_lifted(ctx: Context) -> None:
    """Issue an order, move it to another level, lift it, and read it after each."""
    number = str(done(issue(ctx, 3)).get("id"))
    ctx.expect_status(Text("moving an order", "避難指示等の移行"), change(ctx, number, level=4), 200)
    order = read(ctx, number)
    told = (order.get("level"), order.get("kind"), order.get("status"))
    ctx.expect(
        Text("level, kind and status", "レベル、区分、発令・解除"), expected=(4, KINDS[4], "issued"), actual=told
    )
    at = moment()
    reply = lift(ctx, number, "雨が弱まった", at)
    ctx.expect_status(Text("lifting an order", "避難指示等の解除"), reply, 200)
    order = read(ctx, number)
    told = (order.get("id"), order.get("status"), order.get("lifting_reason"))
    what = Text("id, status and reason of the order that was lifted", "解除した避難指示等のid、区分、理由")
    ctx.expect(what, expected=(number, "lifted", "雨が弱まった"), actual=told)
    ctx.require(
        Text("time of lifting", "解除日時"),
        same(order.get("lifted_at"), at),
        expected=at,
        actual=order.get("lifted_at"),
    )
    for status, there in (("issued", False), ("lifted", True)):
        listed = [one.get("id") for one in ctx.city.items("listEvacuationOrders", query={"status": status})]
        what = Text(f"whether the list of orders {status} has it", f"{status} の一覧にあるか")
        ctx.expect(what, expected=there, actual=number in listed)
    with ctx.control(Text("it is lifted", "解除されている")):
        ctx.expect("status", expected="lifted", actual=order.get("status"))
    ctx.refused_status(Text("moving an order that was lifted", "解除後の移行"), change(ctx, number, level=5), 409)
