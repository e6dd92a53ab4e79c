"""The table of people: what is written is read, and the same people are known again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scenarios.people_table import identity_of, people_table, read_people, write_people
from scenarios.record import RunRecord

MakeRun = Callable[..., RunRecord]


def test_what_is_written_is_read(big_run: MakeRun, tmp_path: Path) -> None:
    """Every column comes back, and two writings have the same bytes."""
    record = big_run(people=200, shelters=6, columns=8)
    table = people_table(record.population, record.town)
    for name in ("a", "b"):
        write_people(tmp_path / name, table)
    again = read_people(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (again.people, again.identity) == (200, table.identity)
    for name in ("household", "district", "needs_support", "age"):
        assert np.array_equal(getattr(again, name), getattr(table, name))


def test_districts_are_those_of_the_homes(big_run: MakeRun) -> None:
    """Each person has the district of the neighbourhood that the household lives in."""
    record = big_run(people=50, shelters=6, columns=8)
    table = people_table(record.population, record.town)
    for person in range(50):
        neighbourhood = record.population.neighbourhood[record.population.household[person]]
        assert table.district[person] == record.town.neighbourhoods[neighbourhood].district


@pytest.mark.parametrize(("column", "same"), [("phone", True), ("has_id", True), ("age", False), ("home_x_m", False)])
def test_who_somebody_is_is_not_what_they_own(big_run: MakeRun, column: str, *, same: bool) -> None:
    """A phone or an ID makes nobody another person; an age or a home does."""
    population = big_run(people=50, shelters=6, columns=8).population
    other = replace(
        population, **{column: getattr(population, column) ^ 1 if same else getattr(population, column) + 1}
    )
    assert (identity_of(other) == identity_of(population)) is same
