"""What people met where a service failed them: answers worked out by hand on tiny runs, and bounds of any run."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenarios.failings import peak
from scenarios.metrics import measure, value_of
from scenarios.outcomes import follow
from scenarios.record import BoardLooks, OfficeMessage, RunRecord
from twin.events import EventKind, FamilyChannel, TravelMode

MakeRun = Callable[..., RunRecord]
HOUR_S = 3600.0


def value(record: RunRecord, name: str, **by: str) -> float | None:
    """A metric of a run."""
    return value_of(measure(record, follow(record)), name, by)


def test_a_wrong_status_counts_where_it_led_and_whom_it_turned_away(run_of: MakeRun) -> None:
    """Two follow a wrong status to shelter 1; one is sent on from there, the other stays, who was sent on before."""
    rows = [
        (5.0, EventKind.DIVERTED, 1, 1, 1),
        (10.0, EventKind.MISINFORMED, 0, 1, 1),
        (10.0, EventKind.MISINFORMED, 1, 1, 0),
        (60.0, EventKind.QUEUED, 0, 1, 0),
        (90.0, EventKind.DIVERTED, 0, 1, 1),
        (95.0, EventKind.DIVERTED, 2, 1, 1),
    ]
    record = replace(run_of(rows), board=BoardLooks(9, 3, np.array([0, 3, 1])))
    code = record.town.shelters[1].id
    assert value(record, "wrong_status_seen") == value(record, "wrong_status_seen", shelter=code) == 3
    assert value(record, "wrong_status_followed") == value(record, "wrong_status_followed", shelter=code) == 2
    assert value(record, "wrong_status_turned_away") == value(record, "wrong_status_turned_away", shelter=code) == 1


def test_without_a_city_os_nobody_is_told_anything(run_of: MakeRun) -> None:
    """What only a city OS can do has no value; that people go and ask has one."""
    record = run_of([(10.0, EventKind.ASKING, 0, 2, 0)])
    record = replace(record, header=replace(record.header, connected=False), board=BoardLooks(0, 0, np.zeros(3)))
    for name in ("wrong_status_seen", "wrong_status_followed", "messages_unsent", "message_late_s"):
        assert value(record, name) is None
    assert value(record, "asked_at_shelter") == 1


def test_who_asks_is_in_line_and_no_evacuee(run_of: MakeRun) -> None:
    """One waits to be received while another asks: two in line; who went to ask, and home again, did not evacuate."""
    rows = [
        (0.0, EventKind.DEPARTED, 0, 1, TravelMode.FOOT),
        (0.0, EventKind.DEPARTED, 1, 1, TravelMode.FOOT),
        (50.0, EventKind.QUEUED, 0, 1, 0),
        (60.0, EventKind.ASKING, 1, 1, 0),
        (90.0, EventKind.CHECKED_IN, 0, 1, 0),
        (100.0, EventKind.DEPARTED, 1, -1, TravelMode.FOOT),
        (200.0, EventKind.RETURNED, 1, -1, 0),
    ]
    record = run_of(rows)
    assert value(record, "queue_peak") == value(record, "queue_peak", shelter=record.town.shelters[1].id) == 2
    assert (value(record, "asked_at_shelter"), value(record, "evacuees"), value(record, "received")) == (1, 1, 1)


def test_safety_unknown_falls_as_it_becomes_known(run_of: MakeRun) -> None:
    """Of three questions one is answered in the first hour and one later; of eight people the association met one."""
    rows = [
        (10.0, EventKind.SOUGHT, 0, -1, 0),
        (20.0, EventKind.SOUGHT, 1, -1, 0),
        (20.0, EventKind.SOUGHT, 2, -1, 0),
        (1 * HOUR_S, EventKind.FOUND, 0, -1, FamilyChannel.PHONE),
        (1.5 * HOUR_S, EventKind.SAFETY_CONFIRMED, 4, -1, 0),
        (1.5 * HOUR_S, EventKind.FOUND, 1, -1, FamilyChannel.TOGETHER),
    ]
    met_s = np.full(8, np.inf)
    met_s[3] = 1.5 * HOUR_S
    record = replace(run_of(rows, people=8), met_s=met_s)
    names = ("unknown_to_family", "unknown_to_association", "unknown_to_city")
    assert [value(record, name, at_h="1") for name in names] == [2, 8, 8]
    assert [value(record, name) for name in names] == [1, 7, 7]


def test_what_comes_at_the_very_moment_has_come(run_of: MakeRun) -> None:
    """Asked, found and confirmed at one hour to the second: one question open, and one person less to be known."""
    rows = [
        (0.0, EventKind.SOUGHT, 0, -1, 0),
        (HOUR_S, EventKind.SOUGHT, 1, -1, 0),
        (HOUR_S, EventKind.FOUND, 0, -1, FamilyChannel.PHONE),
        (HOUR_S, EventKind.SAFETY_CONFIRMED, 2, -1, 0),
    ]
    record = run_of(rows, people=8)
    assert value(record, "unknown_to_family", at_h="1") == 1
    assert value(record, "unknown_to_city", at_h="1") == 7


def test_the_end_is_told_once(run_of: MakeRun) -> None:
    """Moments are those before the end: of a run of three hours 1 h is told, and 3 h as the end alone."""
    record = run_of([])
    ended = replace(record, scenario=replace(record.scenario, duration_s=3 * HOUR_S))
    moments = {one.by.get("at_h") for one in measure(ended, follow(ended)) if one.name == "unknown_to_city"}
    assert moments == {None, "1"}


def test_who_was_turned_away_at_once_was_turned_away(run_of: MakeRun) -> None:
    """Sent on in the moment in which they were told wrongly, and by another shelter: the one counts, the other not."""
    rows = [
        (10.0, EventKind.MISINFORMED, 0, 1, 1),
        (10.0, EventKind.DIVERTED, 0, 1, 1),
        (10.0, EventKind.MISINFORMED, 1, 1, 1),
        (60.0, EventKind.DIVERTED, 1, 2, 1),
    ]
    record = replace(run_of(rows), board=BoardLooks(2, 2, np.array([0, 2, 0])))
    assert value(record, "wrong_status_turned_away") == 1


def test_messages_are_late_or_never_leave(run_of: MakeRun) -> None:
    """The longest delay is of those that left; those that did not are counted."""
    sent = tuple(OfficeMessage(0.0, "警戒レベル4", late_s) for late_s in (0.0, 600.0, None))
    record = replace(run_of([]), messages=sent)
    assert (value(record, "messages_unsent"), value(record, "message_late_s")) == (1, 600.0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=30))
def test_a_peak_is_what_counting_at_each_moment_finds(intervals: list[tuple[int, int]]) -> None:
    """Most intervals [a, b) that hold one moment, as counted at every beginning."""
    from_s = np.array([start for start, _ in intervals], float)
    until_s = from_s + np.array([length for _, length in intervals], float)
    counted = [int(((from_s <= at_s) & (at_s < until_s)).sum()) for at_s in from_s.tolist()]
    assert peak(from_s, until_s) == max(counted, default=0)
