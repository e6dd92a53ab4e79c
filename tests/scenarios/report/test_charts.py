"""Charts: scales, ticks and marks."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenarios.language import Text
from scenarios.report.charts import (
    LABEL_WIDTH,
    Key,
    band,
    columns,
    figure,
    frame,
    hour_ticks,
    line,
    moments,
    nice_ticks,
    stacked,
    time_axis,
    y_axis,
)
from scenarios.report.markup import Markup

Parse = Callable[[str], Any]
TITLE = Text("題", "Title")


def places(markup: str) -> list[tuple[float, float]]:
    """All points of the first path."""
    data = re.search(r' d="M([^"Z]*)', markup)
    assert data is not None
    return [(float(x), float(y)) for x, y in (point.split(" ") for point in data[1].split("L"))]


@given(st.floats(1e-3, 1e9))
def test_ticks_are_round_and_reach_the_top(high: float) -> None:
    """Ticks begin at 0, are evenly spaced, reach the top with less than one step to spare, and are few."""
    ticks = nice_ticks(high)
    step = ticks[1]
    assert ticks[0] == 0
    assert ticks[-1] >= high * (1 - 1e-6)
    assert ticks[-1] - step < high
    assert 2 <= len(ticks) <= 8
    assert np.allclose(np.diff(ticks), step)


@given(st.floats(0.05, 400))
def test_hour_ticks_stay_inside_and_few(hours: float) -> None:
    """Ticks of hours never lie beyond the end, and there is room for their names."""
    ticks = hour_ticks(hours)
    assert ticks[0] == 0
    assert ticks[-1] <= hours + 1e-6
    assert len(ticks) <= 10


@given(st.lists(st.floats(0, 1000), min_size=2, max_size=30))
def test_marks_stay_inside_the_frame(values: list[float]) -> None:
    """Whatever is drawn stays inside the plot area, and a higher value never lies lower."""
    y = np.array(values)
    area = frame(float(len(values) - 1), float(y.max()))
    points = places(line(area, np.arange(len(values), dtype=float), y, "c"))
    assert len(points) == len(values)
    assert all(area.x.start - 0.1 <= px <= area.x.end + 0.1 for px, _ in points)
    assert all(area.y.end - 0.1 <= py <= area.y.start + 0.1 for _, py in points)
    top = int(np.argmax(y))
    assert points[top][1] == min(py for _, py in points)


def test_layers_stand_on_one_another() -> None:
    """The lower edge of a layer is the upper edge of the one below."""
    area = frame(1.0, 10.0)
    x, one, two = np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([3.0, 4.0])
    paths = re.findall(r"<path[^>]*>", stacked(area, x, [("a", one), ("b", two)]))
    assert places(paths[0])[:2] == places(paths[1])[:1:-1]


def test_columns_have_the_height_of_their_values(parse: Parse) -> None:
    """A bar twice as high has twice the height; an empty one is not drawn."""
    area = frame(3.0, 8.0)
    bars = parse(f"<g>{columns(area, np.arange(4.0), np.array([2.0, 0.0, 4.0]), 'c')}</g>")
    assert [round(float(bar.get("height", "0"))) for bar in bars] == [54, 108]


def test_time_axis_names_hours_and_clock() -> None:
    """Ticks tell the time since the start and the clock time below it, over midnight too."""
    start = datetime(2027, 1, 20, 22, 0, tzinfo=timezone(timedelta(hours=9)))
    axis = time_axis(frame(4 * 3600.0, 1.0), start, TITLE)
    assert re.findall(r">(\d+ min|\d\d:\d\d)<", axis)[:6] == ["0 min", "22:00", "30 min", "22:30", "60 min", "23:00"]
    assert ">0 h<" in time_axis(frame(12 * 3600.0, 1.0), start, TITLE)
    assert ">02:00<" in axis


def test_names_of_close_moments_do_not_touch() -> None:
    """Of two moments close together the second is named a line lower; far ones stand on one line."""
    area = frame(100.0, 1.0)
    heights = re.findall(r'<text x="[^"]*" y="([^"]*)"', moments(area, [(1.0, TITLE), (2.0, TITLE), (60.0, TITLE)]))
    assert float(heights[1]) > float(heights[0])
    assert heights[2] == heights[0]
    assert area.x.at(2.0) - area.x.at(1.0) < LABEL_WIDTH


def test_no_points_draw_nothing() -> None:
    """Without points there is no path."""
    assert line(frame(1, 1), np.empty(0), np.empty(0), "c") == ""
    assert band(frame(1, 1), np.empty(0), np.empty(0), np.empty(0), "c") == ""


def test_a_figure_has_title_legend_and_reading(parse: Parse) -> None:
    """A figure says what it is, what its colours are and how to read it, in both languages."""
    drawn = parse(figure(TITLE, Markup("<svg/>"), Text("読む", "Reading"), [Key("c", Text("色", "Hue"))]))
    texts = "".join(drawn.itertext())
    assert all(word in texts for word in ("題", "Title", "色", "Hue", "読む", "Reading"))
    assert parse(f"<g>{y_axis(frame(1, 1), TITLE)}</g>") is not None
