"""What a desk wrote down while it was offline is taken in once, as it was observed."""

from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.disaster.moments import moment, same, shifted
from conformance.checks.disaster.reception import Reception, stranger
from conformance.context import Context
from conformance.text import Text


@check("DIS-010")
def batches_count_once(ctx: Context) -> None:
    """Send four arrivals and a departure out of order, then again in another order, and read what is held."""
    desk = Reception(ctx)
    shelter = desk.shelter()
    before = desk.counting(shelter)
    items = _written(ctx, shelter)
    first = _sent(ctx, desk, ctx.draws.shuffled(items))
    outcomes = {name: row.get("outcome") for name, row in first.items()}
    wanted = {item["client_item_id"]: "counted" if item["kind"] == "check_in" else "checked_out" for item in items}
    ctx.expect(Text("outcome of each item", "各項目の結果"), expected=wanted, actual=outcomes)
    _held(ctx, desk, shelter, before, items, first)
    again = _sent(ctx, desk, ctx.draws.shuffled(items))
    ctx.require(
        Text("no item is rejected when it is sent again", "送り直した項目が拒まれない"),
        all(row.get("outcome") != "rejected" for row in again.values()),
        expected="no outcome rejected",
        actual={name: row.get("outcome") for name, row in again.items()},
    )
    _held(ctx, desk, shelter, before, items, first)
    _sent(ctx, desk, items[:2])
    _held(ctx, desk, shelter, before, items, first)


def _written(ctx: Context, shelter: str) -> list[dict[str, Any]]:
    """Arrivals of four people, two hours ago and later, and the departure of the first."""
    begin = shifted(moment(), -7200)
    people = [stranger(ctx) for _ in range(4)]
    items = [
        _item(ctx, "check_in", who, shifted(begin, 600 * number), shelter_id=shelter, channel="paper")
        for number, who in enumerate(people)
    ]
    return [*items, _item(ctx, "check_out", people[0], shifted(begin, 4000))]


def _item(ctx: Context, kind: str, who: Mapping[str, Any], at: str, **more: Any) -> dict[str, Any]:
    return {"client_item_id": ctx.fresh(), "kind": kind, **who, "observed_at": at, **more}


def _sent(ctx: Context, desk: Reception, items: list[dict[str, Any]]) -> dict[str, Any]:
    """The results of a batch by the items' ids, in the order in which they were sent."""
    reply = desk.upload(items)
    ctx.expect_status(Text("a batch that was written down offline", "通信断の間の受付の一括送信"), reply, 200)
    results = [row for row in reply.members.get("results", []) if isinstance(row, dict)]
    told = [row.get("client_item_id") for row in results]
    what = Text("a result for each item, in the order of the request", "要求の順の、項目ごとの結果")
    ctx.expect(what, expected=[item["client_item_id"] for item in items], actual=told)
    return {row["client_item_id"]: row for row in results}


def _held(
    ctx: Context,
    desk: Reception,
    shelter: str,
    before: int,
    items: list[dict[str, Any]],
    results: Mapping[str, Any],
) -> None:
    """Three are there, and each arrival keeps its time."""
    ctx.expect(Text("headcount on the board", "状況一覧の人数"), expected=before + 3, actual=desk.headcount(shelter))
    for item in items[:4]:
        told = desk.read(str(results[item["client_item_id"]].get("check_in_id"))).get("observed_at")
        what = Text("time of observation that is kept", "保たれた観測時刻")
        ctx.require(what, same(told, item["observed_at"]), expected=item["observed_at"], actual=told)


@check("DIS-010", "items")
def items_stand_for_themselves(ctx: Context) -> None:
    """Send an item's id with another content, and a faulty item beside good ones: it alone is rejected."""
    desk = Reception(ctx)
    shelter = desk.shelter()
    before = desk.counting(shelter)
    where = {"shelter_id": shelter, "channel": "paper"}
    good, further = (_item(ctx, "check_in", stranger(ctx), moment(), **where) for _ in range(2))
    with ctx.control(Text("a good item is counted", "正しい項目は数えられる")):
        _is(ctx, "outcome", _sent(ctx, desk, [good]), good, "counted")
    other = {**good, **stranger(ctx)}
    what = Text("the same id with another content", "同じIDで別の内容")
    _is(ctx, what, _sent(ctx, desk, [other]), other, "rejected")
    faulty = {**_item(ctx, "check_in", stranger(ctx), "yesterday"), **where}
    results = _sent(ctx, desk, [faulty, further])
    _is(ctx, Text("a faulty item", "誤りのある項目"), results, faulty, "rejected")
    _is(ctx, Text("a good item beside a faulty one", "誤りのある項目と並ぶ正しい項目"), results, further, "counted")
    corrected = {**faulty, "observed_at": moment()}
    what = Text("a faulty item, corrected under its id", "同じIDで直した項目")
    _is(ctx, what, _sent(ctx, desk, [corrected]), corrected, "counted")
    ctx.expect(Text("headcount on the board", "状況一覧の人数"), expected=before + 3, actual=desk.headcount(shelter))


def _is(ctx: Context, what: Text | str, results: Mapping[str, Any], item: Mapping[str, Any], outcome: str) -> None:
    ctx.expect(what, expected=outcome, actual=results[item["client_item_id"]].get("outcome"))
