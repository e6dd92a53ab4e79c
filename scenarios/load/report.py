"""The page of a load: the verdict, the objectives, what was measured over time and by operation, the oracle's word."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scenarios.language import Language, Text
from scenarios.load.objectives import CLASSES
from scenarios.load.run import Capacity, Load
from scenarios.load.verdict import Judgement, Outcome, Tally
from scenarios.report.charts import Frame, Key, columns, drawing, figure, frame, line, nice_ticks, time_axis, y_axis
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.shell import page_html
from scenarios.report.tables import Cell, table
from scenarios.report.texts import duration, number, phrase, plain

BINS = 60
"""Steps into which the load is cut for the drawings."""

BOX = {Outcome.HELD: "good", Outcome.BROKEN: "bad", Outcome.NONE: "none"}
SHOWN_FINDINGS = 50
SHORT_S, TICKS = 3600.0, 8
"""Below which length the axis tells seconds, and about how many ticks it has."""

FloatArray = npt.NDArray[np.float64]


def load_html(load: Load, language: Language) -> str:
    """The whole page."""
    title = phrase("load.title", target=load.target_url)
    header = element(
        "header",
        element("p", words(phrase("load.kicker")), class_="kicker"),
        element("h1", words(title)),
        _facts(load),
        _verdict(load),
    )
    sections = {
        **({} if load.capacity is None else {"load_capacity": _capacity(load.capacity)}),
        "load_objectives": _objectives(load),
        "load_time": _over_time(load),
        "load_operations": _operations(load.verdict.operations),
        "load_oracle": _oracle(load),
        "load_how": _how(load),
    }
    return page_html(f"{title.in_language(language)} – citytwin", language, header, sections, "load.generated")


def _facts(load: Load) -> Markup:
    verdict = load.verdict
    pairs = [
        (phrase("load.begun"), plain(load.begun.strftime("%Y-%m-%d %H:%M:%S %z"))),
        (phrase("load.length"), duration(verdict.length_s)),
        (phrase("load.ids"), number(load.ids)),
        (phrase("load.calls"), number(verdict.calls)),
        (phrase("load.mode"), phrase(f"load.mode_{verdict.mode}")),
        (phrase("load.speed"), plain(f"×{load.speed:g}")),
    ]
    entries = [element("div", element("dt", words(label)), element("dd", words(value))) for label, value in pairs]
    return element("dl", *entries, class_="facts")


def _verdict(load: Load) -> Markup:
    outcome = load.verdict.outcome
    parts = [element("h2", words(phrase(f"load.{outcome}_title"))), element("p", words(_why(load)))]
    broken = [one for one in load.verdict.judgements if not one.held]
    entries = [element("li", words(_sentence(one))) for one in broken]
    if load.verdict.wrong:
        entries.append(element("li", words(phrase("load.wrong", cases=number(load.verdict.wrong)))))
    entries += [
        element("li", words(phrase("load.injected", name=name, count=number(count))))
        for name, count in load.verdict.injected.items()
    ]
    if entries:
        parts.append(element("ul", *entries))
    if not load.is_whole:
        parts.append(element("p", words(phrase("load.stopped"))))
    role = "alert" if outcome is Outcome.BROKEN else "note"
    return element("aside", *parts, class_=f"verdict {BOX[outcome]}", role=role)


def _why(load: Load) -> Text:
    verdict = load.verdict
    if verdict.outcome is Outcome.HELD and not load.aftermath.is_asked:
        return phrase("load.oracle_unasked")
    if verdict.outcome is not Outcome.NONE:
        return phrase(f"load.{verdict.outcome}", objectives=number(len(verdict.judgements)))
    if verdict.is_unreachable or not verdict.calls:
        return phrase("load.none_unreachable")
    values = {"lag": milliseconds(verdict.lag.p99_ms), "limit": milliseconds(verdict.lag_limit_ms)}
    share = plain(f"{load.core_share:.0%}")
    return phrase("load.none_cores" if load.waited_for_a_core else "load.none_lag", share=share, **values)


def _sentence(one: Judgement) -> Text:
    return phrase(
        "load.broken_objective",
        subject=one.subject,
        figure=phrase(f"load.figure_{one.figure}"),
        value=figure_text(one.figure, one.value),
        limit=figure_text(one.figure, one.limit),
    )


def figure_text(name: str, value: float) -> Text:
    """A judged figure as people read it."""
    if name == "success":
        return Text(f"{100 * value:.2f}%", f"{100 * value:.2f} %")
    return number(value) if name == "refusals" else milliseconds(value)


def milliseconds(value_ms: float) -> Text:
    """A latency with its unit."""
    return plain(f"{value_ms:,.0f} ms" if value_ms >= 100 else f"{value_ms:,.1f} ms")


def _objectives(load: Load) -> Markup:
    headings = [phrase(f"load.column_{name}") for name in ("subject", "figure", "clause", "limit", "value", "held")]
    rows: list[list[Cell]] = []
    for one in load.verdict.judgements:
        held = phrase("load.yes") if one.held else phrase("load.no")
        rows.append(
            [
                one.subject,
                phrase(f"load.figure_{one.figure}"),
                one.clause,
                figure_text(one.figure, one.limit),
                figure_text(one.figure, one.value),
                words(held) if one.held else element("b", words(held)),
            ]
        )
    judged = {one.subject for one in load.verdict.judgements}
    rest = [one.name for one in load.verdict.classes if one.name not in judged]
    source = phrase("load.objectives_source", source=load.objectives.source)
    parts = [element("p", words(source), class_="remark"), table(headings, rows, numbers_from=3)]
    if rest:
        parts.append(element("p", words(phrase("load.unjudged", classes=", ".join(rest))), class_="remark"))
    return joined((*parts, element("h3", words(phrase("load.classes"))), _tallies(load.verdict.classes)))


def _tallies(tallies: Sequence[Tally]) -> Markup:
    names = ("subject", "calls", "rate", "p50", "p95", "p99", "max", "failed", "put_off", "errors")
    headings = [phrase(f"load.column_{name}") for name in names]
    return table(headings, [_row(one) for one in tallies], numbers_from=1)


def _row(one: Tally) -> list[Cell]:
    latency = one.latency
    errors = ", ".join(f"{kind}: {count}" for kind, count in one.errors.items())
    times = [milliseconds(value) for value in (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.max_ms)]
    return [one.name, number(one.calls), number(one.rate, 1), *times, number(one.failed), number(one.put_off), errors]


def _operations(tallies: Sequence[Tally]) -> Markup:
    parts = []
    for name in CLASSES:
        some = [one for one in tallies if one.service_class == name]
        if some:
            parts += [element("h3", words(phrase(f"load.class_{name.lower()}"))), _tallies(some)]
    return joined(parts)


def _capacity(capacity: Capacity) -> Markup:
    """The knee in a sentence, and the steps on the way to it."""
    low, high = capacity.bounds
    knee = phrase(f"load.{capacity.knee}", low=number(low), high=number(high))
    names = ("ids", "rate", *CLASSES, "outcome", "first_broken")
    headings = [plain(name) if name in CLASSES else phrase(f"load.column_{name}") for name in names]
    rows: list[list[Cell]] = []
    for one in sorted(capacity.steps, key=lambda step: step.size):
        times = [milliseconds(one.p95_ms[name]) if name in one.p95_ms else number(None) for name in CLASSES]
        named = [(judgement.subject, phrase(f"load.figure_{judgement.figure}")) for judgement in one.broken]
        what = Text("、".join(f"{who}の{name.ja}" for who, name in named), "; ".join(f"{a} {b.en}" for a, b in named))
        rows.append(
            [plain(f"{one.ids:,} ×{one.speed:.3g}"), number(one.rate), *times, phrase(f"load.step_{one.outcome}"), what]
        )
    return joined(
        (
            element("p", words(knee)),
            element("p", words(phrase("load.capacity_reading")), class_="remark"),
            table(headings, rows, numbers_from=0),
        )
    )


def _over_time(load: Load) -> Markup:
    rows, length_s = load.rows, max(load.verdict.length_s, 1.0)
    edges = np.linspace(0.0, length_s, BINS + 1)
    due_s = np.array([one.due_s for one in rows])
    failed = np.array([not one.succeeded for one in rows], np.bool_)
    step_s = length_s / BINS
    asked = np.histogram(due_s, edges)[0] / step_s
    lost = np.histogram(due_s[failed], edges)[0] / step_s if len(rows) else np.zeros(BINS)
    return joined((_rates(load, edges, asked, lost), _latencies(load, edges, due_s)))


def _rates(load: Load, edges: FloatArray, asked: FloatArray, lost: FloatArray) -> Markup:
    area = frame(float(edges[-1]), float(asked.max(initial=1.0)), height=260)
    title = phrase("load.rate_title")
    chart = drawing(
        area,
        columns(area, edges, asked, "c-said"),
        columns(area, edges, lost, "c-waiting"),
        y_axis(area, phrase("load.rate_axis"), "{:,g}".format),
        _axis(area, load),
        label=title,
    )
    keys = [Key("bar c-said", phrase("load.asked")), Key("bar c-waiting", phrase("load.lost"))]
    return figure(title, chart, phrase("load.rate_reading"), keys)


def _latencies(load: Load, edges: FloatArray, due_s: FloatArray) -> Markup:
    latency_ms = 1000 * np.array([one.latency_s for one in load.rows])
    middle = (edges[:-1] + edges[1:]) / 2
    place = np.clip(np.digitize(due_s, edges) - 1, 0, BINS - 1)
    filled = [row for row in range(BINS) if bool(np.any(place == row))]
    p95 = np.array([np.percentile(latency_ms[place == row], 95) for row in filled])
    p50 = np.array([np.percentile(latency_ms[place == row], 50) for row in filled])
    area = frame(float(edges[-1]), float(p95.max(initial=1.0)), height=260)
    title = phrase("load.latency_title")
    chart = drawing(
        area,
        y_axis(area, phrase("load.latency_axis"), "{:,g}".format),
        _axis(area, load),
        line(area, middle[filled], p95, "c-waiting"),
        line(area, middle[filled], p50, "c-said"),
        label=title,
    )
    keys = [Key("bar c-said", phrase("load.p50")), Key("bar c-waiting", phrase("load.p95"))]
    return figure(title, chart, phrase("load.latency_reading"), keys)


def _axis(area: Frame, load: Load) -> Markup:
    """Hours and clock time; a load of minutes has its own ticks."""
    if load.verdict.length_s >= SHORT_S:
        return time_axis(area, load.begun, phrase("load.clock"))
    base = area.y.start
    marks = [element("line", x1=area.x.start, x2=area.x.end, y1=base, y2=base, class_="axis")]
    for at_s in nice_ticks(load.verdict.length_s or 1.0, TICKS):
        if at_s <= area.x.high:
            x = area.x.at(at_s)
            marks.append(element("line", x1=x, x2=x, y1=base, y2=base + 5, class_="axis"))
            marks.append(element("text", f"{at_s:g} s", x=x, y=base + 18, class_="tick middle"))
    middle = (area.x.start + area.x.end) / 2
    title = words(phrase("load.seconds"), "tspan")
    return joined((*marks, element("text", title, x=middle, y=base + 42, class_="axis-title middle")))


def _oracle(load: Load) -> Markup:
    done = load.aftermath
    if not done.is_asked:
        return element("p", words(phrase("load.oracle_unasked")))
    text = phrase(
        "load.oracle",
        looks=number(load.looks),
        recovery=number(load.recovery_s, 1),
        check_ins=number(done.check_ins),
        reports=number(done.reports),
        asked=number(done.settled.asked),
        answered=number(done.settled.answered),
        unsure=number(done.unsure),
    )
    findings = load.findings
    if not findings:
        return joined((element("p", words(text)), element("p", words(phrase("load.oracle_agrees")))))
    headings = [
        phrase(f"load.column_{name}") for name in ("finding", "where", "operation", "expected", "said", "cases")
    ]
    rows: list[list[Cell]] = [
        [phrase(f"finding.{one.kind}"), one.subject, one.operation, one.expected, one.actual, number(one.cases)]
        for one in findings[:SHOWN_FINDINGS]
    ]
    return joined((element("p", words(text)), table(headings, rows, numbers_from=5)))


def _how(load: Load) -> Markup:
    verdict = load.verdict
    notes = [
        phrase("load.how_open"),
        phrase(
            "load.how_lag",
            p50=milliseconds(verdict.lag.p50_ms),
            p99=milliseconds(verdict.lag.p99_ms),
            max=milliseconds(verdict.lag.max_ms),
            limit=milliseconds(verdict.lag_limit_ms),
        ),
        phrase("load.how_people", ids=number(load.ids), copies=number(load.copies), left_out=number(load.left_out)),
        phrase("load.how_success"),
    ]
    if load.against_board:
        notes.append(phrase("load.how_board", count=number(load.against_board)))
    command = element("p", element("code", load.command)) if load.command else Markup("")
    return joined((element("ul", *(element("li", words(one)) for one in notes)), command))
