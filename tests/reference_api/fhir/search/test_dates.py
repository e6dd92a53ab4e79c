"""Dates are intervals of Japan's clock, and the prefixes compare them as R4 says."""

import sqlite3
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.fhir.search.dates import FAR_S, date_test, interval_of, interval_of_element
from reference_api.fhir.search.indexed import Indexed

JST = timezone(timedelta(hours=9))
NOW_S = datetime(2027, 1, 15, 7, tzinfo=JST).timestamp()
FIRST = datetime(2026, 1, 1, tzinfo=JST)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=JST)
POINTS = sorted(
    {FIRST + timedelta(hours=hours) for hours in range(2 * 365 * 24)}
    | {NEW_YEAR + timedelta(minutes=minutes) for minutes in range(-1440, 2 * 1440)}
)
"""Every hour of 2026 and 2027, and every minute of three days around the new year.

No time below is the last minute of a day: whether a day goes on after its last point, points cannot tell.
"""

DATES = ["2026", "2027", "2026-12", "2027-01", "2027-02", "2026-12-31", "2027-01-01", "2027-01-02"]
TIMES = [
    f"{day}T{time}{zone}"
    for day in ("2026-12-31", "2027-01-01")
    for time in ("00:00", "00:01", "10:00", "14:58", "15:00", "23:58")
    for zone in ("", "Z", "+09:00", "-05:00")
]
SECONDS = [f"{text[:16]}:00{text[16:]}" for text in TIMES if len(text) > 16]
PREFIXES = ["", "eq", "ne", "gt", "ge", "lt", "le", "sa", "eb"]


@cache
def covered(text: str) -> tuple[datetime, ...]:
    """The points that a date covers: those that a clock of its zone writes with the same first letters."""
    day, mark, time = text.partition("T")
    zone = JST
    if time.endswith("Z"):
        time, zone = time[:-1], timezone(timedelta(0))
    elif time[-6:-5] in ("+", "-"):
        sign = -1 if time[-6] == "-" else 1
        zone = timezone(sign * timedelta(hours=int(time[-5:-3])))
        time = time[:-6]
    return tuple(point for point in POINTS if point.astimezone(zone).isoformat().startswith(day + mark + time))


def slowly(prefix: str, target: tuple[datetime, ...], search: tuple[datetime, ...]) -> bool:
    """The prefixes as R4 words them, over points of time."""
    contained = set(target) <= set(search)
    above, below = target[-1] > search[-1], target[0] < search[0]
    return {
        "": contained,
        "eq": contained,
        "ne": not contained,
        "gt": above,
        "ge": above or contained,
        "lt": below,
        "le": below or contained,
        "sa": target[0] > search[-1],
        "eb": target[-1] < search[0],
    }[prefix]


def indexed(interval: Any) -> Indexed:
    """A resource of which only its date is known."""
    return Indexed("x", 1, frozenset(), interval)


@given(
    prefix=st.sampled_from(PREFIXES),
    search=st.sampled_from(DATES + TIMES + SECONDS),
    start=st.sampled_from(DATES + SECONDS),
    end=st.none() | st.sampled_from(DATES + SECONDS),
)
def test_prefixes_compare_intervals(prefix: str, search: str, start: str, end: str | None) -> None:
    """A search finds a date or a period exactly when the wording of R4 over points of time does."""
    target = covered(start)
    value: Any = start
    if end is not None and covered(end)[-1] >= target[0]:
        target = tuple(point for point in POINTS if target[0] <= point <= covered(end)[-1])
        value = {"start": start, "end": end}
    interval = interval_of_element(value)
    expected = slowly(prefix, target, covered(search))
    assert date_test(prefix + search, NOW_S).matches(indexed(interval)) is expected


@given(
    st.sampled_from([*PREFIXES, "ap"]),
    st.sampled_from(DATES + TIMES),
    st.tuples(st.sampled_from(DATES + SECONDS), st.sampled_from(DATES + SECONDS)).map(
        lambda pair: sorted((interval_of(pair[0]).start_s, interval_of(pair[1]).end_s))
    ),
)
def test_sql_and_predicate_agree(prefix: str, search: str, target: list[float]) -> None:
    """The condition of SQL holds for a row exactly when the predicate holds for the resource."""
    test = date_test(prefix + search, NOW_S)
    text, values = test.sql()
    row = sqlite3.connect(":memory:").execute(
        f"SELECT {text} FROM (SELECT ? AS starts_s, ? AS ends_s) r",  # noqa: S608 - the text under test
        (*values, *target),
    )
    assert bool(row.fetchone()[0]) is test.matches(indexed(tuple(target)))


