"""What curves of faults are said to show: harm, slopes and words against values worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.consequences.form import LENGTH, Drawn
from scenarios.consequences.points import Line, Point
from scenarios.consequences.results import (
    Found,
    Gap,
    Panel,
    gap_of,
    harm_left,
    is_counted,
    slopes_of,
    worth_of,
)
from scenarios.consequences.words import costs_of, rate_range, scale_of, shown_rate, until_words
from scenarios.faults.form import Outage
from scenarios.language import Text
from scenarios.statistics import LEVEL, Interval, paired_difference
from scenarios.study.form import Measured

NO_VALUE = float("nan")
TITLE = Text("町", "Town")
MINUTES = (5.0, 10.0)


def line_of(minutes: Sequence[float] = MINUTES) -> Line:
    """A line with a point at each of the minutes."""
    points = tuple(Point(one, f"outage-{one:g}") for one in minutes)
    return Line("outage", Text("停止", "Outage"), LENGTH, "0:05", points, Outage(name="outage"))


def panel_of(
    zero: Sequence[float], *there: Sequence[float], metric: str = "t90_s", harm: float = 60.0, sign: float = 1.0
) -> Panel:
    """The panel of a metric: values of the seeds without the fault, and at each point with it."""
    line = line_of()
    gaps = tuple(gap_of(point, (zero, one), sign, 7.0) for point, one in zip(line.points, there, strict=True))
    return Panel(line, "drill", Drawn(name=metric, harm=harm), harm, tuple(zero), gaps, worth_of(gaps, sign, harm))


def told(*panels: Panel) -> str:
    """What is said in English of panels of one line."""
    return " ".join(one.en for one in costs_of(Found(panels, {}), panels[0].line, "drill", TITLE))


def test_a_seed_that_lost_its_value_rules_no_harm_out() -> None:
    """Nobody arrived in one of eight runs with the fault: those that are left do not show that all is well."""
    panel = panel_of([600.0] * 8, [600.0] * 8, [600.0] * 7 + [NO_VALUE])
    assert [(one.lost, one.difference.n) for one in panel.gaps] == [(0, 8), (1, 7)]
    assert panel.worth is not None
    assert (panel.worth.safe_min, panel.worth.harmful_min) == (5.0, None)
    assert not panel.is_untouched
    assert "no figure" in told(panel)


def test_what_has_no_value_in_either_run_is_not_lost() -> None:
    """A seed in which nobody set out, with the fault and without, is no sign of harm."""
    zero = [600.0] * 7 + [NO_VALUE]
    panel = panel_of(zero, zero, zero)
    assert panel.is_untouched
    assert [one.lost for one in panel.gaps] == [0, 0]
    assert panel.worth is not None
    assert panel.worth.safe_min == 10.0


@given(st.lists(st.floats(-1e4, 1e4) | st.just(NO_VALUE), min_size=16, max_size=16), st.sampled_from([-1.0, 1.0]))
def test_every_seed_is_worse_better_equal_lost_or_without(values: list[float], sign: float) -> None:
    """Each seed counts once, and what is worse where more is worse is better where less is."""
    zero, there = values[:8], values[8:]
    gap = gap_of(Point(5.0, "x"), (zero, there), sign, None)
    turned = gap_of(Point(5.0, "x"), (zero, there), -sign, None)
    equal = sum(a == b for a, b in zip(zero, there, strict=True))
    without = sum(np.isnan(a) and np.isnan(b) for a, b in zip(zero, there, strict=True))
    assert gap.worse + gap.better + gap.lost + equal + without == 8
    assert gap.difference.n == 8 - gap.lost - without
    assert (turned.worse, turned.better, turned.lost) == (gap.better, gap.worse, gap.lost)


@pytest.mark.parametrize(
    ("sign", "expected"), [(1.0, (-3.0, 8.0)), (-1.0, (-8.0, 3.0))], ids=["more is worse", "less is worse"]
)
def test_harm_left_goes_from_the_least_to_the_most(sign: float, expected: tuple[float, float]) -> None:
    """Eight differences of -3 to 8: where more is worse at most 8 is lost, where less is worse at most 3."""
    difference = paired_difference([0.0] * 8, [-3.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0])
    assert difference.level >= LEVEL
    low, high = difference.low, difference.high
    assert low is not None
    assert high is not None
    found = harm_left(difference, sign)
    assert found == ((low, high) if sign > 0 else (-high, -low))
    assert found[0] <= found[1]
    assert expected[0] <= found[0]
    assert found[1] <= expected[1]


@given(st.lists(st.floats(-1e3, 1e3), min_size=8, max_size=8), st.floats(0, 1e3))
def test_what_is_sure_harm_is_never_safe(added: list[float], harm: float) -> None:
    """Safe up to a point, harmful from a later one; and a turned sign is a turned metric."""
    zero = np.zeros(8)
    for sign in (1.0, -1.0):
        gaps = [gap_of(Point(at, "x"), (zero, np.array(added) * at / 5.0), sign, None) for at in MINUTES]
        worth = worth_of(gaps, sign, harm)
        assert worth.safe_min is not None
        if worth.harmful_min is not None:
            assert worth.safe_min < worth.harmful_min
    turned = worth_of([gap_of(Point(5.0, "x"), (zero, -np.array(added)), -1.0, None)], -1.0, harm)
    plain = worth_of([gap_of(Point(5.0, "x"), (zero, np.array(added)), 1.0, None)], 1.0, harm)
    assert (turned.safe_min, turned.harmful_min) == (plain.safe_min, plain.harmful_min)


def test_the_slope_is_that_of_least_squares_through_zero() -> None:
    """Differences 5 and 40 at 5 and 10 minutes: (5 * 5 + 10 * 40) / (25 + 100)."""
    assert slopes_of(MINUTES, [(5.0,), (40.0,)]).tolist() == pytest.approx([425 / 125])
    assert slopes_of([], []).tolist() == []


@pytest.mark.parametrize(
    ("metric", "counted"),
    [("unassisted", True), ("arrived", True), ("t90_s", False), ("safety_confirmed_share", False)],
)
def test_times_and_shares_do_not_shrink_with_a_sample(metric: str, counted: bool) -> None:  # noqa: FBT001 - a row
    """Half the people are half a count, and neither half a time nor half a share."""
    assert is_counted(Measured(name=metric)) is counted


def test_two_seeds_are_not_said_to_hold_zero() -> None:
    """Both seeds a minute later: too few for an interval, and nothing is said of zero."""
    panel = panel_of([600.0] * 2, [660.0] * 2, [720.0] * 2)
    assert told(panel) == "Town: too few seeds to say what the minutes change."


def test_a_slope_of_few_seeds_is_not_sure() -> None:
    """Other seeds have no value at either point: six at each, but four that have both."""
    zero, later = [600.0] * 8, 600.0 + np.array([60.0] * 8)
    five, ten = later.copy(), later.copy() + 60.0
    five[:2], ten[2:4] = NO_VALUE, NO_VALUE
    panel = panel_of(zero, five, ten)
    assert panel.worth is not None
    assert panel.worth.safe_min == 0.0
    assert panel.worth.interval.level < LEVEL
    assert "each minute changes" not in told(panel)


def test_figures_that_cannot_be_judged_are_named_and_left_out_of_every_figure() -> None:
    """One figure is untouched, of the other five seeds have a value: harm is ruled out for the first alone."""
    zero = [600.0] * 5 + [NO_VALUE] * 3
    fine, unknown = panel_of([9.0] * 8, [9.0] * 8, [9.0] * 8, metric="unassisted"), panel_of(zero, zero, [601.0] * 8)
    words = told(fine, unknown)
    assert "every figure" not in words
    assert "is ruled out for: Without help" in words
    assert "Too few seeds have a value to judge: T90" in words
    assert "every figure" in told(fine, panel_of([600.0] * 8, [601.0] * 8, [602.0] * 8))


def test_what_gives_way_first_is_named() -> None:
    """One figure holds to the end, one up to five minutes: the objective is five, held by the second."""
    long = panel_of([9.0] * 8, [9.0] * 8, [9.0] * 8, metric="unassisted", harm=0.0)
    short = panel_of([0.0] * 8, [60.0] * 8, [120.0] * 8)
    assert "is ruled out up to 5 min; what gives way first: T90" in told(long, short)
    never = panel_of([0.0] * 8, [70.0] * 8, [120.0] * 8)
    assert "Not even at 5 min is harm beyond the thresholds ruled out for: T90" in told(long, never)


@pytest.mark.parametrize(
    ("metric", "rate", "words"),
    [
        ("t90_s", 30.0, "+30 s"),
        ("t90_s", -0.5, "−0.5 s"),
        ("t90_s", 0.0, "±0 s"),
        ("t90_s", 1234.5, "+1,234 s"),
        ("safety_confirmed_share", -0.0123, "−1.2 points"),
        ("unassisted", 0.25, "+0.25 persons"),
    ],
)
def test_a_rate_has_its_sign_and_unit(metric: str, rate: float, words: str) -> None:
    """Seconds of a time, points of a share, people of a count."""
    panel = panel_of([0.0] * 8, [0.0] * 8, [0.0] * 8, metric=metric)
    assert shown_rate(panel, rate).en == words


def test_times_are_drawn_in_minutes_and_shares_in_points() -> None:
    """Factors of the axis upwards."""
    factors = [
        scale_of(panel_of([0.0] * 8, [0.0] * 8, [0.0] * 8, metric=name)).factor
        for name in ("t90_s", "safety_confirmed_share", "unassisted")
    ]
    assert factors == pytest.approx([1 / 60, 100.0, 1.0])


def test_until_words_say_all_some_and_none() -> None:
    """Up to the last point, up to an earlier one, not even at the first; nothing where nothing can be said."""
    flat, some, none = (panel_of([0.0] * 8, [a] * 8, [b] * 8) for a, b in ((0.0, 0.0), (0.0, 90.0), (90.0, 0.0)))
    words = [
        tuple(one.en for one in until_words(panel.line, panel.worth)) for panel in (flat, some, none) if panel.worth
    ]
    assert words == [
        ("up to 10 min (all)", "–"),
        ("up to 5 min", "from 10 min"),
        ("not even at 5 min", "from 5 min"),
    ]


def test_an_interval_below_its_level_says_so() -> None:
    """Of five seeds the extremes reach 94 %."""
    panel = panel_of([0.0] * 5, [5.0] * 5, [10.0] * 5)
    assert panel.worth is not None
    assert rate_range(panel, panel.worth).en == "(+1 to +1, level 94 %)"
    assert panel.worth.interval == Interval(1.0, 1.0, pytest.approx(1 - 2 / 2**5))


def test_gaps_are_kept_as_they_are() -> None:
    """Differences by seed, medians and calls hit."""
    gap = gap_of(Point(5.0, "outage-5"), ([1.0, 2.0, 3.0], [2.0, 2.0, 1.0]), 1.0, 4.0)
    assert isinstance(gap, Gap)
    assert (gap.values, gap.worse, gap.better, gap.lost, gap.hit) == ((1.0, 0.0, -2.0), 1, 1, 0, 4.0)
    assert gap.difference.median == 0.0
