"""Causes of changed outcomes: the first event in which a person's two lives differ."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.comparison.causes import ORDER, Cause, by_way, causes_of
from scenarios.comparison.folders import FinishedRun, Side, paired, read_run, read_sides
from scenarios.comparison.lives import partings
from scenarios.comparison.result import MetricDifference
from scenarios.errors import UnusableRun, UnusableRuns
from scenarios.statistics import paired_difference
from scenarios.trips_table import TripsTable, read_trips, write_trips
from twin.events import EventKind as Kind
from twin.events import Intent
from twin.trace import EventColumns, Trace
from twin.trips import EndedTrips

Row = tuple[float, Kind, int, int]
LIFE: tuple[Row, ...] = (
    (10.0, Kind.WARNED, -1, 1),
    (10.0, Kind.DECIDED, 4, Intent.SHELTER),
    (600.0, Kind.DEPARTED, 4, 0),
    (900.0, Kind.QUEUED, 4, 0),
    (960.0, Kind.CHECKED_IN, 4, 0),
)


def events_of(rows: tuple[Row, ...]) -> EventColumns:
    """The life of person 0."""
    trace = Trace()
    for time_s, kind, place, detail in rows:
        trace.record(kind, time_s, np.array([0]), place, detail)
    return trace.columns()


@pytest.mark.parametrize(
    ("row", "other", "cause"),
    [
        (0, (500.0, Kind.WARNED, -1, 1), Cause.WARNING),
        (1, (10.0, Kind.DECIDED, 4, Intent.CAR), Cause.DECISION),
        (1, (10.0, Kind.DECIDED, 5, Intent.SHELTER), Cause.SHELTER),
        (2, (700.0, Kind.DEPARTED, 4, 0), Cause.DEPARTURE),
        (3, (990.0, Kind.QUEUED, 4, 0), Cause.WAY),
        (3, (900.0, Kind.STRANDED, 8, 0), Cause.BLOCKED),
        (3, (900.0, Kind.DIVERTED, 4, 1), Cause.DIVERTED),
        (4, (1900.0, Kind.CHECKED_IN, 4, 0), Cause.RECEPTION),
    ],
)
def test_the_first_difference_is_the_cause(row: int, other: Row, cause: Cause) -> None:
    """Whatever differs later, the cause is what differed first, whichever plan is A."""
    a, b = events_of(LIFE), events_of((*LIFE[:row], other))
    for pair in ((a, b), (b, a)):
        (found,) = causes_of(partings(*pair, 1)).tolist()
        assert ORDER[found] is cause


def test_who_is_sent_on_and_leaves_at_once_was_sent_on() -> None:
    """A shut door that sends people on in one plan, and lets them in in the other, is no matter of the way."""
    away: tuple[Row, ...] = ((2700.0, Kind.DEPARTED, 5, 0), (2700.0, Kind.DIVERTED, 4, 1))
    (found,) = causes_of(partings(events_of(LIFE), events_of((*LIFE[:4], *away)), 1)).tolist()
    assert ORDER[found] is Cause.DIVERTED


def test_rounding_parts_no_lives() -> None:
    """Times that differ by less than a second are the same life."""
    later = tuple((time_s + 1e-9, kind, place, detail) for time_s, kind, place, detail in LIFE)
    assert not partings(events_of(LIFE), events_of(later), 1).parted.any()


def trips_of(ended_s: float, length_m: float, *, informed: bool = False, person: int = 0) -> TripsTable:
    """The trip of one person, after an earlier one of theirs and beside one of somebody else."""
    return TripsTable(
        EndedTrips(
            np.array([person, person, person + 1], np.int32),
            np.array([100.0, ended_s, ended_s]),
            np.array([77.0, length_m, 5.0]),
            np.array([False, informed, True]),
        )
    )


@pytest.mark.parametrize(
    ("a", "b", "cause"),
    [
        (trips_of(900.0, 1000.0), trips_of(990.0, 1000.0), Cause.TRAFFIC),
        (trips_of(900.0, 1000.0), trips_of(990.0, 1400.0), Cause.ROADS),
        (trips_of(900.0, 1000.0, informed=True), trips_of(990.0, 1000.0, informed=True), Cause.TRAFFIC),
        (trips_of(900.0, 1000.0), trips_of(990.0, 1400.0, informed=True), Cause.ROUTE),
        (trips_of(900.0, 1000.0), trips_of(500.0, 1400.0), Cause.WAY),
        (trips_of(900.0, 1000.0, person=7), trips_of(990.0, 1400.0), Cause.WAY),
    ],
)
def test_the_way_is_told_apart_by_its_length(a: TripsTable, b: TripsTable, cause: Cause) -> None:
    """The same way is traffic, another is roads or, with the app, the route; no trip that ended then, nothing more."""
    lives = events_of(LIFE), events_of((*LIFE[:3], (990.0, Kind.QUEUED, 4, 0)))
    for pair, (one, other) in ((lives, (a, b)), (lives[::-1], (b, a))):
        parting = partings(*pair, 1)
        (found,) = by_way(causes_of(parting), parting, one, other).tolist()
        assert ORDER[found] is cause


def test_what_differs_before_the_way_is_no_way(tmp_path: Path) -> None:
    """Lengths change no other cause; a table that is written is read again, in order."""
    write_trips(tmp_path / "a", trips_of(600.0, 1.0).trips)
    trips = read_trips(tmp_path / "a")
    parting = partings(events_of(LIFE), events_of((*LIFE[:2], (700.0, Kind.DEPARTED, 4, 0))), 1)
    causes = causes_of(parting)
    assert np.array_equal(by_way(causes, parting, trips, trips), causes)
    assert trips.row_of(np.array([0, 0, 1, 2]), np.array([100.5, 300.0, 600.0, np.inf])).tolist() == [0, -1, 2, -1]


@given(gaps=st.lists(st.floats(1.0, 1e6), min_size=1, max_size=12))
def test_a_verdict_needs_six_pairs_that_agree(gaps: list[float]) -> None:
    """Pairs that all say the same decide from the sixth on, and fewer decide nothing, however large they are."""
    sooner = MetricDifference("t90_s", {}, 0.0, 0.0, tuple(gaps), paired_difference([0.0] * len(gaps), gaps))
    assert sooner.verdict == ("a_better" if len(gaps) >= 6 else "too_few")


@given(gaps=st.lists(st.floats(-1e6, 1e6), min_size=6, max_size=12), zeros=st.integers(6, 12))
def test_an_interval_with_nought_in_it_decides_nothing(gaps: list[float], zeros: int) -> None:
    """Where most pairs do not differ, whatever the others say, the verdict is unclear."""
    mixed = [*gaps, *[0.0] * (zeros + len(gaps))]
    one = MetricDifference("t90_s", {}, 0.0, 0.0, tuple(mixed), paired_difference([0.0] * len(mixed), mixed))
    assert one.verdict == "unclear"


def finished(folder: Path, scenario: str) -> FinishedRun:
    """A run whose people are nobody in particular."""
    head = {"seed": 1, "town": "072028", "scenario": scenario, "duration_s": 3600.0, "version": "0"}
    run = FinishedRun(folder, head, {})
    run.__dict__["people"] = SimpleNamespace(people=3, identity="same")
    return run


def test_other_scenarios_are_told(tmp_path: Path) -> None:
    """Who compares a flood with an earthquake is told so, and nothing is told of equal scenarios."""
    of = {name: Side(tmp_path, {1: finished(tmp_path, name)}) for name in ("flood", "quake")}
    assert [one.key for one in paired(of["flood"], of["quake"]).warnings] == ["compare_scenario"]
    assert paired(of["flood"], of["flood"]).warnings == ()


def test_a_folder_without_metrics_is_no_run(tmp_path: Path) -> None:
    """What is missing is told in words."""
    with pytest.raises(UnusableRun, match=r"it has no metrics\.json"):
        read_run(tmp_path)


def test_both_folders_that_are_no_runs_are_told_at_once(tmp_path: Path) -> None:
    """Two faults in one answer; of the same folder given twice, one."""
    with pytest.raises(UnusableRuns) as told:
        read_sides(tmp_path / "a", tmp_path / "b")
    assert [str(tmp_path / name) in str(fault) for name, fault in zip("ab", told.value.faults, strict=True)] == [
        True
    ] * 2
    with pytest.raises(UnusableRun):
        read_sides(tmp_path / "a", tmp_path / "a")
