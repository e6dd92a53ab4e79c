"""The disaster's shape without a run: as many calls as the figures say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.load import profile

DISASTER = profile.profiles()["disaster"]


def kinds(people: int, until_s: float) -> dict[str, profile._Kind]:
    """Calls of so many people, by kind."""
    return {one.name: one for one in profile._kinds(DISASTER, people, until_s)}


@pytest.mark.parametrize(("name", "per_second"), [("board", 400.0), ("family", 333.0), ("position", 400.0)])
def test_24000_people_read_and_tell_as_often_as_the_contract_is_sized_for(name: str, per_second: float) -> None:
    """Once everybody has opened the app, the rates are those of C7 and of behaviour.md 3.10."""
    at_s = kinds(24_000, 600.0)[name].at_s
    settled = at_s[(at_s >= 240.0) & (at_s < 540.0)]
    assert len(settled) / 300.0 == pytest.approx(per_second, rel=0.02)


def test_reports_come_along_their_curve() -> None:
    """24,000 IDs: 4,666 reports in the first ten minutes, 11,664 in an hour and a half."""
    assert len(kinds(24_000, 600.0)["report"].at_s) == pytest.approx(4666, rel=0.05)
    assert len(kinds(24_000, 5400.0)["report"].at_s) == pytest.approx(11_664, rel=0.03)


def test_one_in_a_hundred_residents_is_received_in_two_hours() -> None:
    """0.16 a second, of 24,000 IDs among 113,386 residents; three deviations of 1,134 people are 9 %."""
    assert len(kinds(24_000, 7200.0)["check_in"].at_s) / 7200.0 == pytest.approx(0.16, rel=0.1)


@given(st.integers(1, 300), st.floats(1.0, 600.0))
def test_nobody_reports_or_is_received_twice_and_nothing_is_late(people: int, until_s: float) -> None:
    """Every call is within the time asked for; one report and one reception for each person at most."""
    for name, one in kinds(people, until_s).items():
        assert np.all((one.at_s >= 0.0) & (one.at_s < until_s))
        assert np.all((one.who >= 0) & (one.who < people))
        assert name not in ("report", "check_in") or len(np.unique(one.who)) == len(one.who)


def test_more_people_do_as_the_fewer_did() -> None:
    """Whoever takes part among few does the same among many."""
    few, many = kinds(50, 300.0)["board"], kinds(80, 300.0)["board"]
    of_few = many.who < 50
    assert np.array_equal(np.sort(many.at_s[of_few]), np.sort(few.at_s))
