"""Drawings of differences: intervals about zero, pairs one by one, and bars to either side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scenarios.language import Text
from scenarios.report.charts import Axis, nice_ticks
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.texts import phrase

WIDTH, ROW, LEFT, RIGHT = 760, 24, 250, 60
"""Sizes in the drawing's units: the whole, a row, and the room for names and for numbers."""

Unit = Text | str


@dataclass(frozen=True, slots=True)
class Row:
    """A named difference with its interval (None without one) and its verdict."""

    label: Text
    middle: float
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Bar:
    """How many are better, worse and otherwise off."""

    label: Text
    better: float
    worse: float
    other: float


def forest(rows: Sequence[Row], unit: Unit) -> Markup:
    """A line for each difference from end to end of its interval, a dot in its middle, and zero upright."""
    ends = [abs(value) for row in rows for value in (row.low, row.middle, row.high) if value is not None]
    axis = _around_zero(max(ends, default=1.0))
    height = ROW * len(rows) + 44
    marks = [_scale(axis, height, unit)]
    for place, row in enumerate(rows):
        y = ROW * place + 16
        marks.append(_name(row.label, y))
        if row.low is not None and row.high is not None:
            ends_x = axis.at(row.low), axis.at(row.high)
            marks.append(element("line", x1=ends_x[0], x2=ends_x[1], y1=y, y2=y, class_=f"whisker v-{row.verdict}"))
        marks.append(element("circle", cx=axis.at(row.middle), cy=y, r=5, class_=f"dot v-{row.verdict}"))
        marks.append(_number(f"{row.middle:+,.1f}", y))
    return _svg(marks, height)


def strip(gaps: Sequence[float], unit: Unit) -> Markup:
    """A dot for each pair along one line, stacked where they meet."""
    axis = _around_zero(max((abs(gap) for gap in gaps), default=1.0))
    columns: dict[int, int] = {}
    marks = []
    for gap in sorted(gaps):
        x = axis.at(gap)
        column = round(x / 9)
        columns[column] = columns.get(column, 0) + 1
        marks.append((x, columns[column]))
    base = 10 + 9 * max(columns.values(), default=1)
    height = base + 40
    dots = [element("circle", cx=x, cy=base - 9 * (up - 1), r=4, class_="dot c-arrived") for x, up in marks]
    return _svg([_scale(axis, height, unit), *dots], height)


def bars(rows: Sequence[Bar]) -> Markup:
    """To the right for whom it is better, beyond them those with neither, to the left for whom it is worse."""
    reach = max((max(row.better + row.other, row.worse) for row in rows), default=1.0)
    axis = _around_zero(reach)
    height = ROW * len(rows) + 44
    marks = [_scale(axis, height, phrase("replications.persons"))]
    for place, row in enumerate(rows):
        y = ROW * place + 16
        marks.append(_name(row.label, y))
        marks.append(_box(axis, (-row.worse, 0.0), y, "u-worse"))
        marks.append(_box(axis, (0.0, row.better), y, "u-better"))
        marks.append(_box(axis, (row.better, row.better + row.other), y, "u-other"))
        marks.append(_number(f"+{row.better:,.0f} −{row.worse:,.0f}", y))
    return _svg(marks, height)


def _around_zero(reach: float) -> Axis:
    most = nice_ticks(reach if reach > 0 else 1.0, 3)[-1]
    return Axis(-most, most, LEFT, WIDTH - RIGHT - 20)


def _scale(axis: Axis, height: float, unit: Unit) -> Markup:
    marks = []
    ticks = nice_ticks(axis.high, 3)
    for value in sorted({sign * tick for tick in ticks for sign in (-1, 1)}):
        x = axis.at(value)
        css = "axis" if math.isclose(value, 0.0) else "grid"
        marks.append(element("line", x1=x, x2=x, y1=2, y2=height - 30, class_=css))
        marks.append(element("text", f"{value:+g}" if value else "0", x=x, y=height - 14, class_="tick middle"))
    title = words(unit, "tspan") if isinstance(unit, Text) else unit
    marks.append(element("text", title, x=LEFT - 24, y=height - 14, class_="axis-title end"))
    return joined(marks)


def _box(axis: Axis, ends: tuple[float, float], y: float, css: str) -> Markup:
    left, right = axis.at(ends[0]), axis.at(ends[1])
    if right <= left:
        return Markup("")
    return element("rect", x=left, y=y - 7, width=right - left, height=14, class_=f"area {css}")


def _name(label: Text, y: float) -> Markup:
    return element("text", words(label, "tspan"), x=LEFT - 24, y=y + 4, class_="end")


def _number(text: str, y: float) -> Markup:
    return element("text", text, x=WIDTH - 2, y=y + 4, class_="tick end")


def _svg(marks: Sequence[Markup], height: float) -> Markup:
    return element("svg", *marks, viewBox=f"0 0 {WIDTH} {height:g}", role="img")
