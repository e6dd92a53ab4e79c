"""Dates of FHIR: an incomplete date is an interval, and a search compares intervals.

A date without zone is a day of Japan: the city's clocks show Asia/Tokyo, and R4 leaves the zone to the server.
Source: HL7 FHIR R4 4.0.1, search.html sections 3.1.1.4.4 (prefixes) and 3.1.1.4.7 (date).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from reference_api.clock import JST
from reference_api.fhir.search.indexed import Indexed

FAR_S = 1e13
"""Later than every date that FHIR can write (year 9999), for periods without an end; its negative for a start."""

APPROXIMATION = 0.1
"""Share of the gap between now and the date. Source: HL7 FHIR R4 4.0.1, search.html, prefix ap."""

_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)
_UNENCODED_PLUS = re.compile(r"(T[\d:.]+) (\d\d:\d\d)$")


class Interval(NamedTuple):
    """From ``start_s`` to just before ``end_s``, Unix seconds."""

    start_s: float
    end_s: float


def interval_of(text: str) -> Interval:
    """The interval that a date of any precision stands for.

    Raises:
        ValueError: it is no date of FHIR.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("no date of FHIR")
    year, month, day, hour, _, second, fraction, _ = found.groups()
    if hour is not None:
        return _of_time(found, second, fraction)
    if day is not None:
        start = datetime(int(year), int(month), int(day), tzinfo=JST).timestamp()
        return Interval(start, start + 86_400.0)
    if month is not None:
        return Interval(_month_s(int(year), int(month)), _month_s(int(year), int(month) + 1))
    return Interval(_month_s(int(year), 1), _month_s(int(year), 13))


def _month_s(year: int, month: int) -> float:
    """When a month begins; month 13 is the next January."""
    if month == 13:
        year, month = year + 1, 1
    return FAR_S if year > 9999 else datetime(year, month, 1, tzinfo=JST).timestamp()


def _of_time(found: re.Match[str], second: str | None, fraction: str | None) -> Interval:
    year, month, day, hour, minute = (int(part) for part in found.groups()[:5])
    whole = int(second or 0)
    if whole > 60:
        raise ValueError("no time of day")
    zone = found[8]
    # A leap second is the second after :59 (datetimes of Python have none).
    moment = datetime(year, month, day, hour, minute, min(whole, 59), tzinfo=JST).timestamp() + whole // 60
    if zone is not None:
        moment += JST.utcoffset(None).total_seconds() - _offset_s(zone)
    if second is None:
        return Interval(moment, moment + 60.0)
    if fraction is None:
        return Interval(moment, moment + 1.0)
    digits = len(fraction)
    start = round(moment + int(fraction) / 10**digits, digits)
    return Interval(start, round(start + 10.0**-digits, digits))


def _offset_s(zone: str) -> float:
    if zone == "Z":
        return 0.0
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 14 or minutes > 59:
        raise ValueError("no zone")
    offset = timedelta(hours=hours, minutes=minutes).total_seconds()
    return -offset if zone[0] == "-" else offset


def interval_of_element(value: Any) -> Interval | None:
    """The interval of a date, dateTime, instant or Period of a resource; None if it has none that can be compared."""
    try:
        if isinstance(value, str):
            return interval_of(value)
        start, end = value.get("start"), value.get("end")
        if start is None and end is None:
            return None
        return Interval(
            -FAR_S if start is None else interval_of(start).start_s, FAR_S if end is None else interval_of(end).end_s
        )
    except (ValueError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A prefix: conditions on an interval and on an instant of a resource; ``s`` and ``e`` order their parameters."""

    interval_sql: str
    interval_order: str
    instant_sql: str
    instant_order: str
    holds: Callable[[Interval, Interval], bool]


_WITHIN = "(r.starts_s >= ? AND r.ends_s <= ?)"


def _within(target: Interval, search: Interval) -> bool:
    return target.start_s >= search.start_s and target.end_s <= search.end_s


_COMPARISONS: Mapping[str, _Comparison] = {
    "eq": _Comparison(_WITHIN, "se", "(r.updated_at_s >= ? AND r.updated_at_s < ?)", "se", _within),
    "ne": _Comparison(
        "(r.starts_s < ? OR r.ends_s > ?)",
        "se",
        "(r.updated_at_s < ? OR r.updated_at_s >= ?)",
        "se",
        lambda target, search: not _within(target, search),
    ),
    "gt": _Comparison(
        "r.ends_s > ?", "e", "r.updated_at_s >= ?", "e", lambda target, search: target.end_s > search.end_s
    ),
    "lt": _Comparison(
        "r.starts_s < ?", "s", "r.updated_at_s < ?", "s", lambda target, search: target.start_s < search.start_s
    ),
    "ge": _Comparison(
        f"(r.ends_s > ? OR {_WITHIN})",
        "ese",
        "r.updated_at_s >= ?",
        "s",
        lambda target, search: target.end_s > search.end_s or _within(target, search),
    ),
    "le": _Comparison(
        f"(r.starts_s < ? OR {_WITHIN})",
        "sse",
        "r.updated_at_s < ?",
        "e",
        lambda target, search: target.start_s < search.start_s or _within(target, search),
    ),
    "sa": _Comparison(
        "r.starts_s >= ?", "e", "r.updated_at_s >= ?", "e", lambda target, search: target.start_s >= search.end_s
    ),
    "eb": _Comparison(
        "r.ends_s <= ?", "s", "r.updated_at_s < ?", "s", lambda target, search: target.end_s <= search.start_s
    ),
    "ap": _Comparison(
        "(r.ends_s > ? AND r.starts_s < ?)",
        "se",
        "(r.updated_at_s >= ? AND r.updated_at_s < ?)",
        "se",
        lambda target, search: target.end_s > search.start_s and target.start_s < search.end_s,
    ),
}


@dataclass(frozen=True, slots=True)
class DateTest:
    """One date of a search, such as ``ge2027-01``; ``of_update`` asks when the server last changed the resource."""

    prefix: str
    interval: Interval
    of_update: bool = False

    def sql(self) -> tuple[str, list[Any]]:
        """The condition on row ``r`` and its parameters."""
        comparison = _COMPARISONS[self.prefix]
        text = comparison.instant_sql if self.of_update else comparison.interval_sql
        order = comparison.instant_order if self.of_update else comparison.interval_order
        return text, [self.interval.start_s if end == "s" else self.interval.end_s for end in order]

    def matches(self, indexed: Indexed) -> bool:
        """Whether it holds of one resource."""
        target = indexed.interval
        return target is not None and _COMPARISONS[self.prefix].holds(Interval(*target), self.interval)


def date_test(text: str, now_s: float, *, of_update: bool = False) -> DateTest:
    """The test that a value of a search stands for. A blank before an offset was a plus sign that nobody encoded.

    Raises:
        ValueError: it is no date of FHIR.
    """
    prefix, rest = (text[:2], text[2:]) if text[:2] in _COMPARISONS else ("eq", text)
    interval = interval_of(_UNENCODED_PLUS.sub(r"\1+\2", rest))
    if prefix == "ap":
        margin_s = APPROXIMATION * abs(now_s - interval.start_s)
        interval = Interval(interval.start_s - margin_s, interval.end_s + margin_s)
    return DateTest(prefix, interval, of_update)
