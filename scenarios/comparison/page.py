"""The page of a comparison: what differs and how surely, whose outcome changed and why, and where they live."""

from collections.abc import Iterable

from scenarios.comparison.causes import ORDER
from scenarios.comparison.changes import TOLERANCE_S, Count, Outcome, Turn, Way
from scenarios.comparison.drawings import Bar, Row, bars, forest, strip
from scenarios.comparison.result import Comparison, MetricDifference
from scenarios.errors import Fault
from scenarios.language import Language, Text
from scenarios.metrics import definitions
from scenarios.report.charts import Key, figure
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.replications_page import facts, interval_text, value_text
from scenarios.report.shell import page_html
from scenarios.report.tables import Cell, table
from scenarios.report.texts import number, percent, phrase, plain
from scenarios.statistics import LEVEL, median_interval
from scenarios.summary import SHOWN

COMPARED = ("t50_s", "t90_s", "reception_wait_p50_s", "diverted", "help_wait_p50_s", *SHOWN[5:13], "arrived")
"""Metrics of the first table, in its order."""

DRAWN = ("t90_s", "unassisted", "reception_wait_p95_s", "arrived")
"""Metrics whose pairs are drawn one by one."""


def comparison_html(found: Comparison, language: Language) -> str:
    """The whole page; equal for equal inputs."""
    title = phrase("compare.title", a=found.a.folder.name, b=found.b.folder.name)
    sections = {
        "compare_metrics": joined((_relative(found), _table(found), _remarks(found))),
        "compare_pairs": joined(_strips(found)),
        "compare_people": _people(found),
        "compare_districts": _districts(found),
    }
    return page_html(f"{title.in_language(language)} – citytwin", language, _header(found, title), sections)


def _header(found: Comparison, title: Text) -> Markup:
    return element(
        "header",
        element("p", words(phrase("compare.kicker")), class_="kicker"),
        element("h1", words(title)),
        facts(
            [
                (plain("A"), plain(f"{found.a.folder} ({found.a.head['scenario']}, {found.a.head['city_os']})")),
                (plain("B"), plain(f"{found.b.folder} ({found.b.head['scenario']}, {found.b.head['city_os']})")),
                (phrase("facts.town"), plain(str(found.a.head["town"]))),
                (phrase("compare.pairs"), plain(str(len(found.pairs.rows)))),
            ]
        ),
        *(element("p", words(_both(one)), class_="alarm") for one in found.warnings),
        element("p", words(phrase("page.caution")), class_="caution"),
    )


def _both(fault: Fault) -> Text:
    return Text(fault.text(Language.JA), fault.text(Language.EN))


def compared(found: Comparison) -> list[MetricDifference]:
    """The differences that are shown first."""
    names = dict.fromkeys(COMPARED)
    wanted = [one for name in names for one in found.metrics if one.name == name and set(one.by) <= {"capacity"}]
    return [one for one in wanted if one.difference.n]


def metric_label(one: MetricDifference) -> Text:
    """The metric's name, with the capacity that it is by."""
    label = definitions()[one.name].label
    if "capacity" not in one.by:
        return label
    part = phrase(f"replications.capacity_{one.by['capacity']}")
    return Text(f"{label.ja}（{part.ja}）", f"{label.en} ({part.en})")


def _table(found: Comparison) -> Markup:
    columns = ("metric", "a", "b", "difference", "interval", "probability", "verdict")
    rows = [_row(one) for one in compared(found)]
    return table([phrase(f"compare.{name}") for name in columns], rows, numbers_from=1)


def _row(one: MetricDifference) -> list[Cell]:
    told, chance = one.difference, one.probability_interval
    probability = percent(one.probability_b_better)
    if chance.low is not None:
        ends = percent(chance.low), percent(chance.high)
        probability = Text(
            f"{probability.ja}（{ends[0].ja}～{ends[1].ja}）", f"{probability.en} ({ends[0].en} … {ends[1].en})"
        )
    return [
        metric_label(one),
        value_text(one.name, one.a_median),
        value_text(one.name, one.b_median),
        signed(one.name, told.median),
        interval_words(one),
        probability,
        phrase(f"compare.{one.verdict}"),
    ]


def interval_words(one: MetricDifference) -> Text:
    """The interval of a difference as people read it, "–" for none."""
    told = one.difference
    if told.low is None or told.high is None:
        return number(None)
    low, high = signed(one.name, told.low), signed(one.name, told.high)
    return Text(f"{low.ja}～{high.ja}", f"{low.en} … {high.en}")


def signed(name: str, value: float | None) -> Text:
    """A difference as people read it, with its sign."""
    if value is None:
        return number(None)
    size = phrase("compare.points", points=f"{100 * abs(value):.1f}") if name.endswith("_share") else None
    size = size or value_text(name, abs(value))
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    return Text(sign + size.ja, sign + size.en)


