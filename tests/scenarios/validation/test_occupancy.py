"""Nanao's shelters: reading, splitting, fitting, and the desk's own way of letting people go home."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.validation import occupancy
from scenarios.validation.cases import SETTLED
from scenarios.validation.occupancy import COUNTS, Sheltered, apart, fit_rate_per_h, halves, of_largest, read_counts

FILE = """time,id,district,name,evacuees,lat,lon,capacity_text
2024-01-09 18:00:00,A,d,甲,100,37.0,136.9,"屋内1,480人／屋外3,350人"
2024-01-09 18:00:00,B,d,乙,40,37.1,136.9,
2024-01-10 06:00:00,A,d,甲,90,37.0,136.9,"屋内1,480人"
2024-01-10 06:00:00,N,d,新,5,37.0,136.8,
"""


@given(rate_per_h=st.floats(1e-4, 0.01), days=st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_the_rate_of_an_exponential_is_found(rate_per_h: float, days: list[int]) -> None:
    """Counts that fall exactly by a rate give that rate back; days after the fit do not matter."""
    day = np.array([0.0, *sorted(days), 60.0])
    people = 1000.0 * np.exp(-rate_per_h * day * 24.0)
    people[-1] = 999.0
    assert fit_rate_per_h(day, people) == pytest.approx(rate_per_h, rel=1e-9)


def test_counts_are_read_by_shelter(tmp_path: Path) -> None:
    """A shelter that closed has nobody; one that came later counts in the total only."""
    path = tmp_path / "counts.csv"
    path.write_text(FILE, encoding="utf-8")
    counts = read_counts(path)
    assert counts.ids == ("A", "B")
    assert counts.day.tolist() == [0.0, 0.5]
    assert counts.people.tolist() == [[100, 40], [90, 0]]
    assert counts.everywhere.tolist() == [140, 95]
    assert counts.capacity.tolist() == [1480, -1]
    assert halves(counts) == ([0], [1])


def test_distances_of_distributions() -> None:
    """The same distribution is 0 apart, one without common ground 1; the largest of equal shares is one of them."""
    even = np.full(4, 0.25)
    assert apart(even, even) == 0.0
    assert apart(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0
    assert of_largest(even, 1) == 0.25
    assert of_largest(np.array([0.1, 0.6, 0.3]), 2) == pytest.approx(0.9)


def test_people_leave_by_the_rate_of_the_desk() -> None:
    """So many remain after 30 days as the rate says, within five deviations of households; at rate 0 all do."""
    stage = occupancy.borrowed_stage()
    there = Sheltered(stage, np.array([400, 300, 17]))
    day = np.array([0.0, 30.0])
    rate_per_h = stage.parameters.number("sheltering.settled_leaving_per_h")
    share = np.exp(-rate_per_h * 720.0)
    start, left = there.remaining(day, SETTLED, 1)
    assert start == 717
    # Households of up to about six leave together: no more than six times the variance of single people.
    assert left == pytest.approx(717 * share, abs=5 * np.sqrt(6 * 717 * share * (1 - share)))
    assert there.remaining(day, {"sheltering.leaving_per_h": 0.0}, 1).tolist() == [717, 717]


@pytest.mark.shared_data
def test_the_data_set_agrees_with_the_prefecture(shared_data: Path) -> None:
    """1,886 people on the first day; 1,318 on 2024-01-23 as NHK told from the prefecture; halves share nothing."""
    counts = read_counts(shared_data / COUNTS)
    assert int(counts.everywhere[0]) == int(counts.people[0].sum()) == 1886
    assert int(counts.everywhere[counts.at_day(13.5)]) == 1318
    fitted, tested = halves(counts)
    assert sorted(fitted + tested) == list(range(len(counts.ids)))


@pytest.mark.shared_data
def test_the_shipped_rate_is_that_of_the_fitted_half(shared_data: Path) -> None:
    """The parameter is what its source says, to two digits, and the other half, which it never saw, differs."""
    counts = read_counts(shared_data / COUNTS)
    fitted, tested = (fit_rate_per_h(counts.day, counts.total(half)) for half in halves(counts))
    shipped = occupancy.borrowed_stage().parameters.number("sheltering.settled_leaving_per_h")
    assert shipped == pytest.approx(fitted, rel=0.02)
    assert shipped != pytest.approx(tested, rel=0.2)
