"""Metrics: answers worked out by hand on tiny runs, and properties of any run."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.language import Text
from scenarios.metrics import Metric, definitions, measure, quantile, value_of, waiting_for_help
from scenarios.outcomes import follow
from scenarios.record import Finding, FindingKind, NotificationResult, OperationCalls, RunHeader, RunRecord
from twin.events import EventKind, Refuge, SafetyChannel, TravelMode, WarningChannel

MakeRun = Callable[..., RunRecord]
MakeRows = Callable[..., list[tuple[float, EventKind, int, int, int]]]

REQUIRED = """
people households evacuees arrived t50_s t90_s t100_s peak_occupancy over_capacity_person_h reception_wait_p50_s
reception_wait_p95_s unassisted safety_confirmed_share headcount_error_max ghost_people lost_people consent_leaks
api_calls api_errors stranded gridlocked_links wall_s
"""


def measured(record: RunRecord) -> list[Metric]:
    """All metrics of a run."""
    return measure(record, follow(record))


def test_all_promised_metrics_exist_for_an_empty_run(run_of: MakeRun) -> None:
    """A run in which nothing happens has every promised metric."""
    names = {one.name for one in measured(run_of([]))}
    assert set(REQUIRED.split()) <= names


def test_every_metric_is_defined_and_every_definition_used(big_run: MakeRun) -> None:
    """The names measured are exactly the names defined, and no name and part occurs twice."""
    metrics = measured(big_run(people=2000, shelters=6, columns=8))
    assert {one.name for one in metrics} == set(definitions())
    keys = [(one.name, tuple(one.by.items())) for one in metrics]
    assert len(keys) == len(set(keys))


def test_nobody_leaves_means_no_clearance_time(run_of: MakeRun) -> None:
    """Without arrivals a clearance time has no value, and counts are zero."""
    metrics = measured(run_of([]))
    assert [value_of(metrics, name) for name in ("t50_s", "t90_s", "t100_s")] == [None, None, None]
    assert value_of(metrics, "evacuees") == value_of(metrics, "peak_occupancy") == 0


def test_clearance_times_are_order_statistics(run_of: MakeRun, rows_of: MakeRows) -> None:
    """Of ten people received at 100, 200 .. 1000 s, T50 is the fifth, T90 the ninth, T100 the last."""
    rows = [row for person in range(10) for row in rows_of(person, 0, 0.0, 50.0, 100.0 * (person + 1))]
    metrics = measured(run_of(rows, people=20))
    assert [value_of(metrics, name) for name in ("t50_s", "t90_s", "t100_s")] == [500.0, 900.0, 1000.0]
    assert value_of(metrics, "evacuees") == value_of(metrics, "arrived") == 10


def test_a_trip_home_is_no_evacuation(run_of: MakeRun) -> None:
    """Who only returns home from work is no evacuee; who is still under way to relatives is, without arrival."""
    rows = [
        (10.0, EventKind.DEPARTED, 0, -1, TravelMode.CAR),
        (60.0, EventKind.RETURNED, 0, -1, 0),
        (10.0, EventKind.DEPARTED, 1, -1, TravelMode.CAR),
    ]
    metrics = measured(run_of(rows))
    assert (value_of(metrics, "evacuees"), value_of(metrics, "arrived")) == (1, 0)


def test_a_departure_on_the_way_goes_on_with_the_first(run_of: MakeRun) -> None:
    """Who fetches somebody and returns is no evacuee; who leaves the car and walks on left when the car did."""
    rows = [
        (10.0, EventKind.DEPARTED, 0, -1, TravelMode.CAR),
        (30.0, EventKind.DEPARTED, 0, -1, TravelMode.CAR),
        (60.0, EventKind.RETURNED, 0, -1, 0),
        (10.0, EventKind.DEPARTED, 1, -1, TravelMode.CAR),
        (50.0, EventKind.DEPARTED, 1, -1, TravelMode.FOOT),
        (90.0, EventKind.SETTLED, 1, -1, Refuge.RELATIVES),
    ]
    run = run_of(rows)
    assert value_of(measured(run), "evacuees") == 1
    assert follow(run).departed.time_s[1] == 10.0


def test_being_away_is_no_arrival(run_of: MakeRun) -> None:
    """Staying on at work is not reaching a refuge, relatives are one."""
    rows = [
        (10.0, EventKind.DEPARTED, 0, -1, TravelMode.FOOT),
        (60.0, EventKind.SETTLED, 0, -1, Refuge.AWAY),
        (10.0, EventKind.DEPARTED, 1, -1, TravelMode.FOOT),
        (70.0, EventKind.SETTLED, 1, -1, Refuge.RELATIVES),
    ]
    metrics = measured(run_of(rows))
    assert (value_of(metrics, "arrived"), value_of(metrics, "t100_s")) == (1, 70.0)


def test_over_capacity_is_the_area_above_the_capacity(run_of: MakeRun) -> None:
    """50 people an hour in a shelter for 40 (80 by its own figure), then 90: 10 + 50 and 0 + 10 person-hours."""
    rows = [(0.0, EventKind.CHECKED_IN, person, 0, 0) for person in range(50)]
    rows += [(3600.0, EventKind.CHECKED_IN, person, 0, 0) for person in range(50, 90)]
    metrics = measured(run_of(rows, people=100, duration_s=7200.0))
    assert value_of(metrics, "over_capacity_person_h", {"capacity": "standard"}) == pytest.approx(10 + 50)
    assert value_of(metrics, "over_capacity_person_h", {"capacity": "town"}) == pytest.approx(10)
    assert value_of(metrics, "peak_occupancy", {"shelter": "S000"}) == 90
    by = {"shelter": "S000", "capacity": "standard"}
    assert value_of(metrics, "peak_occupancy_share", by) == pytest.approx(90 / 40)


def test_an_open_air_site_has_no_capacity_to_exceed(run_of: MakeRun) -> None:
    """People at a site count as occupancy, not as over capacity."""
    metrics = measured(run_of([(0.0, EventKind.CHECKED_IN, 0, 2, 0)]))
    assert value_of(metrics, "peak_occupancy") == 1
    assert value_of(metrics, "over_capacity_person_h", {"capacity": "standard"}) == 0


def test_a_swap_at_one_moment_is_no_peak(run_of: MakeRun) -> None:
    """One leaves in the moment in which another is received: never two inside."""
    rows = [
        (0.0, EventKind.CHECKED_IN, 0, 0, 0),
        (100.0, EventKind.CHECKED_IN, 1, 0, 0),
        (100.0, EventKind.CHECKED_OUT, 0, 0, 0),
    ]
    assert value_of(measured(run_of(rows)), "peak_occupancy") == 1


def test_reception_waits_count_only_completed_receptions(run_of: MakeRun, rows_of: MakeRows) -> None:
    """Waits of 60 and 120 s by two channels; who still stands there is counted apart."""
    rows = [*rows_of(0, 0, 0.0, 40.0, 100.0), *rows_of(1, 0, 0.0, 80.0, 200.0, channel=1), *rows_of(2, 0, 0.0, 90.0)]
    metrics = measured(run_of(rows))
    assert value_of(metrics, "reception_wait_p50_s") == 60.0
    assert value_of(metrics, "reception_wait_p95_s") == 120.0
    assert value_of(metrics, "reception_wait_p95_s", {"channel": "paper"}) == 60.0
    assert value_of(metrics, "reception_wait_p95_s", {"shelter": "S001"}) is None
    assert value_of(metrics, "queueing_at_end") == 1


def test_unassisted_are_support_needing_people_without_help(run_of: MakeRun) -> None:
    """Three need help at 100 s, one is reached at 400 s; a fourth has no registered need and does not count."""
    rows = [(100.0, EventKind.HELP_NEEDED, person, -1, 0) for person in (0, 1, 2, 3)]
    record = run_of([*rows, (400.0, EventKind.HELP_REACHED, 1, -1, 0)], needing=(0, 1, 2))
    metrics = measured(record)
    assert value_of(metrics, "unassisted") == 2
    assert value_of(metrics, "unassisted_peak") == 3
    assert value_of(metrics, "help_wait_p50_s") == 300.0
    time_s, waiting = waiting_for_help(follow(record))
    assert (time_s.tolist(), waiting.tolist()) == ([100.0, 100.0, 100.0, 400.0], [1, 2, 3, 2])


def test_help_before_the_need_leaves_nobody_waiting(run_of: MakeRun) -> None:
    """Who has a helper beside them when the need arises never waits."""
    rows = [(50.0, EventKind.HELP_REACHED, 0, -1, 0), (100.0, EventKind.HELP_NEEDED, 0, -1, 0)]
    metrics = measured(run_of(rows, needing=(0,)))
    assert (value_of(metrics, "unassisted"), value_of(metrics, "unassisted_peak")) == (0, 0)
    assert value_of(metrics, "help_wait_p50_s") == 0.0


def test_safety_counts_each_person_once_by_the_first_channel(run_of: MakeRun) -> None:
    """Confirmed by app, then again by the association: one person, by app."""
    rows = [
        (10.0, EventKind.SAFETY_CONFIRMED, 0, -1, SafetyChannel.APP),
        (20.0, EventKind.SAFETY_CONFIRMED, 0, -1, SafetyChannel.ASSOCIATION),
        (30.0, EventKind.SAFETY_CONFIRMED, 1, -1, SafetyChannel.ASSOCIATION),
    ]
    metrics = measured(run_of(rows, people=8))
    assert value_of(metrics, "safety_confirmed_share") == 2 / 8
    assert value_of(metrics, "safety_confirmed_share", {"channel": "app"}) == 1 / 8
    assert value_of(metrics, "safety_confirmed_share", {"channel": "association"}) == 1 / 8


def test_warned_and_stranded_and_diverted(run_of: MakeRun) -> None:
    """First warnings by channel, people stranded at the end, and cases of being sent on."""
    rows = [
        (5.0, EventKind.WARNED, 0, -1, WarningChannel.PUSH),
        (6.0, EventKind.WARNED, 1, -1, WarningChannel.VAN),
        (10.0, EventKind.STRANDED, 0, 3, TravelMode.CAR),
        (10.0, EventKind.STRANDED, 1, 3, TravelMode.CAR),
        (20.0, EventKind.RETURNED, 1, -1, 0),
        (30.0, EventKind.DIVERTED, 2, 1, 1),
        (60.0, EventKind.DIVERTED, 2, 0, 2),
    ]
    metrics = measured(run_of(rows))
    assert value_of(metrics, "warned") == 2
    assert value_of(metrics, "warned", {"channel": "van"}) == 1
    assert value_of(metrics, "stranded") == 1
    assert value_of(metrics, "diverted") == 2
    assert value_of(metrics, "diverted", {"shelter": "S001"}) == 1


def test_oracle_metrics_sum_what_was_found(run_of: MakeRun) -> None:
    """Different people are counted once, cases are summed, and the largest headcount error is absolute."""
    where = Text("表", "list")

    def found(kind: FindingKind, **more: object) -> Finding:
        return Finding(kind, 0.0, where, "a", "b", "op", **more)

    record = run_of(
        [(0.0, EventKind.CHECKED_IN, person, 0, 0) for person in range(5)],
        findings=(
            found(FindingKind.LOST, people=(1, 2)),
            found(FindingKind.LOST, people=(2, 3)),
            found(FindingKind.GHOST, people=(4,), strangers=("x", "y")),
            found(FindingKind.LEAK, cases=4),
            found(FindingKind.UNANSWERED),
        ),
        notifications=(NotificationResult(0.0, where, 10, 9, 2, 1),),
        calls=(OperationCalls("a", 10, 1), OperationCalls("b", 5, 0)),
    )
    record.steps.headcount_said[3, 0] = 1
    record.steps.headcount_said[4, 0] = -1
    metrics = measured(record)
    expected: Mapping[str, int] = {
        "headcount_error_max": 4,
        "lost_people": 3,
        "ghost_people": 3,
        "consent_leaks": 4,
        "unanswered": 1,
        "notification_missed": 2,
        "notification_extra": 1,
        "api_calls": 15,
        "api_errors": 1,
    }
    assert {name: value_of(metrics, name) for name in expected} == expected
    assert value_of(metrics, "api_errors", {"operation": "a"}) == 1


def test_without_a_city_os_there_is_nothing_to_compare(run_of: MakeRun) -> None:
    """With no city OS the oracle's metrics have no value, rather than a perfect one."""
    record = run_of([], header=RunHeader("citytwin run drill", "0.1.0", 7, "none", connected=False))
    record.steps.headcount_said[:] = -1
    metrics = measured(record)
    for name in ("headcount_error_max", "ghost_people", "lost_people", "consent_leaks", "notification_missed"):
        assert value_of(metrics, name) is None
    assert value_of(metrics, "api_calls") == 0


