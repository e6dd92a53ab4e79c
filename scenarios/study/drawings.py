"""Drawings of a study: the results of each seed side by side, and which parameters matter."""

import math
from collections.abc import Mapping, Sequence
from functools import cache

from scenarios.defaults import default_parameters
from scenarios.language import Text
from scenarios.metrics import definitions
from scenarios.report.charts import WIDTH, Axis, nice_ticks
from scenarios.report.markup import Markup, element, escaped, joined, words
from scenarios.report.tables import Cell, table
from scenarios.report.texts import number, phrase
from scenarios.scenario import Scenario
from scenarios.study.cells import ranges_of
from scenarios.study.form import Measured
from scenarios.study.morris import Effect
from scenarios.study.reader import StudyFile
from scenarios.study.results import Figure, PlanFigure, Results, Screened
from scenarios.study.words import shown_gap, shown_range, shown_value, title_of
from twin.parameters import Parameters

LEFT, ROW, TOP, FOOT = 190, 34, 10, 30
"""Room of a strip in the drawing's units: for names, a row, above and below the rows."""

TIME_STEPS_S = (60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 10800.0, 21600.0, 43200.0, 86400.0)
"""Steps (s) that are round in minutes and hours."""

SQUARE, EDGE, RIGHT = 460, 100, 40
"""Size of a scatter, room for the names of its axis upwards, and to the right, in the drawing's units."""


def strip(figure: Figure, names: Mapping[str, Text]) -> Markup:
    """One metric: a row for each plan, a dot for each seed, the median and its interval."""
    values = [value for one in figure.plans for value in one.values]
    if not values:
        return Markup("")
    seconds = figure.definition.unit == "s"
    ticks = ticks_between(min(values), max(values), steps=TIME_STEPS_S if seconds else ())
    axis = Axis(ticks[0], ticks[-1], LEFT, WIDTH - 40.0)
    height = TOP + ROW * len(figure.plans) + FOOT
    base = height - FOOT
    marks = []
    for value in ticks:
        x = axis.at(value)
        label = words(shown_value(figure.metric, value), "tspan")
        marks.append(element("line", x1=x, x2=x, y1=TOP, y2=base, class_="grid"))
        marks.append(element("text", label, x=x, y=base + 16, class_="tick middle"))
    for row, one in enumerate(figure.plans):
        marks.append(_row(one, axis, TOP + ROW * (row + 0.5), names[one.plan]))
    title = title_of(figure.metric)
    spoken = f"{title.ja} / {title.en}"
    chart = element("svg", *marks, viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=spoken)
    return element("figure", element("h3", words(title)), chart)


def _row(one: PlanFigure, axis: Axis, y: float, name: Text) -> Markup:
    marks = [element("text", words(name, "tspan"), x=LEFT - 12, y=y + 4, class_="tick end")]
    if one.interval.low is not None and one.interval.high is not None:
        low, high = axis.at(one.interval.low), axis.at(one.interval.high)
        marks.append(element("line", x1=low, x2=high, y1=y, y2=y, class_="interval"))
    marks += [element("circle", cx=axis.at(value), cy=y, r=4.0, class_="dot") for value in sorted(one.values)]
    if one.median is not None:
        x = axis.at(one.median)
        marks.append(element("line", x1=x, x2=x, y1=y - 10, y2=y + 10, class_="median"))
    return joined(marks)


