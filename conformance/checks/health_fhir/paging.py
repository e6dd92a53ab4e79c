"""Searches in pages (FHIR-015), and their order (FHIR-043)."""

from collections import Counter
from urllib.parse import parse_qsl, urlsplit

from conformance.check import check
from conformance.checks.health_fhir.chart import Chart
from conformance.context import Context
from conformance.fhir.capability import interacts, searches
from conformance.fhir.server import matches_of
from conformance.text import Text
from conformance.wire import Reply

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
COUNT, WRITTEN = 2, 5


def _self_link(reply: Reply) -> str:
    links = reply.json.get("link") or []
    return next((str(one.get("url", "")) for one in links if one.get("relation") == "self"), "")


def _judge_page(ctx: Context, page: Reply, ids: set[str]) -> None:
    """Demand that a page is a searchset of what matches, with links and modes, and no longer than asked for."""
    ctx.expect_status(page.url, page, 200)
    ctx.expect("Bundle.type", expected="searchset", actual=page.json.get("type"))
    ctx.require("link self", _self_link(page), expected="an address", actual=page.json.get("link"))
    rows = page.json.get("entry", [])
    modes = {row.get("search", {}).get("mode", "match") for row in rows}
    ctx.require(
        "search.mode", modes <= {"match", "include", "outcome"}, expected="match, include, outcome", actual=modes
    )
    found = {str(one.get("id")) for one in matches_of(page.json)}
    ctx.expect(Text("matches that were not asked for", "条件に合わない結果"), expected=set(), actual=found - ids)
    size = len(matches_of(page.json))
    ctx.require("_count", size <= COUNT, expected=f"at most {COUNT} matches", actual=size)
    total = page.json.get("total")
    ctx.expect_in("Bundle.total", expected=(None, len(ids)), actual=total)
    for row in rows:
        ctx.require("fullUrl", row.get("fullUrl"), expected="an address", actual=row.get("fullUrl"))


@check("FHIR-015", when=(*MADE, searches("Observation", "code", "patient")))
def pages(ctx: Context) -> None:
    """Writes resources that match and others that do not, and reads a search of two a page to its end."""
    chart = Chart(ctx)
    other = Chart(ctx, patient=chart.patient_id)
    written = {str(chart.write(chart.observation(valueString=f"{n}"))["id"]) for n in range(WRITTEN)}
    for _ in range(WRITTEN - 1):
        other.write(other.observation())
    first = ctx.fhir.search("Observation", {"code": chart.token, "_count": COUNT})
    seen = Counter[str]()
    for page in ctx.fhir.bundles(first):
        _judge_page(ctx, page, written)
        seen.update(str(one.get("id")) for one in matches_of(page.json))
    ctx.expect(Text("matches that are missing", "欠けた結果"), expected=set(), actual=written - set(seen))
    doubles = {number for number, count in seen.items() if count > 1}
    ctx.expect(Text("matches that came twice", "重複した結果"), expected=set(), actual=doubles)
    again = ctx.fhir.send("GET", _self_link(first))
    ctx.expect_status("GET self", again, 200)
    same = [one.get("id") for one in matches_of(first.json)], [one.get("id") for one in matches_of(again.json)]
    ctx.expect(Text("what self leads to", "self の指す結果"), expected=same[0], actual=same[1])
    counted = ctx.fhir.search("Observation", {"code": chart.token, "_count": 0})
    ctx.expect_status("_count=0", counted, 200)
    ctx.expect("_count=0: entry", expected=[], actual=matches_of(counted.json))
    ctx.expect("_count=0: total", expected=WRITTEN, actual=counted.json.get("total"))
    nothing = ctx.fhir.search("Observation", {"code": f"{chart.token}-none"})
    ctx.expect_status(Text("a search that finds nothing", "何も見つからない検索"), nothing, 200)
    ctx.expect("Bundle.type", expected="searchset", actual=nothing.json.get("type"))
    ctx.expect("entry", expected=[], actual=matches_of(nothing.json))


@check("FHIR-043", when=(*MADE, searches("Observation", "code", "date")))
def sorted_results(ctx: Context) -> None:
    """Writes days in no order, and searches by _sort in both directions, where self says that it is used."""
    chart = Chart(ctx)
    days = [f"2027-01-{day:02}T12:00:00+00:00" for day in (11, 15, 12, 14, 13)]
    for day in ctx.draws.shuffled(days):
        chart.write(chart.observation(effectiveDateTime=day))
    for order, expected in (("date", sorted(days)), ("-date", sorted(days, reverse=True))):
        reply = ctx.fhir.search("Observation", {"code": chart.token, "_sort": order})
        if reply.status >= 400 or dict(parse_qsl(urlsplit(_self_link(reply)).query)).get("_sort") != order:
            ctx.omit(f"self does not say that _sort={order} was used", f"self に _sort={order} がない")
        found = [one.get("effectiveDateTime") for one in matches_of(reply.json)]
        ctx.require(f"_sort={order}", found, expected="matches", actual=found)
        ctx.expect(f"_sort={order}", expected=expected[: len(found)], actual=found)
        paged = ctx.fhir.found("Observation", {"code": chart.token, "_sort": order, "_count": COUNT})
        told = Text(f"_sort={order} over pages", f"_sort={order}(ページをまたいで)")
        ctx.expect(told, expected=expected, actual=[one.get("effectiveDateTime") for one in paged])