def test_districts_sum_to_the_town(big_run: MakeRun) -> None:
    """Counts by district, by mode and by support need, and shares by channel, sum to those of the whole town."""
    metrics = measured(big_run(people=3000, shelters=9, columns=8))
    for part, names in {
        "district": ("people", "evacuees", "arrived", "unassisted"),
        "mode": ("evacuees", "arrived"),
        "support": ("evacuees", "arrived"),
        "shelter": ("received", "diverted"),
        "channel": ("safety_confirmed_share", "warned", "received"),
        "operation": ("api_calls", "api_errors"),
    }.items():
        for name in names:
            parts = [one.value for one in metrics if one.name == name and set(one.by) == {part}]
            assert sum(value for value in parts if value is not None) == pytest.approx(value_of(metrics, name))


def test_big_run_keeps_its_bounds(big_run: MakeRun) -> None:
    """Arrivals never exceed departures, quantiles rise, shares lie in 0..1, the standard is the stricter capacity."""
    record = big_run(people=3000, shelters=9, columns=8)
    metrics = measured(record)
    number = {one.name: one.value for one in reversed(metrics) if not one.by}
    assert number["arrived"] <= number["evacuees"] <= number["people"]
    assert 0 < number["t50_s"] <= number["t90_s"] <= number["t100_s"] <= record.scenario.duration_s
    assert number["unassisted"] <= number["unassisted_peak"]
    assert all(0 <= one.value <= 1 for one in metrics if one.name == "safety_confirmed_share" and one.value is not None)
    standard, town = (value_of(metrics, "over_capacity_person_h", {"capacity": c}) for c in ("standard", "town"))
    assert standard >= town >= 0


