"""Shelters: occupancy against both capacities, the fullest of them, and waits at their desks."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from scenarios.language import Text
from scenarios.metrics import capacities
from scenarios.outcomes import indoor
from scenarios.report.charts import (
    Axis,
    Frame,
    Key,
    band,
    bar_labels,
    categories,
    columns,
    drawing,
    figure,
    frame,
    level,
    line,
    time_axis,
    y_axis,
)
from scenarios.report.markup import Markup, element, escaped, joined, words
from scenarios.report.material import Material
from scenarios.report.tables import table
from scenarios.report.texts import duration, number, percent, phrase, plain
from twin.events import ReceptionChannel
from twin.units import SECONDS_PER_HOUR

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FULLEST = 12
"""Number of small charts."""

WAIT_EDGES_MIN = (0, 1, 2, 5, 10, 20, 30, 60, 120)
"""Edges of the classes of waits (min); the last class is open."""


def shelters_section(material: Material) -> Markup:
    """The figures of the section."""
    return joined((occupancy_figure(material), fullest_figure(material), wait_figure(material), wait_table(material)))


def opened_places(material: Material) -> dict[str, int]:
    """Places of all indoor shelters that were open at any time, by both capacities."""
    rows = indoor(material.record.town) & material.record.opened
    return {which: int(capacity[rows].sum()) for which, capacity in capacities(material.record.town).items()}


def occupancy_figure(material: Material) -> Markup:
    """People in indoor shelters and at sites over time, against the places of the opened shelters."""
    record, rooms = material.record, indoor(material.record.town)
    inside, outside = (record.steps.headcount_true[:, rows].sum(axis=1).astype(float) for rows in (rooms, ~rooms))
    places = opened_places(material)
    area = frame(record.scenario.duration_s, max(float(inside.max()), float(outside.max()), *places.values()) * 1.05)
    title, time_s = phrase("occupancy.title"), record.steps.time_s
    chart = drawing(
        area,
        y_axis(area, phrase("arrival.people")),
        time_axis(area, record.scenario.start, phrase("page.clock")),
        band(area, time_s, np.zeros(len(time_s)), inside, "c-indoor soft"),
        line(area, time_s, inside, "c-indoor"),
        line(area, time_s, outside, "c-site"),
        *(
            level(area, places[which], phrase(f"occupancy.{which}", places=number(places[which])), f"cap-{which}")
            for which in ("standard", "town")
        ),
        label=title,
    )
    peak = int(inside.argmax())
    share = percent(float(inside[peak]) / places["standard"]) if places["standard"] else percent(None)
    at = duration(float(time_s[peak]))
    reading = phrase("occupancy.reading", at=at, peak=number(float(inside[peak])), share=share)
    keys = [Key("bar c-indoor", phrase("occupancy.indoor")), Key("bar c-site", phrase("occupancy.site"))]
    return figure(title, chart, reading, keys)


def fullest_figure(material: Material) -> Markup:
    """A small chart for each of the fullest shelters."""
    peaks = material.outcomes.occupancy.peak(len(material.record.town.shelters))
    standard = capacities(material.record.town)["standard"]
    share = np.where(standard > 0, peaks / np.maximum(standard, 1), 0.0)
    # By people without a place; by share alone the smallest shelters would fill the page.
    order = np.lexsort((-share, -np.maximum(0, peaks - standard) * (standard > 0)))
    rows = [int(row) for row in order[:FULLEST] if share[row] > 0]
    if not rows:
        return Markup("")
    small = [_small_chart(material, row, int(peaks[row]), float(share[row])) for row in rows]
    grid = element("div", *small, class_="multiples")
    return figure(phrase("occupancy.fullest"), grid, phrase("occupancy.fullest_reading"))


def _small_chart(material: Material, row: int, peak: int, share: float) -> Markup:
    record = material.record
    shelter, time_s = record.town.shelters[row], record.steps.time_s
    people = record.steps.headcount_true[:, row].astype(np.float64)
    both = {which: capacity[row] for which, capacity in capacities(record.town).items()}
    top = 1.08 * max(float(people.max()), *both.values(), 1.0)
    area = Frame(Axis(0, record.scenario.duration_s, 40, 232), Axis(0, top, 118, 8), 240, 138)
    marks = [
        element("line", x1=40, x2=232, y1=area.y.at(places), y2=area.y.at(places), class_=f"level cap-{which}")
        for which, places in both.items()
    ]
    hours = record.scenario.duration_s / SECONDS_PER_HOUR
    chart = drawing(
        area,
        element("path", d="M40 8V118H232", class_="axis"),
        band(area, time_s, np.zeros(len(time_s)), people, "c-indoor soft"),
        line(area, time_s, people, "c-indoor"),
        *marks,
        *(
            element("text", f"{places:,}", x=36, y=area.y.at(places) + 4, class_="tick end")
            for places in _apart(both, area)
        ),
        element("text", "0", x=36, y=122, class_="tick end"),
        element("text", "0 h", x=40, y=133, class_="tick"),
        element("text", f"{hours:g} h", x=232, y=133, class_="tick end"),
        label=plain(shelter.name),
    )
    note = phrase("occupancy.peak", peak=number(peak), share=percent(share))
    return element("div", element("h4", escaped(shelter.name)), element("p", words(note)), chart)


def _apart(both: dict[str, int], area: Frame) -> list[int]:
    """Capacities to write at the axis: the town's own only where it does not lie on the other."""
    standard, town = both["standard"], both["town"]
    far = abs(area.y.at(standard) - area.y.at(town)) >= 12
    return [standard, town] if far else [standard]


def wait_figure(material: Material) -> Markup:
    """How long receptions took, in classes."""
    waits = material.outcomes.waits.wait_s
    if not len(waits):
        return element("p", element("b", words(phrase("wait.title"))), " ", words(phrase("page.none")), class_="remark")
    edges_s = np.append(np.array(WAIT_EDGES_MIN, np.float64) * 60, np.inf)
    shares = 100 * np.histogram(waits, edges_s)[0] / len(waits)
    area = frame(float(len(shares)), float(shares.max()) * 1.08, height=260)
    names = [f"{low}–{high}" for low, high in pairwise(WAIT_EDGES_MIN)]
    labels = [plain(name) for name in (*names, f"> {WAIT_EDGES_MIN[-1]}")]
    title = phrase("wait.title")
    chart = drawing(
        area,
        y_axis(area, phrase("wait.share")),
        columns(area, np.arange(len(shares) + 1.0), shares, "c-arrived"),
        bar_labels(area, shares.tolist(), "{:.0f}".format),
        categories(area, labels, phrase("wait.axis")),
        label=title,
    )
    reading = phrase(
        "wait.reading",
        count=number(len(waits)),
        median=duration(material.value("reception_wait_p50_s")),
        p95=duration(material.value("reception_wait_p95_s")),
        left=material.shown("queueing_at_end"),
    )
    return figure(title, chart, reading)


def wait_table(material: Material) -> Markup:
    """Waits by channel."""
    rows = []
    for channel in ReceptionChannel:
        by = {"channel": channel.name.lower()}
        median, p95 = (material.value(f"reception_wait_{name}_s", **by) for name in ("p50", "p95"))
        shown: list[Text] = [duration(median), duration(p95)]
        rows.append([phrase(f"wait.{channel.name.lower()}"), material.shown("received", **by), *shown])
    names = [phrase(f"wait.{name}") for name in ("channel", "count", "median", "p95")]
    return table(names, rows, numbers_from=1)