def ticks_between(low: float, high: float, wanted: int = 5, steps: Sequence[float] = ()) -> list[float]:
    """Round values from the last at or below ``low`` to the first at or above ``high``; by one of ``steps`` if any."""
    span = high - low or abs(high) or 1.0
    step = next((one for one in steps if span / one <= wanted), nice_ticks(span, wanted)[1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * row for row in range(first, max(last, first + 1) + 1)]


def screening_figures(read: StudyFile, results: Results) -> Markup:
    """For each metric a table of the parameters, the most important first, and where each lies."""
    plan = read.study.screened_plan()
    reading = phrase("study.screening_reading", plan=Text(plan.title_ja, plan.title_en))
    several = len(read.bases) > 1
    ranges = ranges_of(read.study, _parameters())
    screened = read.study.screening.parameter if read.study.screening else ()
    spans = {one.key: span for one, span in zip(screened, ranges, strict=True)}
    return joined(
        (
            element("p", words(reading)),
            *(_screened(one, read.bases[one.scenario] if several else None, spans) for one in results.screened),
        )
    )


def _screened(one: Screened, scenario: Scenario | None, spans: Mapping[str, tuple[float, float]]) -> Markup:
    heading = title_of(one.metric)
    if scenario is not None:
        heading = Text(f"{heading.ja} – {scenario.title_ja}", f"{heading.en} – {scenario.title_en}")
    headings = [phrase(f"study.{name}") for name in ("parameter", "range", "mu_star", "sigma", "mu")]
    ranked = one.ranked()
    rows = [
        _parameter_row(one.metric, (rank, key, effect), spans[key])
        for rank, (key, effect) in enumerate(ranked, start=1)
    ]
    return element(
        "figure",
        element("h3", words(heading)),
        table(headings, rows, numbers_from=1),
        _noise_text(one),
        _scatter(one, [effect for _, effect in ranked]),
    )


def _parameter_row(metric: Measured, ranked: tuple[int, str, Effect], span: tuple[float, float]) -> list[Cell]:
    rank, key, effect = ranked
    parameter = _parameters()[key]
    name = joined(
        (
            escaped(f"{rank}. "),
            words(Text(parameter.meaning_ja, parameter.meaning_en)),
            element("span", key, class_="key"),
        )
    )
    told = f"{span[0]:g} – {span[1]:g} {'' if parameter.unit == '1' else parameter.unit}"
    sigma = number(None) if math.isnan(effect.sigma) else shown_value(metric, effect.sigma)
    return [name, told, shown_value(metric, effect.mu_star), sigma, shown_gap(metric, effect.mu)]


@cache
def _parameters() -> Parameters:
    return default_parameters()


def _noise_text(one: Screened) -> Markup:
    parts = []
    for key, found in (("natural", one.natural), ("knowledge_screened", one.knowledge)):
        if found is not None:
            low, high = (shown_value(one.metric, value) for value in found)
            parts.append(element("p", words(phrase(f"study.{key}")), " ", words(shown_range(low, high))))
    return joined(parts)


def _scatter(one: Screened, ranked: Sequence[Effect]) -> Markup:
    """mu_star across, sigma up, each parameter by its rank; a broken line at the range over seeds."""
    shown = [(rank, effect) for rank, effect in enumerate(ranked, start=1) if not math.isnan(effect.sigma)]
    most = max([effect.mu_star for _, effect in shown] + [effect.sigma for _, effect in shown], default=0.0)
    if most <= 0:
        return Markup("")
    noise = one.natural[1] - one.natural[0] if one.natural else 0.0
    seconds = definitions()[one.metric.name].unit == "s"
    ticks = ticks_between(0.0, most, steps=TIME_STEPS_S if seconds else ())
    x, y = Axis(0.0, ticks[-1], EDGE, SQUARE - RIGHT), Axis(0.0, ticks[-1], SQUARE - 40.0, 16.0)
    marks = [_axis_marks(one.metric, value, x, y) for value in ticks]
    if 0 < noise <= ticks[-1]:
        there = x.at(noise)
        marks.append(element("line", x1=there, x2=there, y1=y.start, y2=y.end, class_="noise"))
        note = words(phrase("study.seeds_alone"), "tspan")
        marks.append(element("text", note, x=there + 4, y=y.end + 10, class_="note"))
    for place, ranks in _at_one_place([(rank, (x.at(one.mu_star), y.at(one.sigma))) for rank, one in shown]).items():
        marks.append(element("circle", cx=place[0], cy=place[1], r=4.5, class_="effect"))
        marks.append(element("text", ", ".join(map(str, ranks)), x=place[0] + 7, y=place[1] - 5, class_="note"))
    title = phrase("study.scatter")
    marks.append(element("text", words(title, "tspan"), x=SQUARE / 2, y=SQUARE - 4.0, class_="axis-title middle"))
    label = f"{title.ja} / {title.en}"
    drawing = element("svg", *marks, viewBox=f"0 0 {SQUARE} {SQUARE}", role="img", aria_label=label)
    return element("div", drawing, class_="scatter")


def _at_one_place(points: Sequence[tuple[int, tuple[float, float]]]) -> dict[tuple[float, float], list[int]]:
    """Ranks by place, those together whose dots would cover one another."""
    places: dict[tuple[float, float], list[int]] = {}
    for rank, point in points:
        near = next((one for one in places if math.dist(one, point) < 9.0), point)
        places.setdefault(near, []).append(rank)
    return places


def _axis_marks(metric: Measured, value: float, x: Axis, y: Axis) -> Markup:
    label = words(shown_value(metric, value), "tspan")
    return joined(
        (
            element("line", x1=x.at(value), x2=x.at(value), y1=y.start, y2=y.end, class_="grid"),
            element("line", x1=x.start, x2=x.end, y1=y.at(value), y2=y.at(value), class_="grid"),
            element("text", label, x=x.at(value), y=y.start + 16, class_="tick middle"),
            element("text", label, x=x.start - 6, y=y.at(value) + 4, class_="tick end"),
        )
    )
