"""The page of replications: medians with their intervals, every run as a dot, and how it was stopped."""

from collections.abc import Sequence

from scenarios.language import Language, Text
from scenarios.metrics import Number, definitions
from scenarios.replications import BATCH, LEAST, Replications, Summary, values_of
from scenarios.report.charts import Axis, figure, nice_ticks
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.shell import page_html
from scenarios.report.tables import Cell, table
from scenarios.report.texts import duration, number, percent, phrase, plain
from scenarios.statistics import LEVEL
from scenarios.summary import SHOWN
from twin.units import SECONDS_PER_HOUR

DRAWN = ("t50_s", "t90_s", "unassisted", "reception_wait_p95_s")
"""Metrics whose runs are drawn one by one."""

WIDTH, ROW, LEFT = 760, 64, 170
"""Width, height of a row, and room for its name, in the drawing's units."""


def replications_html(done: Replications, language: Language) -> str:
    """The whole page; equal for equal runs, whatever time they took."""
    title = phrase("replications.title", scenario=str(done.head["scenario"]), n=len(done.rows))
    header = element(
        "header",
        element("p", words(phrase("replications.kicker")), class_="kicker"),
        element("h1", words(title)),
        facts(
            [
                (phrase("replications.seeds"), plain(f"{done.rows[0].seed}–{done.rows[-1].seed}")),
                (phrase("facts.town"), plain(str(done.head["town"]))),
                (phrase("facts.duration"), duration(float(done.head["duration_s"]))),
                (phrase("facts.city_os"), plain(str(done.head["city_os"]))),
            ]
        ),
        *((element("p", words(_stopped(done)), class_="alarm"),) if done.stopped else ()),
        element("p", words(phrase("page.caution")), class_="caution"),
    )
    sections = {
        "replications": joined((_table(done), _remarks(done), _first(done))),
        "runs": _drawing(done),
    }
    return page_html(f"{title.in_language(language)} – citytwin", language, header, sections)


def _stopped(done: Replications) -> Text:
    return phrase("replications.stopped", n=len(done.rows), most=done.plan.most)


def _first(done: Replications) -> Markup:
    """The way to the report of the run that was written in full, where that one is among them."""
    name = f"run-{done.rows[0].seed}/report.html"
    if not (done.folder / name).is_file():
        return Markup("")
    return element("p", element("a", words(phrase("replications.first")), href=name))


def facts(pairs: Sequence[tuple[Text, Text]]) -> Markup:
    """A list of what was run."""
    entries = [element("div", element("dt", words(label)), element("dd", words(value))) for label, value in pairs]
    return element("dl", *entries, class_="facts")


def value_text(name: str, value: Number) -> Text:
    """A metric's value as people read it."""
    if name.endswith("_s"):
        return duration(value)
    if name.endswith("_share"):
        return percent(value)
    whole = value is None or float(value).is_integer()
    return number(value, 0 if whole else 1)


def interval_text(name: str, low: Number, high: Number) -> Text:
    """An interval as people read it, "–" for none."""
    if low is None or high is None:
        return number(None)
    ends = [value_text(name, one) for one in (low, high)]
    return Text(f"{ends[0].ja}～{ends[1].ja}", f"{ends[0].en} … {ends[1].en}")


def _table(done: Replications) -> Markup:
    shown = [
        one for name in SHOWN for one in done.summaries if one.name == name and one.n and set(one.by) <= {"capacity"}
    ]
    headings = [phrase(f"replications.{name}") for name in ("metric", "median", "interval", "level", "range", "n")]
    return table(headings, [_row(one) for one in shown], numbers_from=1)


def _row(one: Summary) -> list[Cell]:
    label = definitions()[one.name].label
    if one.by:
        part = phrase(f"replications.capacity_{one.by['capacity']}")
        label = Text(f"{label.ja}（{part.ja}）", f"{label.en} ({part.en})")
    return [
        label,
        value_text(one.name, one.median),
        interval_text(one.name, one.low, one.high),
        percent(one.level) if one.low is not None else number(None),
        interval_text(one.name, one.least, one.most),
        plain(str(one.n)),
    ]


def _remarks(done: Replications) -> Markup:
    texts = [phrase("replications.reading", level=percent(LEVEL))]
    if len(done.rows) < 6:
        texts.append(phrase("replications.few", n=len(done.rows)))
    if done.plan.target is not None:
        labels = [definitions()[name].label for name in done.plan.metrics]
        names = Text("、".join(one.ja for one in labels), ", ".join(one.en for one in labels))
        key = "replications.reached" if done.reached else "replications.not_reached"
        target = percent(done.plan.target)
        texts.append(phrase(key, n=len(done.rows), metrics=names, target=target))
        texts.append(phrase("replications.looks", least=LEAST, batch=BATCH, looks=done.looks, level=percent(LEVEL)))
    texts.append(phrase("replications.natural"))
    return joined(element("p", words(one), class_="remark") for one in texts)


def _drawing(done: Replications) -> Markup:
    rows = [_dots(done, name) for name in DRAWN]
    return joined(one for one in rows if one)


def _dots(done: Replications, name: str) -> Markup:
    values = values_of(done.rows, (name, ()))
    if not values:
        return Markup("")
    scale, unit = _scale(name, max(values))
    summary = next(one for one in done.summaries if one.name == name and not one.by)
    ticks = nice_ticks(max(values) / scale or 1.0)
    axis = Axis(0.0, ticks[-1], LEFT, WIDTH - 30)
    marks = [_tick(axis, tick) for tick in ticks]
    if summary.low is not None and summary.high is not None:
        ends = axis.at(summary.low / scale), axis.at(summary.high / scale)
        marks.append(element("rect", x=ends[0], y=8, width=max(1.0, ends[1] - ends[0]), height=24, class_="interval"))
    marks += [element("circle", cx=axis.at(one / scale), cy=20, r=5, class_="dot c-arrived") for one in values]
    if summary.median is not None:
        middle = axis.at(summary.median / scale)
        marks.append(element("line", x1=middle, x2=middle, y1=6, y2=34, class_="level"))
    marks.append(element("text", words(unit, "tspan"), x=LEFT - 12, y=50, class_="axis-title end"))
    label = definitions()[name].label
    drawn = element("svg", *marks, viewBox=f"0 0 {WIDTH} {ROW}", role="img", aria_label=f"{label.ja} / {label.en}")
    return figure(label, drawn, phrase("replications.dots"))


def _scale(name: str, most: float) -> tuple[float, Text]:
    """What values are divided by to be drawn, and the unit that they then have."""
    if not name.endswith("_s"):
        return 1.0, phrase("replications.persons")
    if most < 2 * SECONDS_PER_HOUR:
        return 60.0, phrase("compare.minutes")
    return SECONDS_PER_HOUR, phrase("replications.hours")


def _tick(axis: Axis, value: float) -> Markup:
    x = axis.at(value)
    line = element("line", x1=x, x2=x, y1=4, y2=36, class_="grid")
    return joined((line, element("text", f"{value:g}", x=x, y=50, class_="tick middle")))
