"""Charts as inline SVG: small pure functions from numbers to marks; colours are classes of style.css."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt

from scenarios.language import Text
from scenarios.report.markup import Markup, coordinate, element, joined, words
from twin.units import SECONDS_PER_HOUR

FloatArray = npt.NDArray[np.float64]

WIDTH = 760
"""Width of a chart in units of its drawing; the page scales it."""

LABEL_WIDTH = 150
"""Room for the name of a moment, in the drawing's units."""

NICE_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
HOUR_STEPS = (0.25, 0.5, 1.0, 2.0, 3.0, 6.0, 12.0, 24.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear scale from values ``low``..``high`` to places ``start``..``end`` of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Place of a value."""
        span = self.high - self.low
        return self.start + (value - self.low) / span * (self.end - self.start) if span else self.start


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot area of a chart and its size."""

    x: Axis
    y: Axis
    width: int
    height: int

    def points(self, x: FloatArray, y: FloatArray) -> list[str]:
        """Each point as "x y"."""
        return [f"{coordinate(self.x.at(a))} {coordinate(self.y.at(b))}" for a, b in zip(x, y, strict=True)]


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: what the marks of a colour class are."""

    css: str
    label: Text


def nice_ticks(high: float, wanted: int = 5) -> list[float]:
    """Round values from 0 to the first at or above ``high`` (> 0), about ``wanted`` of them."""
    raw = high / wanted
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(magnitude * one for one in NICE_STEPS if magnitude * one >= raw * 0.999)
    return [step * row for row in range(math.ceil(high / step - 1e-9) + 1)]


def hour_ticks(hours: float, wanted: int = 8) -> list[float]:
    """Whole steps of hours from 0 to at most ``hours``, no more than about ``wanted``."""
    step = next((one for one in HOUR_STEPS if hours / one <= wanted), 24.0 * math.ceil(hours / 24.0 / wanted))
    return [step * row for row in range(math.floor(hours / step + 1e-9) + 1)]


def frame(x_high: float, y_high: float, *, height: int = 300, width: int = WIDTH, left: int = 70) -> Frame:
    """A plot area from 0 to ``x_high`` and to the first round value at or above ``y_high``."""
    top = nice_ticks(y_high if y_high > 0 else 1.0)[-1]
    return Frame(
        Axis(0.0, x_high if x_high > 0 else 1.0, left, width - 20.0), Axis(0.0, top, height - 58.0, 26.0), width, height
    )


def drawing(area: Frame, *marks: Markup, label: Text) -> Markup:
    """The SVG of a chart; ``label`` is what a screen reader says."""
    return element(
        "svg", *marks, viewBox=f"0 0 {area.width} {area.height}", role="img", aria_label=f"{label.ja} / {label.en}"
    )


def y_axis(area: Frame, title: Text, show: Callable[[float], str] = "{:,.0f}".format) -> Markup:
    """Grid lines with numbers, and the title of the axis above."""
    marks = [_text(area.x.start - 58, 12, words(title, "tspan"), "axis-title")]
    for value in nice_ticks(area.y.high):
        y = area.y.at(value)
        marks.append(element("line", x1=area.x.start, x2=area.x.end, y1=y, y2=y, class_="grid"))
        marks.append(_text(area.x.start - 8, y + 4, show(value), "tick end"))
    return joined(marks)


def time_axis(area: Frame, start: datetime, title: Text) -> Markup:
    """Ticks in hours since the start with the clock time below."""
    base = area.y.start
    marks = [element("line", x1=area.x.start, x2=area.x.end, y1=base, y2=base, class_="axis")]
    ticks = hour_ticks(area.x.high / SECONDS_PER_HOUR)
    whole = all(hours.is_integer() for hours in ticks)
    for hours in ticks:
        x = area.x.at(hours * SECONDS_PER_HOUR)
        clock = (start + timedelta(hours=hours)).strftime("%H:%M")
        marks.append(element("line", x1=x, x2=x, y1=base, y2=base + 5, class_="axis"))
        marks.append(_text(x, base + 18, f"{hours:g} h" if whole else f"{60 * hours:g} min", "tick middle"))
        marks.append(_text(x, base + 32, clock, "tick faint middle"))
    marks.append(_text((area.x.start + area.x.end) / 2, base + 50, words(title, "tspan"), "axis-title middle"))
    return joined(marks)


def line(area: Frame, x: FloatArray, y: FloatArray, css: str) -> Markup:
    """A line through points."""
    return element("path", d="M" + "L".join(area.points(x, y)), class_=f"curve {css}") if len(x) else Markup("")


def band(area: Frame, x: FloatArray, lower: FloatArray, upper: FloatArray, css: str) -> Markup:
    """The area between two lines over the same x."""
    if not len(x):
        return Markup("")
    there, back = area.points(x, upper), area.points(x[::-1], lower[::-1])
    return element("path", d="M" + "L".join(there + back) + "Z", class_=f"area {css}")


def stacked(area: Frame, x: FloatArray, layers: Sequence[tuple[str, FloatArray]]) -> Markup:
    """Layers (colour class, values over x) on top of one another."""
    base = np.zeros(len(x))
    marks = []
    for css, values in layers:
        marks.append(band(area, x, base, base + values, css))
        base = base + values
    return joined(marks)


def columns(area: Frame, edges: FloatArray, heights: FloatArray, css: str) -> Markup:
    """Bars between neighbouring edges; shape of ``edges`` is one more than that of ``heights``."""
    base = area.y.start
    marks = []
    for left, right, height in zip(edges, edges[1:], heights, strict=False):
        x, top = area.x.at(left), area.y.at(height)
        if height > 0:
            wide = max(0.6, area.x.at(right) - x - 0.6)
            marks.append(element("rect", x=x, y=top, width=wide, height=base - top, class_=f"area {css}"))
    return joined(marks)


def level(area: Frame, value: float, label: Text, css: str) -> Markup:
    """A horizontal line at a value, named at its right end."""
    y = area.y.at(value)
    return joined(
        (
            element("line", x1=area.x.start, x2=area.x.end, y1=y, y2=y, class_=f"level {css}"),
            _text(area.x.end - 4, y - 5, words(label, "tspan"), "note end"),
        )
    )


def moments(area: Frame, named: Sequence[tuple[float, Text]]) -> Markup:
    """A vertical line at each value (ascending), named at its top; a name that would touch the last stands lower."""
    lines, names = [], []
    row, last = 0, -math.inf
    for value, label in named:
        x = area.x.at(value)
        late = x > area.x.end - LABEL_WIDTH
        left = x - LABEL_WIDTH if late else x
        row = row + 1 if left < last else 0
        last = left + LABEL_WIDTH
        lines.append(element("line", x1=x, x2=x, y1=area.y.start, y2=area.y.end, class_="moment"))
        place = (x - 5 if late else x + 5, area.y.end + 12 + 16 * row)
        names.append(_text(*place, words(label, "tspan"), "note end" if late else "note"))
    return joined(lines + names)


def categories(area: Frame, labels: Iterable[Text], title: Text) -> Markup:
    """Names below bars of unit width, and the title of the axis."""
    base = area.y.start
    marks = [element("line", x1=area.x.start, x2=area.x.end, y1=base, y2=base, class_="axis")]
    for row, label in enumerate(labels):
        marks.append(_text(area.x.at(row + 0.5), base + 18, words(label, "tspan"), "tick middle"))
    marks.append(_text((area.x.start + area.x.end) / 2, base + 42, words(title, "tspan"), "axis-title middle"))
    return joined(marks)


def bar_labels(area: Frame, heights: Iterable[float], show: Callable[[float], str]) -> Markup:
    """The value above each bar of unit width."""
    place = partial(area.x.at)
    return joined(
        _text(place(row + 0.5), area.y.at(height) - 5, show(height), "note middle")
        for row, height in enumerate(heights)
    )


def legend(keys: Iterable[Key]) -> Markup:
    """A list of colours and what they are."""
    entries = [element("li", element("i", class_=f"swatch {key.css}"), words(key.label)) for key in keys]
    return element("ul", *entries, class_="legend")


def figure(title: Text, chart: Markup, reading: Text, keys: Iterable[Key] = ()) -> Markup:
    """A chart with its title, its legend and one sentence on how to read it."""
    shown = list(keys)
    return element(
        "figure",
        element("h3", words(title)),
        legend(shown) if shown else Markup(""),
        chart,
        element("figcaption", words(reading)),
    )


def _text(x: float, y: float, text: str, css: str) -> Markup:
    return element("text", text, x=x, y=y, class_=css)