@given(st.sampled_from(PREFIXES), st.sampled_from(DATES + TIMES), st.sampled_from(SECONDS))
def test_last_update_is_compared_as_an_instant(prefix: str, search: str, moment: str) -> None:
    """For ``_lastUpdated`` an instant is compared as the point of time it is."""
    test = date_test(prefix + search, NOW_S, of_update=True)
    text, values = test.sql()
    at_s = interval_of(moment).start_s
    row = sqlite3.connect(":memory:").execute(
        f"SELECT {text} FROM (SELECT ? AS updated_at_s) r",  # noqa: S608 - the text under test
        (*values, at_s),
    )
    assert bool(row.fetchone()[0]) is slowly(prefix, covered(moment), covered(search))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2027-01-15", "2027-01-14T15:00:00Z", "2027-01-15T14:59:59Z"),
        ("2027-01", "2026-12-31T15:00:00Z", "2027-01-31T14:59:59Z"),
        ("2027", "2026-12-31T15:00:00Z", "2027-12-31T14:59:59Z"),
        ("2024-02", "2024-02-01T00:00:00+09:00", "2024-02-29T23:59:59+09:00"),
    ],
)
def test_a_day_without_zone_is_a_day_of_japan(text: str, first: str, last: str) -> None:
    """A date begins and ends at midnight of Asia/Tokyo, so that in UTC it begins the day before."""
    interval = interval_of(text)
    assert interval.start_s == datetime.fromisoformat(first).timestamp()
    assert interval.end_s == datetime.fromisoformat(last).timestamp() + 1


def test_midnight_of_japan_parts_the_days() -> None:
    """A measurement at 23:59:59 belongs to one day and at 00:00:00 to the next, whatever zone it is written in."""
    before = interval_of_element("2027-01-15T14:59:59Z")
    after = interval_of_element("2027-01-15T15:00:00Z")
    for text, first, second in (("2027-01-15", True, False), ("2027-01-16", False, True)):
        assert date_test(text, NOW_S).matches(indexed(before)) is first
        assert date_test(text, NOW_S).matches(indexed(after)) is second


def test_open_periods_reach_to_the_end_of_time() -> None:
    """A period without an end is not before anything, one without a start not after anything."""
    begun = indexed(interval_of_element({"start": "2027-01-15"}))
    over = indexed(interval_of_element({"end": "2027-01-15"}))
    assert date_test("gt9998", NOW_S).matches(begun)
    assert not date_test("eb9998", NOW_S).matches(begun)
    assert date_test("lt0002", NOW_S).matches(over)
    assert not date_test("sa0002", NOW_S).matches(over)
    assert interval_of("9999-12").end_s == FAR_S


def test_approximation_widens_by_a_tenth_of_the_gap() -> None:
    """``ap`` finds what lies within a tenth of the time between now and the date, and no more."""
    week_ago = NOW_S - 7 * 86_400
    text = datetime.fromtimestamp(week_ago, JST).isoformat()
    near, far = week_ago - 0.69 * 86_400, week_ago - 0.71 * 86_400
    assert date_test("ap" + text, NOW_S).matches(indexed((near, near + 1)))
    assert not date_test("ap" + text, NOW_S).matches(indexed((far - 1, far)))


@pytest.mark.parametrize(
    "text",
    ["", "ge", "27-01-15", "2027-1-15", "2027-13", "2027-02-30", "2027-01-15T", "2027-01-15T24:00:00Z", "now", "0000",
     "2027-01-15T10:00:61Z", "2027-01-15T10:00:00+15:00", "2027-01-15T10:00:00+0900", "２０２７", "2027-01-15T10Z"],
)  # fmt: skip
def test_what_is_no_date_is_refused(text: str) -> None:
    """What is no date of FHIR is never taken for one."""
    with pytest.raises(ValueError, match=r".+"):
        date_test(text, NOW_S)


def test_a_plus_sign_that_was_not_encoded_is_understood() -> None:
    """A blank where an offset begins was a plus sign."""
    assert date_test("ge2027-01-15T10:00:00 09:00", NOW_S) == date_test("ge2027-01-15T10:00:00+09:00", NOW_S)


def test_fractions_of_seconds_are_as_wide_as_they_are_written() -> None:
    """Three digits stand for a millisecond; a leap second is the second after the 59th."""
    interval = interval_of("2027-01-15T10:00:00.250+09:00")
    assert interval == (
        interval_of("2027-01-15T10:00:00+09:00").start_s + 0.25,
        pytest.approx(interval.start_s + 0.001),
    )
    assert interval_of("2016-12-31T23:59:60Z").start_s == interval_of("2016-12-31T23:59:59Z").end_s