def test_occupancy_agrees_with_the_fold(big_run: MakeRun) -> None:
    """The step function of occupancy passes through the headcounts that TownState has at each sample."""
    record = big_run(people=3000, shelters=9, columns=8)
    curve = follow(record).occupancy
    for shelter in range(9):
        rows = curve.shelter == shelter
        at = np.searchsorted(curve.time_s[rows], record.steps.time_s, side="right")
        people = np.append(0, curve.people[rows])[at]
        # The last sample is the run's end, where the step function closes every stay.
        assert people[:-1].tolist() == record.steps.headcount_true[:-1, shelter].tolist()


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=40),
    st.floats(0.01, 1.0),
    st.floats(0.01, 1.0),
)
def test_quantiles_are_monotone_members(values: list[float], share: float, other: float) -> None:
    """A quantile is one of the values, at least a share of them is not above it, and it rises with the share."""
    array = np.array(values)
    low, high = quantile(array, min(share, other)), quantile(array, max(share, other))
    assert low is not None
    assert high is not None
    assert low in values
    assert low <= high
    assert np.count_nonzero(array <= high) >= math.floor(max(share, other) * len(values))


@pytest.mark.parametrize(("count", "rank"), [(20, 19), (40, 38), (100, 95), (1, 1)])
def test_quantile_rank_does_not_slip_by_rounding(count: int, rank: int) -> None:
    """The 95th percentile of n values is the ceil(0.95 n)-th, although 0.95 has no exact binary form."""
    assert quantile(np.arange(1.0, count + 1), 0.95) == rank


def test_unknown_metric_is_a_key_error(run_of: MakeRun) -> None:
    """Asking for a metric that does not exist names it."""
    with pytest.raises(KeyError, match="no metric t42"):
        value_of(measured(run_of([])), "t42")
