"""Support and safety: support-needing people without help, and whose safety is known by which channel."""

import numpy as np

from scenarios.metrics import waiting_at
from scenarios.report.charts import Key, band, drawing, figure, frame, line, stacked, time_axis, y_axis
from scenarios.report.markup import Markup, joined
from scenarios.report.material import Material, reached_by
from scenarios.report.texts import duration, percent, phrase
from twin.events import SafetyChannel


def support_section(material: Material) -> Markup:
    """The figures of the section."""
    return joined((help_figure(material), safety_figure(material)))


def help_figure(material: Material) -> Markup:
    """Support-needing people who wait for help, over time."""
    record, outcomes, at_s = material.record, material.outcomes, material.bins_s()
    needed = outcomes.help_needed
    reached_s = np.maximum(needed.time_s, outcomes.help_reached.time_s)[needed.happened]
    came_to_need = reached_by(needed.time_s, at_s)
    waiting = waiting_at(outcomes, at_s).astype(np.float64)
    area = frame(record.scenario.duration_s, float(came_to_need.max()))
    title = phrase("help.title")
    chart = drawing(
        area,
        y_axis(area, phrase("arrival.people")),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        band(area, at_s, np.zeros(len(at_s)), waiting, "c-waiting soft"),
        line(area, at_s, waiting, "c-waiting"),
        line(area, at_s, came_to_need, "c-needed"),
        line(area, at_s, reached_by(reached_s, at_s), "c-helped"),
        label=title,
    )
    reading = phrase(
        "help.reading",
        peak=material.shown("unassisted_peak"),
        left=material.shown("unassisted"),
        median=duration(material.value("help_wait_p50_s")),
    )
    keys = [Key(f"bar c-{css}", phrase(f"help.{name}")) for css, name in _HELP_KEYS]
    return figure(title, chart, reading, keys)


_HELP_KEYS = (("waiting", "waiting"), ("needed", "needed"), ("helped", "reached"))


def safety_figure(material: Material) -> Markup:
    """Share of residents whose safety the city office knows, by first channel, over time."""
    record, at_s, people = material.record, material.bins_s(), max(1, material.record.population.people)
    confirmed = material.outcomes.confirmed
    layers = [
        (f"k-{channel}", 100 * reached_by(confirmed.time_s[confirmed.detail == channel], at_s) / people)
        for channel in SafetyChannel
    ]
    area = frame(record.scenario.duration_s, 100.0)
    title = phrase("safety.title")
    chart = drawing(
        area,
        stacked(area, at_s, layers),
        y_axis(area, phrase("safety.share")),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        label=title,
    )
    keys = [Key(f"k-{channel}", phrase(f"safety.{channel.name.lower()}")) for channel in SafetyChannel]
    share = percent(material.value("safety_confirmed_share"))
    return figure(title, chart, phrase("safety.reading", share=share), keys)
