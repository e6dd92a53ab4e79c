"""Misfits, against values worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.validation.misfit import Misfit, geometric_mean, misfit
from scenarios.validation.observed import Figure, Relation, Unit

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def figure(value: float, *, n: int = 0, unit: Unit = Unit.SHARE) -> Figure:
    """A figure of a value."""
    return Figure(
        key="one",
        label_en="One",
        label_ja="一",
        value=value,
        unit=unit,
        relation=Relation.HELD_OUT,
        source="a survey",
        confidence="A",
        n=n,
    )


def test_a_misfit_is_the_median_less_the_observed_value() -> None:
    """0.4, 0.6 and 0.8 against 0.5: the median is 0.6, 0.1 too much, a fifth of what was observed."""
    found = misfit(figure(0.5), [0.8, 0.4, 0.6])
    assert found.simulated == pytest.approx(0.6)
    assert found.absolute == pytest.approx(0.1)
    assert found.relative == pytest.approx(0.2)
    assert (found.interval.low, found.interval.high) == (0.4, 0.8)


@given(values=VALUES, observed=st.floats(0.1, 1e6))
def test_simulated_and_misfit_give_back_the_observed_value(values: list[float], observed: float) -> None:
    """Simulated less misfit is observed; the relative misfit is the absolute one over it."""
    found = misfit(figure(observed, unit=Unit.SECONDS), values)
    assert found.simulated is not None
    assert found.absolute is not None
    assert found.simulated - found.absolute == pytest.approx(observed, rel=1e-6, abs=1e-6)
    assert found.relative == pytest.approx(found.absolute / observed)


def test_what_is_not_simulated_has_no_misfit() -> None:
    """Without a mechanism, or without a case in any seed, there is neither value nor misfit; of 0 no relative one."""
    for values in ([], [float("nan")]):
        nothing = misfit(figure(0.5), values)
        assert (nothing.simulated, nothing.absolute, nothing.relative, nothing.within_errors) == (None,) * 4
    assert misfit(figure(0.0), [0.3]).relative is None


def test_a_seed_without_a_case_is_left_out() -> None:
    """Seeds in which nobody was counted do not move the median."""
    assert misfit(figure(0.5), [0.2, float("nan"), 0.4]) == Misfit(figure(0.5), (0.2, 0.4))


@pytest.mark.parametrize(
    ("values", "within"), [([0.49, 0.5, 0.51], True), ([0.80, 0.81, 0.82], False), ([0.5], None)], ids=str
)
def test_errors_meet_or_do_not(values: list[float], within: bool | None) -> None:  # noqa: FBT001
    """A hundred asked leave a half open by 10 points; one seed tells nothing of the chance of the run."""
    assert misfit(figure(0.5, n=100), values).within_errors is within


def test_the_geometric_mean_is_that_of_the_factors() -> None:
    """Of 1 and 100 it is 10, of one value the value."""
    assert geometric_mean([1.0, 100.0]) == pytest.approx(10.0)
    assert geometric_mean([7.0]) == pytest.approx(7.0)
