"""Replications: which seeds run, when it stops, and what is told of them."""

import pytest

from scenarios.metrics import metric
from scenarios.replications import (
    BATCH,
    LEAST,
    Plan,
    Replication,
    batches,
    is_reached,
    summaries_of,
    values_of,
)


def rows_of(values: list[float | None], name: str = "t90_s") -> list[Replication]:
    """One run for each value of a metric."""
    return [
        Replication(seed, (metric(name, value), metric("wall_s", 1.5 * seed))) for seed, value in enumerate(values, 7)
    ]


def test_without_a_target_all_seeds_run_at_once() -> None:
    """--runs 20 is one batch of the seeds from the first on."""
    assert list(batches(7, Plan(20, 2))) == [range(7, 27)]


@pytest.mark.parametrize("most", [1, 9, 10, 11, 15, 23, 100])
def test_batches_make_up_the_most(most: int) -> None:
    """With a target the batches are those fixed beforehand, follow one another, and end at the most."""
    ranges = list(batches(7, Plan(most, 2, target=0.05)))
    assert [seed for seeds in ranges for seed in seeds] == list(range(7, 7 + most))
    assert len(ranges[0]) == min(LEAST, most)
    assert all(len(seeds) == BATCH for seeds in ranges[1:-1])


def test_it_stops_at_the_width_asked_for() -> None:
    """Values within 1 % of one another meet 5 % and not 0.1 %; each metric asked for has to meet it."""
    rows = rows_of([3600.0 + step for step in range(0, 36, 3)])
    assert is_reached(rows, Plan(100, 1, target=0.05))
    assert not is_reached(rows, Plan(100, 1, target=0.001))
    assert not is_reached(rows, Plan(100, 1, target=0.05, metrics=("t90_s", "unassisted")))


def test_too_few_runs_never_reach_it() -> None:
    """Five equal values have no interval of 95 %, so they prove nothing."""
    assert not is_reached(rows_of([100.0] * 5), Plan(100, 1, target=0.5))
    assert is_reached(rows_of([100.0] * 6), Plan(100, 1, target=0.5))


def test_a_run_without_a_case_is_left_out() -> None:
    """A metric is summed up over the runs that had a case of it, and n says how many; wall time is no result."""
    rows = rows_of([10.0, None, 30.0, 20.0])
    (summary,) = summaries_of(rows)
    assert (summary.n, summary.median, summary.least, summary.most) == (3, 20.0, 10.0, 30.0)
    assert values_of(rows, ("t90_s", ())) == [10.0, 30.0, 20.0]


def test_parts_are_summed_up_apart() -> None:
    """A metric by district is another metric than that of the whole town."""
    by = {"district": "07"}
    rows = [Replication(seed, (metric("arrived", 100 * seed), metric("arrived", seed, by))) for seed in (1, 2, 3)]
    assert [(dict(one.by), one.median) for one in summaries_of(rows)] == [({}, 200.0), (by, 2.0)]
