"""Panels of curves: from zero on, harm on its own side, nothing where there is no value."""

import re
from collections.abc import Sequence

import pytest

from scenarios.consequences.drawings import LEFT, RIGHT, WIDTH, multiples
from scenarios.consequences.form import LENGTH, START, Drawn
from scenarios.consequences.points import Line, Point
from scenarios.consequences.results import Panel, gap_of, worth_of
from scenarios.faults.form import Outage
from scenarios.language import Text
from scenarios.report.charts import Axis

NO_VALUE = float("nan")


def panel_of(metric: str, *added: Sequence[float], axis: str = LENGTH, harm: float = 0.0, sign: float = 1.0) -> Panel:
    """A panel with points at 5, 10, ... minutes; what the fault adds to each seed at each."""
    points = tuple(Point(5.0 * row, f"x-{row}") for row in range(1, len(added) + 1))
    line = Line("x", Text("停止", "Outage"), axis, "0:05", points, Outage(name="x"))
    gaps = tuple(gap_of(point, ([0.0] * len(one), one), sign, 1.0) for point, one in zip(points, added, strict=True))
    worth = worth_of(gaps, sign, harm) if line.is_from_zero else None
    return Panel(line, "drill", Drawn(name=metric, harm=harm), harm, (0.0,) * len(added[0]), gaps, worth)


def drawn(panel: Panel) -> str:
    """The drawing of a panel alone."""
    return str(multiples([panel], [panel.line], ["drill"]))


def paths(drawing: str, css: str) -> list[list[tuple[float, float]]]:
    """The points of each line of a class."""
    found = re.findall(rf'd="M([^"]*)" class="curve {css}"', drawing)
    return [[(float(x), float(y)) for x, y in (one.split() for one in path.split("L"))] for path in found]


def height(drawing: str, css: str) -> float:
    """Where the level line of a class lies."""
    found = re.search(rf'y1="([^"]*)" y2="[^"]*" class="{css}"', drawing)
    assert found is not None
    return float(found[1])


def test_a_curve_begins_at_zero_and_bends_at_its_points() -> None:
    """Every seed and the median begin where there is no fault, at no difference."""
    drawing = drawn(panel_of("unassisted", [2.0] * 6, [4.0] * 6))
    x, zero = Axis(0.0, 10.0, LEFT, WIDTH - RIGHT), height(drawing, "axis")
    (median,), seeds = paths(drawing, "q-0"), paths(drawing, "seed q-0")
    assert len(seeds) == 6
    for path in (median, *seeds):
        assert [at for at, _ in path] == pytest.approx([x.at(0.0), x.at(5.0), x.at(10.0)], abs=0.1)
        assert path[0][1] == pytest.approx(zero, abs=0.1)
        assert zero - path[2][1] == pytest.approx(2 * (zero - path[1][1]), abs=0.2)


def test_where_the_start_is_varied_there_is_no_zero() -> None:
    """The first point is the first start; no threshold of harm belongs to it."""
    drawing = drawn(panel_of("unassisted", [2.0] * 6, [4.0] * 6, axis=START, harm=3.0))
    (median,) = paths(drawing, "q-0")
    assert len(median) == 2
    assert 'class="noise"' not in drawing


@pytest.mark.parametrize(("metric", "sign"), [("unassisted", 1.0), ("arrived", -1.0)])
def test_harm_lies_where_people_are_worse_off(metric: str, sign: float) -> None:
    """More without help, and fewer who arrived: above zero for the one, below for the other."""
    drawing = drawn(panel_of(metric, [4.0 * sign] * 6, [8.0 * sign] * 6, harm=4.0, sign=sign))
    (median,) = paths(drawing, "q-0")
    assert height(drawing, "noise") == pytest.approx(median[1][1], abs=0.1)
    assert 'class="noise"' not in drawn(panel_of(metric, [4.0 * sign] * 6, harm=400.0, sign=sign))


def test_what_has_no_value_is_not_drawn() -> None:
    """A seed without a value leaves a gap in its own line alone; a point without any has no dot."""
    drawing = drawn(panel_of("t90_s", [60.0] * 5 + [NO_VALUE], [NO_VALUE] * 6))
    assert "nan" not in drawing
    assert sorted(len(one) for one in paths(drawing, "seed q-0")) == [1, 2, 2, 2, 2, 2]
    assert drawing.count("<circle") == 2
