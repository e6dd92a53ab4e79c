"""Searches by date (FHIR-024). What is expected is computed from intervals, by R4 search.html#prefix and #date."""

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.check import check
from conformance.checks.health_fhir.chart import Chart
from conformance.context import Context
from conformance.fhir.capability import interacts, searches
from conformance.target import of_city_os
from conformance.text import Text

MADE = interacts("Patient", "create"), interacts("Observation", "create", "read")
NEVER, ALWAYS = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)

_SECONDS = re.compile(r"T\d\d:\d\d:\d\d")

Interval = tuple[datetime, datetime]
"""From, and to just before."""


def interval(value: str) -> Interval:
    """What a date covers, by its precision; a day, month or year is one of UTC."""
    if "T" in value:
        begin = datetime.fromisoformat(value).astimezone(UTC)
        return begin, begin + (timedelta(seconds=1) if _SECONDS.search(value) else timedelta(minutes=1))
    parts = [int(part) for part in value.split("-")]
    year, month, day = (*parts, 1, 1)[:3]
    begin = datetime(year, month, day, tzinfo=UTC)
    length_days = {3: 1, 2: monthrange(year, month)[1], 1: 366 if monthrange(year, 2)[1] == 29 else 365}[len(parts)]
    return begin, begin + timedelta(days=length_days)


def _target(resource: Mapping[str, Any]) -> Interval:
    period = resource.get("effectivePeriod")
    if period is None:
        return interval(resource["effectiveDateTime"])
    begin = interval(period["start"])[0] if "start" in period else NEVER
    return begin, interval(period["end"])[1] if "end" in period else ALWAYS


def matches(prefix: str, searched: Interval, target: Interval) -> bool | None:
    """Whether a date is found; None where readings of R4 differ (a value that touches the bounds of the search)."""
    low, high = searched
    is_within = low <= target[0] and target[1] <= high
    is_apart = target[1] <= low or high <= target[0]
    if prefix in ("eq", "ne"):
        return is_within if prefix == "eq" else not is_within
    if prefix in ("sa", "eb"):
        return is_apart and (target[0] >= high if prefix == "sa" else target[1] <= low)
    above, below = target[1] > high, target[0] < low
    if prefix in ("ge", "le"):
        if is_within or (above if prefix == "ge" else below):
            return True
    elif above if prefix == "gt" else below:
        return True
    is_clear = target[1] <= low if prefix in ("gt", "ge") else target[0] >= high
    return False if is_clear else None


def _judge(ctx: Context, chart: Chart, written: Mapping[str, Interval], prefix: str, value: str) -> None:
    """Demand that a search finds what it must, and nothing of what it must not."""
    found = chart.found(code=chart.token, date=f"{prefix}{value}")
    expected = {number: matches(prefix or "eq", interval(value), target) for number, target in written.items()}
    must = {number for number, is_match in expected.items() if is_match}
    may = {number for number, is_match in expected.items() if is_match is None}
    ctx.expect(
        Text(f"date={prefix}{value}: missing", f"date={prefix}{value}: 欠け"), expected=set(), actual=must - found
    )
    told = Text(f"date={prefix}{value}: wrongly found", f"date={prefix}{value}: 余分")
    ctx.expect(told, expected=set(), actual=found - must - may)


def _write(chart: Chart, *effective: str | Mapping[str, str]) -> dict[str, Interval]:
    written = {}
    for one in effective:
        given = (
            {"effectiveDateTime": one} if isinstance(one, str) else {"effectiveDateTime": None, "effectivePeriod": one}
        )
        body = chart.observation(**given)
        written[str(chart.write(body)["id"])] = _target(body)
    return written


@check("FHIR-024", "comparators", when=(*MADE, searches("Observation", "code", "date")))
def comparators(ctx: Context) -> None:
    """Searches instants and periods with every comparator, by instants with zones and by days far from midnight."""
    chart = Chart(ctx)
    written = _write(
        chart,
        "2027-01-14T12:00:00+00:00",
        "2027-01-15T21:00:00+09:00",
        "2027-01-15T12:00:01+00:00",
        "2027-01-16T12:00:00+00:00",
        {"start": "2027-01-13T12:00:00+00:00", "end": "2027-01-17T12:00:00+00:00"},
        {"start": "2027-01-18T12:00:00+00:00"},
        {"end": "2027-01-12T12:00:00+00:00"},
    )
    with ctx.control(Text("all of them", "すべて")):
        ctx.expect("code", expected=set(written), actual=chart.found(code=chart.token))
    for value in ("2027-01-15T12:00:00+00:00", "2027-01-15T21:00:00+09:00", "2027-01-15T04:00:00-08:00"):
        for prefix in ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"):
            _judge(ctx, chart, written, prefix, value)
    for prefix in ("", "ne", "gt", "lt", "ge", "le"):
        _judge(ctx, chart, written, prefix, "2027-01-15")
    two = chart.found(code=chart.token, date=["ge2027-01-14", "lt2027-01-15"])
    expected = {n for n, t in written.items() if t[1] > interval("2027-01-14")[0] and t[0] < interval("2027-01-15")[0]}
    ctx.expect("date=ge2027-01-14&date=lt2027-01-15", expected=expected, actual=two)


@check("FHIR-024", "partial_dates", when=(*MADE, searches("Observation", "code", "date")))
def partial_dates(ctx: Context) -> None:
    """Writes days, months and years and searches by days, months and years."""
    chart = Chart(ctx)
    written = _write(chart, "2026", "2027", "2027-01", "2027-02", "2027-01-15", "2027-02-28", "2026-07-01T12:00:00Z")
    for value in ("2027", "2027-01", "2027-01-15", "2026", "2028"):
        for prefix in ("", "ne", "gt", "lt", "ge", "le"):
            _judge(ctx, chart, written, prefix, value)


@check("FHIR-024", "japan", when=(of_city_os, *MADE, searches("Observation", "code", "date")))
def days_of_japan(ctx: Context) -> None:
    """Writes times around midnight in Japan, and searches by the day, alone and beside another parameter."""
    chart = Chart(ctx)
    at = ("2027-03-20T23:59:59+09:00", "2027-03-21T00:00:00+09:00", "2027-03-20T15:00:00Z", "2027-03-21T23:59:59+09:00")
    ids = [str(chart.write(chart.observation(effectiveDateTime=one))["id"]) for one in at]
    with ctx.control(Text("all of them", "すべて")):
        ctx.expect("code", expected=set(ids), actual=chart.found(code=chart.token))
    day, before = {ids[1], ids[2], ids[3]}, {ids[0]}
    for query in ({}, {"code": chart.token}, {"patient": chart.subject["reference"]}):
        found = chart.found(date="2027-03-21", **query) & set(ids)
        ctx.expect(f"date=2027-03-21 {query}", expected=day, actual=found)
    ctx.expect("date=2027-03-20", expected=before, actual=chart.found(date="2027-03-20") & set(ids))
    ctx.expect("date=lt2027-03-21", expected=before, actual=chart.found(code=chart.token, date="lt2027-03-21"))
    ctx.expect("date=ge2027-03-21", expected=day, actual=chart.found(code=chart.token, date="ge2027-03-21"))