def _relative(found: Comparison) -> Markup:
    rows: list[Row] = []
    for one in compared(found):
        if one.a_median:
            rows += _forest_rows(one, metric_label(one), 100.0 / abs(one.a_median))
    if not rows:
        return Markup("")
    keys = [Key(f"v-{name}", phrase(f"compare.{name}")) for name in ("b_better", "a_better", "unclear", "b_higher")]
    return figure(phrase("compare.relative"), forest(rows, "%"), phrase("compare.relative_reading"), keys)


def _forest_rows(one: MetricDifference, label: Text, scale: float) -> list[Row]:
    told = one.difference
    if told.median is None:
        return []
    low, high = (None if end is None else end * scale for end in (told.low, told.high))
    return [Row(label, told.median * scale, low, high, one.verdict)]


def too_few(found: Comparison) -> list[Text]:
    """Why there is no verdict, if there is none."""
    pairs = len(found.pairs.rows)
    if pairs == 1:
        return [phrase("compare.alone")]
    reached = median_interval(range(pairs)).level
    return [phrase("compare.few", level=percent(reached))] if reached < LEVEL else []


def _remarks(found: Comparison) -> Markup:
    texts = [phrase("compare.reading", level=percent(LEVEL)), *too_few(found)]
    texts += [phrase("compare.conditional"), phrase("compare.natural")]
    return joined(element("p", words(one), class_="remark") for one in texts)


def _strips(found: Comparison) -> Iterable[Markup]:
    for name in DRAWN:
        one = found.metric(name)
        if one is None or not one.gaps:
            continue
        seconds = name.endswith("_s")
        gaps = [gap / 60.0 if seconds else gap for gap in one.gaps]
        unit = phrase("compare.minutes" if seconds else "replications.persons")
        better = phrase(f"compare.direction_{one.better}")
        yield figure(definitions()[name].label, strip(gaps, unit), better)


def _people(found: Comparison) -> Markup:
    if not found.people:
        return element("p", words(phrase("compare.no_people")))
    return joined((_lives(found), _outcomes(found), _causes(found)))


def _lives(found: Comparison) -> Markup:
    counts = [(key, found.count("life", key)) for key in ("same", "parted", "changed")]
    rows: list[list[Cell]] = [[phrase(f"compare.life_{key}"), *_cells(one)] for key, one in counts]
    reading = phrase("compare.life_reading", seconds=f"{TOLERANCE_S:g}")
    return joined(
        (table(_headings("compare.life"), rows, numbers_from=1), element("p", words(reading), class_="remark"))
    )


def _headings(first: str) -> list[Text]:
    return [phrase(first), phrase("compare.people"), phrase("compare.interval")]


def _cells(one: Count | None) -> list[Cell]:
    if one is None:
        return [number(0), number(None)]
    interval = one.interval
    return [value_text("people", one.median), interval_text("people", interval.low, interval.high)]


def _outcomes(found: Comparison) -> Markup:
    headings = [phrase("compare.outcome"), *(phrase(f"compare.{way}") for way in Way)]
    rows: list[list[Cell]] = []
    for outcome in Outcome:
        counts = [found.count("outcome", outcome, way) for way in Way]
        rows.append([phrase(f"compare.{outcome}"), *(_cells(one)[0] for one in counts)])
    other = value_text("people", _median(found.count("outcome", "refuge", "other")))
    remark = element("p", words(phrase("compare.refuge", people=other)), class_="remark")
    return joined((element("h3", words(phrase("compare.outcomes"))), table(headings, rows, numbers_from=1), remark))


def _median(one: Count | None) -> float:
    return 0.0 if one is None else one.median or 0.0


def _causes(found: Comparison) -> Markup:
    named = [(str(cause), phrase(f"compare.cause_{cause}")) for cause in ORDER]
    return figure(phrase("compare.causes"), _turned(found, "cause", named), phrase("compare.causes_reading"), _keys())


def _keys() -> list[Key]:
    return [Key(f"u-{turn}", phrase(f"compare.turn_{turn}")) for turn in Turn]


def _turned(found: Comparison, what: str, named: list[tuple[str, Text]]) -> Markup:
    """Bars to the right for whom B is better, to the left for whom it is worse, behind them those with neither."""
    shown = []
    for key, label in named:
        better, worse, other = (_median(found.count(what, key, turn)) for turn in Turn)
        shown.append(Bar(label, better, worse, other))
    return bars(shown)


def _districts(found: Comparison) -> Markup:
    rows: list[Row] = []
    for code, name in found.districts.items():
        one = found.metric("t90_s", district=code)
        if one is not None:
            rows += _forest_rows(one, name, 1.0 / 60.0)
    parts = []
    if rows:
        unit = phrase("compare.minutes")
        parts.append(figure(phrase("compare.district_t90"), forest(rows, unit), phrase("compare.district_t90_reading")))
    if found.people:
        drawn = _turned(found, "district", list(found.districts.items()))
        parts.append(figure(phrase("compare.district_people"), drawn, phrase("compare.district_reading"), _keys()))
    return joined(parts)
