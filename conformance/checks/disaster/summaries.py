"""Summaries of safety tell of no small number, however they are compared."""

from collections.abc import Mapping
from typing import Any

from conformance.check import check
from conformance.checks.disaster.declaring import area_of, associations
from conformance.checks.disaster.moments import moment
from conformance.checks.disaster.reception import OFFICE, done
from conformance.context import Context
from conformance.target import with_sandbox
from conformance.text import Text

LEAST = 5
"""The least number that a summary tells. Source: contract, SafetySummaryList.k."""

STATUSES = ("safe", "injured", "needs_help")

REPORTS = (
    ("safe",) * 4 + ("injured",) + ("safe",) * 3 + ("injured",) + ("needs_help",) + ("safe",) * 3 + ("injured",) * 4
)


@check("DIS-021", when=(with_sandbox,), alone=True)
def summaries_hide_small_numbers(ctx: Context) -> None:
    """Report on made-up people one by one, and look after each at every number, rest and difference that is told."""
    ctx.sandbox.reset()
    area = area_of(associations(ctx)[0]) if associations(ctx) else ""
    before = _summary(ctx)
    begin = _row(before, None)
    for number, status in enumerate(REPORTS):
        _report(ctx, status, area if number % 2 else "")
        before = _summary(ctx)
        _safe(ctx, before)
    ctx.require(
        Text("the summary moves with the reports", "集計は報告とともに変わる"),
        _row(before, None) != begin or len(before["items"]) > 1,
        expected="other numbers after so many reports",
        actual=before,
    )


def _report(ctx: Context, status: str, area: str) -> None:
    subject = {"temp_id": f"suite-{ctx.fresh()}", **({"neighbourhood": area} if area else {})}
    body = {"status": status, "observed_at": moment(), "subject": subject, "method": "visit"}
    done(ctx.city.call("reportSafety", OFFICE, body))


def _summary(ctx: Context) -> Mapping[str, Any]:
    found = done(ctx.city.call("summariseSafety", OFFICE), 200)
    for row in found["items"]:
        if row["district"] is not None:
            alone = done(ctx.city.call("summariseSafety", OFFICE, query={"area": row["district"]}), 200)
            what = Text("a district alone and in the whole", "地区だけの集計と全体の集計")
            ctx.expect(what, expected=[row], actual=alone["items"])
    return found


def _row(summary: Mapping[str, Any], district: str | None) -> Mapping[str, Any]:
    return next((row for row in summary["items"] if row["district"] == district), {})


def _safe(ctx: Context, summary: Mapping[str, Any]) -> None:
    ctx.require(Text("k", "k"), summary.get("k", 0) >= LEAST, expected="5 or more", actual=summary.get("k"))
    least = summary["k"]
    for row in summary["items"]:
        cells = [row[status] for status in STATUSES]
        small = [cell for cell in cells if cell is not None and 0 < cell < least]
        ctx.expect(Text("small numbers that are told", "示された少ない数"), expected=[], actual=small)
        hidden, rest = cells.count(None), row["withheld"]
        alone = rest not in (None, 0) and (hidden < 2 or rest < least or rest in (hidden, hidden * (least - 1)))
        what = Text("a rest that gives away what is withheld", "秘匿した数が分かる残り")
        ctx.require(what, not alone, expected="a sum of two or more, of 5 or more people", actual=row)
    districts = summary.get("withheld_districts")
    whole = [row for row in summary["items"] if all(row[status] is None for status in STATUSES)]
    told = districts not in (None, 0) and (len(whole) < 2 or districts < least)
    what = Text("people of districts that are withheld", "秘匿した地区の計")
    ctx.require(what, not told, expected="a sum over two districts or more", actual=summary)
