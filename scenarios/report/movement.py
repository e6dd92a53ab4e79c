"""Evacuation over time: departures and arrivals, where people are, how they heard."""

import numpy as np

from scenarios.language import Text
from scenarios.metrics import quantile
from scenarios.report.charts import (
    Key,
    columns,
    drawing,
    figure,
    frame,
    line,
    moments,
    stacked,
    time_axis,
    y_axis,
)
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.material import Material, reached_by
from scenarios.report.texts import duration, number, percent, phrase
from twin.events import State, WarningChannel
from twin.units import SECONDS_PER_HOUR

STACK_ORDER = (State.SHELTERED, State.QUEUEING, State.MOVING, State.ELSEWHERE, State.STRANDED, State.HOME)
"""From below: those in refuges, then those under way, at the top those at home."""


def movement_section(material: Material) -> Markup:
    """The figures of the section."""
    parts = [arrival_figure(material), arrival_bins_figure(material), state_figure(material), warning_figure(material)]
    return joined(parts)


def arrival_figure(material: Material) -> Markup:
    """Cumulative departures and arrivals, with T50, T90 and T100."""
    if not material.value("evacuees"):
        return element("p", words(phrase("arrival.reading_none")), class_="remark")
    record, at_s = material.record, material.bins_s()
    departed = reached_by(material.outcomes.departed.time_s, at_s)
    area = frame(record.scenario.duration_s, float(departed[-1]), height=340)
    quantiles = {name: material.value(f"{name}_s") for name in ("t50", "t90", "t100")}
    named = [
        (at, Text(f"{name.upper()} {duration(at).ja}", f"{name.upper()} {duration(at).en}"))
        for name, at in quantiles.items()
        if at is not None
    ]
    title = phrase("arrival.title")
    chart = drawing(
        area,
        y_axis(area, phrase("arrival.people")),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        line(area, at_s, departed, "c-departed"),
        line(area, at_s, reached_by(material.outcomes.arrived.time_s, at_s), "c-arrived"),
        moments(area, named),
        label=title,
    )
    keys = [Key("bar c-departed", phrase("arrival.departed")), Key("bar c-arrived", phrase("arrival.arrived"))]
    reading = phrase("arrival.reading", **{name: duration(at) for name, at in quantiles.items()})
    return figure(title, chart, reading, keys)


def arrival_bins_figure(material: Material) -> Markup:
    """Arrivals in bins of five minutes."""
    if not material.value("arrived"):
        return Markup("")
    record, edges = material.record, material.bins_s()
    counts = np.histogram(material.outcomes.arrived.time_s, edges)[0].astype(np.float64)
    area = frame(record.scenario.duration_s, float(counts.max()), height=230)
    busiest = int(counts.argmax())
    title = phrase("arrival.bins_title")
    chart = drawing(
        area,
        y_axis(area, phrase("arrival.bins")),
        columns(area, edges, counts, "c-arrived"),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        label=title,
    )
    at = duration(float(edges[busiest]))
    return figure(title, chart, phrase("arrival.bins_reading", at=at, count=number(int(counts[busiest]))))


def state_figure(material: Material) -> Markup:
    """People in each state over time, stacked."""
    record = material.record
    area = frame(record.scenario.duration_s, float(record.population.people), height=340)
    layers = [(f"s-{state.name.lower()}", record.steps.counts[:, state].astype(np.float64)) for state in STACK_ORDER]
    title = phrase("state.title")
    chart = drawing(
        area,
        stacked(area, record.steps.time_s, layers),
        y_axis(area, phrase("arrival.people")),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        label=title,
    )
    keys = [Key(f"s-{state.name.lower()}", phrase(f"state.{state.name.lower()}")) for state in reversed(STACK_ORDER)]
    last = {state.name.lower(): number(int(record.steps.counts[-1, state])) for state in State}
    return figure(title, chart, phrase("state.reading", **last), keys)


def warning_figure(material: Material) -> Markup:
    """How many residents had heard, by the channel that they first heard through."""
    record, people = material.record, max(1, material.record.population.people)
    warned = material.outcomes.warned
    at_s = np.linspace(0.0, _warning_horizon_s(material), 121)
    layers = [
        (f"w-{channel}", 100 * reached_by(warned.time_s[warned.detail == channel], at_s) / people)
        for channel in WarningChannel
    ]
    area = frame(float(at_s[-1]), 100.0)
    title = phrase("warning.title")
    chart = drawing(
        area,
        stacked(area, at_s, layers),
        y_axis(area, phrase("warning.share")),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        label=title,
    )
    keys = [Key(f"w-{channel}", phrase(f"warning.{channel.name.lower()}")) for channel in WarningChannel]
    heard = np.sort(warned.time_s)
    middle = float(heard[(len(heard) - 1) // 2]) if len(heard) else np.inf
    half = duration(middle if np.isfinite(middle) else None)
    share = percent((material.value("warned") or 0) / people)
    return figure(title, chart, phrase("warning.reading", share=share, half=half), keys)


def _warning_horizon_s(material: Material) -> float:
    """How far the chart of warnings reaches: the spread is over long before the run is."""
    warned = material.outcomes.warned
    nearly_all = quantile(warned.time_s[warned.happened], 0.99) or 0.0
    return min(material.record.scenario.duration_s, max(SECONDS_PER_HOUR, 1.5 * nearly_all))
