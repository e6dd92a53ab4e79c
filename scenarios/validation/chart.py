"""Charts of misfits as SVG files that stand alone, light or dark background alike."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenarios.report.charts import Axis, nice_ticks
from scenarios.report.markup import Markup, element, joined
from scenarios.statistics import Interval
from scenarios.validation.misfit import Misfit
from scenarios.validation.tables import shown

FloatArray = npt.NDArray[np.float64]

WIDTH, LABELS, ROW, TOP = 760, 300, 34, 40
STYLE = (
    "text{font:12px sans-serif;fill:#222}.grid{stroke:#ddd}.axis{stroke:#888}.seen{fill:#1f4e79;stroke:#1f4e79}"
    ".run{fill:#d2691e;stroke:#d2691e}.end{text-anchor:end}.middle{text-anchor:middle}.bar{stroke-width:2}"
    ".curve{fill:none;stroke-width:2}.dashed{stroke-dasharray:6 4}"
)
DECADES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Ticks of a logarithmic scale."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to places of the drawing, by their logarithm if ``log``."""

    axis: Axis
    ticks: tuple[float, ...]
    log: bool

    def at(self, value: float) -> float:
        """Place of a value."""
        return self.axis.at(math.log(max(value, self.ticks[0])) if self.log else value)


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a chart: ``css`` is seen or run, perhaps dashed."""

    label: str
    x: FloatArray
    y: FloatArray
    css: str


def dots(title: str, misfits: Sequence[Misfit], *, log: bool = False) -> str:
    """Observed and simulated value of each figure side by side, with their intervals; those without a run left out."""
    known = [one for one in misfits if one.simulated is not None]
    scale = _scale(known, log=log)
    unit = known[0].figure.unit
    height = TOP + ROW * len(known) + 56
    base = TOP + ROW * len(known)
    marks = [_text(LABELS, 16, title, "")]
    for tick in scale.ticks:
        x = scale.at(tick)
        marks.append(element("line", x1=x, x2=x, y1=TOP - 8, y2=base, class_="grid"))
        marks.append(_text(x, base + 16, shown(tick, unit).replace(".0", ""), "middle"))
    for row, one in enumerate(known):
        y = TOP + ROW * (row + 0.5)
        marks.append(_text(LABELS - 12, y + 4, one.figure.label_en, "end"))
        marks.append(_mark(scale, one.figure.value, one.figure.sampling, (y - 6, "seen")))
        marks.append(_mark(scale, one.simulated or 0.0, one.interval, (y + 6, "run")))
    return _drawing(height, [*marks, _legend(base + 40, (("observed", "seen"), ("simulated", "run")))], title)


def curves(title: str, lines: Sequence[Curve], x_title: str) -> str:
    """Lines over a common axis from 0."""
    height, base = 360, 290.0
    x_ticks = nice_ticks(max(float(one.x.max()) for one in lines), 6)
    y_ticks = nice_ticks(max(float(one.y.max()) for one in lines))
    x, y = Axis(0.0, x_ticks[-1], 70.0, WIDTH - 20.0), Axis(0.0, y_ticks[-1], base, TOP)
    marks = [_text(70, 16, title, "")]
    for tick in y_ticks:
        marks.append(element("line", x1=70, x2=WIDTH - 20, y1=y.at(tick), y2=y.at(tick), class_="grid"))
        marks.append(_text(62, y.at(tick) + 4, f"{tick:,.0f}", "end"))
    marks += [_text(x.at(tick), base + 18, f"{tick:g}", "middle") for tick in x_ticks]
    marks.append(_text(WIDTH / 2, base + 36, x_title, "middle"))
    for one in lines:
        path = "M" + "L".join(f"{x.at(a):.1f} {y.at(b):.1f}" for a, b in zip(one.x, one.y, strict=True))
        marks.append(element("path", d=path, class_=f"curve {one.css}", style="fill:none"))
    return _drawing(height, [*marks, _legend(base + 60, [(one.label, one.css) for one in lines])], title)


def _scale(misfits: Sequence[Misfit], *, log: bool) -> Scale:
    values = [one.figure.value for one in misfits] + [value for one in misfits for value in one.values]
    if log:
        ticks = tuple(one for one in DECADES if min(values) / 3.4 < one < max(values) * 3.4)
        return Scale(Axis(math.log(ticks[0]), math.log(ticks[-1]), LABELS, WIDTH - 30.0), ticks, log=True)
    ticks = tuple(nice_ticks(max(values)))
    return Scale(Axis(0.0, ticks[-1], LABELS, WIDTH - 30.0), ticks, log=False)


def _mark(scale: Scale, value: float, interval: Interval, place: tuple[float, str]) -> Markup:
    y, css = place
    marks = [element("circle", cx=scale.at(value), cy=y, r=4, class_=css)]
    if interval.low is not None and interval.high is not None:
        low, high = scale.at(interval.low), scale.at(interval.high)
        marks.append(element("line", x1=low, x2=high, y1=y, y2=y, class_=f"{css} bar"))
    return joined(marks)


def _legend(y: float, entries: Sequence[tuple[str, str]]) -> Markup:
    marks: list[str] = []
    for number, (label, css) in enumerate(entries):
        x = 70.0 + 225.0 * number
        marks.append(element("line", x1=x, x2=x + 22, y1=y - 4, y2=y - 4, class_=f"{css} bar"))
        marks.append(_text(x + 28, y, label, ""))
    return joined(marks)


def _drawing(height: float, marks: Sequence[str], title: str) -> str:
    inside = [element("title", title), element("style", Markup(STYLE)), *marks]
    ground = element("rect", x=0, y=0, width=WIDTH, height=height, fill="#fff")
    return str(
        element(
            "svg",
            inside[0],
            inside[1],
            ground,
            *inside[2:],
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {WIDTH} {height:g}",
            width=WIDTH,
            height=height,
        )
    )


def _text(x: float, y: float, text: str, css: str) -> Markup:
    return element("text", text, x=x, y=y, class_=css or None)
