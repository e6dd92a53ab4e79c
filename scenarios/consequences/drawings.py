"""Curves as small multiples: a row for each metric with one scale upwards, a panel for each curve."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from scenarios.consequences.points import Line
from scenarios.consequences.results import Found, Panel
from scenarios.consequences.words import Scale, scale_of
from scenarios.language import Text
from scenarios.report.charts import Axis, Frame, Key, band, legend, line
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.texts import phrase
from scenarios.study.drawings import ticks_between

WIDTH, HEIGHT = 330, 216
"""Size of a panel in the drawing's units."""

LEFT, RIGHT, TOP, FOOT = 56.0, 12.0, 8.0, 40.0
"""Room around the plot of a panel."""

MINUTE_STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 180.0, 360.0, 720.0)
COLOURS = 4
"""Colours of scenarios in style.css; a fifth scenario has the first again."""

FloatArray = npt.NDArray[np.float64]


def multiples(panels: Sequence[Panel], lines: Sequence[Line], scenarios: Sequence[str]) -> Markup:
    """The panels of one metric, one for each line, all scenarios in each; one scale upwards."""
    scale = scale_of(panels[0])
    ends = [end for one in panels for end in _ends(one)]
    ticks = ticks_between(min([0.0, *ends]) * scale.factor, max([0.0, *ends]) * scale.factor, wanted=4)
    made = []
    for one in lines:
        of_line = [panel for panel in panels if panel.line == one]
        title = element("h4", words(one.title))
        made.append(element("div", title, _panel(of_line, one, ticks, scenarios)))
    return element("div", *made, class_="panels two" if len(made) in (2, 4) else "panels")


def scenario_keys(titles: Iterable[Text]) -> Markup:
    """Which colour is which scenario."""
    return legend(Key(f"bar q-{row % COLOURS}", title) for row, title in enumerate(titles))


def _ends(panel: Panel) -> list[float]:
    values = [value for gap in panel.gaps for value in gap.values]
    values += [end for gap in panel.gaps for end in (gap.difference.low, gap.difference.high) if end is not None]
    return [one for one in values if math.isfinite(one)]


def _panel(panels: Sequence[Panel], on: Line, ticks: Sequence[float], scenarios: Sequence[str]) -> Markup:
    last = max(one.at_min for one in on.points)
    first = 0.0 if on.is_from_zero else min(one.at_min for one in on.points)
    across = ticks_between(first, last, wanted=4, steps=MINUTE_STEPS)
    x = Axis(across[0], max(across[-1], last), LEFT, WIDTH - RIGHT)
    area = Frame(x, Axis(ticks[0], ticks[-1], HEIGHT - FOOT, TOP), WIDTH, HEIGHT)
    scale = scale_of(panels[0])
    drawn = [_curve(one, area, scale, f"q-{scenarios.index(one.scenario) % COLOURS}") for one in panels]
    label = f"{on.title.ja} / {on.title.en}"
    marks = [_axes(area, ticks, across, on), *_harm(panels[0], area, scale), *drawn]
    return element("svg", *marks, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label)


def _axes(area: Frame, ticks: Sequence[float], across: Sequence[float], on: Line) -> Markup:
    marks = []
    for value in ticks:
        y = area.y.at(value)
        css = "axis" if value == 0 else "grid"
        marks.append(element("line", x1=area.x.start, x2=area.x.end, y1=y, y2=y, class_=css))
        marks.append(element("text", _tick(value), x=area.x.start - 6, y=y + 4, class_="tick end"))
    y = HEIGHT - FOOT + 16
    marks += [element("text", f"{value:g}", x=area.x.at(value), y=y, class_="tick middle") for value in across]
    title = words(phrase(f"curves.axis_{on.axis}"), "tspan")
    middle = (area.x.start + area.x.end) / 2
    marks.append(element("text", title, x=middle, y=HEIGHT - 6.0, class_="axis-title middle"))
    return joined(marks)


def _tick(value: float) -> str:
    return "0" if abs(value) < 1e-9 else f"{value:+,g}".replace("-", "−")


def _harm(panel: Panel, area: Frame, scale: Scale) -> list[Markup]:
    """A broken line at the change that counts as no harm, where one is named and lies in the plot."""
    if panel.worth is None or not panel.harm:
        return []
    worse = -1.0 if panel.definition.better == "higher" else 1.0
    value = worse * panel.harm * scale.factor
    if not area.y.low <= value <= area.y.high:
        return []
    y = area.y.at(value)
    return [element("line", x1=area.x.start, x2=area.x.end, y1=y, y2=y, class_="noise")]


def _curve(panel: Panel, area: Frame, scale: Scale, css: str) -> Markup:
    """Each seed's line faint, the interval as a band, the median as a line with dots at what was run."""
    begin = [0.0] if panel.line.is_from_zero else []
    x = np.array([*begin, *(one.at_min for one in panel.gaps)])
    seeds = np.array([one.values for one in panel.gaps]).T * scale.factor
    marks = [_seed(area, x, np.array([*begin, *row]), css) for row in seeds]
    low, middle, high = (np.array([*begin, *one]) for one in _intervals(panel, scale))
    known = np.isfinite(low) & np.isfinite(high)
    marks.append(band(area, x[known], low[known], high[known], f"{css} soft"))
    shown = np.isfinite(middle)
    marks.append(line(area, x[shown], middle[shown], css))
    for at, value in zip(x[shown], middle[shown], strict=True):
        marks.append(element("circle", cx=area.x.at(at), cy=area.y.at(value), r=3.0, class_=f"spot {css}"))
    return joined(marks)


def _seed(area: Frame, x: FloatArray, y: FloatArray, css: str) -> Markup:
    known = np.isfinite(y)
    return line(area, x[known], y[known], f"seed {css}")


def _intervals(panel: Panel, scale: Scale) -> list[list[float]]:
    """Low ends, medians and high ends of the points, nan where there is none."""
    rows = [(one.difference.low, one.difference.median, one.difference.high) for one in panel.gaps]
    table = np.array(rows, np.float64) * scale.factor
    return [table[:, column].tolist() for column in range(3)]


def panels_of(found: Found, metric: object) -> list[Panel]:
    """The panels of one metric."""
    return [one for one in found.panels if one.metric == metric]
