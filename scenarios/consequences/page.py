"""The page of a study of faults, for planners and vendors alike; one file, offline, in both languages."""

from collections.abc import Iterator

from scenarios.consequences.drawings import multiples, panels_of, scenario_keys
from scenarios.consequences.points import Line
from scenarios.consequences.reader import CurvesFile
from scenarios.consequences.results import Found, Gap, Panel
from scenarios.consequences.words import costs_of, rate_range, scale_of, shown_rate, until_words
from scenarios.defaults import default_parameters
from scenarios.language import Language, Text
from scenarios.report.background import parameter_table
from scenarios.report.markup import Markup, element, escaped, joined, words
from scenarios.report.shell import page_html
from scenarios.report.tables import Cell, table
from scenarios.report.texts import number, phrase
from scenarios.study.words import changed, is_sure, shown_gap, shown_range, shown_value, title_of
from twin.parameters import Confidence

COLUMNS = ("figure", "scenario", "minute", "longest", "worse", "safe", "harm")
"""Headings of the table of what objectives are worth."""


def curves_html(read: CurvesFile, found: Found, language: Language, command: str) -> str:
    """The whole page; equal for equal results."""
    study = read.study
    title = study.title_ja if language is Language.JA else study.title_en
    sections = {
        "curves_short": _short(read, found),
        "curves_panels": _panels(read, found),
        "curves_worth": _worth(read, found),
        "curves_points": _points(read, found),
        "curves_unsure": _unsure(read),
        "curves_again": _again(command),
    }
    return page_html(f"{title} – citytwin", language, _header(read, found), sections)


def _header(read: CurvesFile, found: Found) -> Markup:
    study = read.study
    seeds = len(study.all_seeds())
    shared = "; ".join(changed(study.set))
    people = joined(
        element("dd", words(title), ": ", words(phrase("curves.people", people=number(found.people[name]))))
        for name, title in _titles(read).items()
    )
    facts = (
        ("city_os", element("dd", words(phrase(f"curves.city_os_{study.city_os}")))),
        ("who", people),
        ("seeds", element("dd", str(seeds))),
        ("runs", element("dd", f"{len(read.bases) * len(study.plan) * seeds:,}")),
        *((("shared", element("dd", shared)),) if shared else ()),
    )
    rows = (element("div", element("dt", words(phrase(f"curves.fact_{name}"))), told) for name, told in facts)
    return joined(
        (
            element("p", words(phrase("curves.kicker")), class_="kicker"),
            element("h1", words(Text(study.title_ja, study.title_en))),
            element("p", words(phrase("page.caution")), class_="caution"),
            element("dl", *rows, class_="facts"),
            element("p", words(phrase("curves.how"))),
        )
    )


def _titles(read: CurvesFile) -> dict[str, Text]:
    return {name: Text(base.title_ja, base.title_en) for name, base in read.bases.items()}


def _short(read: CurvesFile, found: Found) -> Markup:
    """For each line what it costs in each scenario, in sentences."""
    parts = []
    for line in read.lines:
        told = [costs_of(found, line, scenario, title) for scenario, title in _titles(read).items()]
        sentences = (element("li", words(_as_one(list(one)))) for one in told)
        parts.append(joined((_line_heading(line), element("ul", *sentences))))
    return joined(parts)


def _as_one(sentences: list[Text]) -> Text:
    return Text("".join(one.ja for one in sentences), " ".join(one.en for one in sentences))


def _line_heading(line: Line) -> Markup:
    return element("h3", words(line.title), " ", element("small", _fault_words(line)))


def _worth(read: CurvesFile, found: Found) -> Markup:
    parts = [_line_worth(read, found, line) for line in read.lines]
    reading = [element("p", words(phrase("curves.worth_reading")), class_="remark")]
    if any(one.worth is not None and one.worth.safe_min is None for one in found.panels):
        reading.append(element("p", words(phrase("curves.few_seeds")), class_="remark"))
    return joined((*parts, *reading))


def _line_worth(read: CurvesFile, found: Found, line: Line) -> Markup:
    headings = [phrase(f"curves.{name}") for name in COLUMNS]
    rows = [row for panel in _by_metric(read, found, line) if (row := _worth_row(read, panel)) is not None]
    return joined((_line_heading(line), table(headings, rows, numbers_from=2))) if rows else Markup("")


def _fault_words(line: Line) -> Markup:
    """The fault as it is written: what no panel says."""
    fault = line.fault
    parts = [escaped(fault.kind), escaped(", ".join(fault.operations) or "*")]
    parts += [escaped(", ".join(fault.districts))] if fault.districts else []
    parts += [escaped(f"{fault.share:g}")] if fault.share < 1 else []
    parts += [words(phrase("curves.from_start", start=line.start))] if line.start and line.name == fault.name else []
    return joined(("(", joined(_apart(parts)), ")"))


def _apart(parts: list[Markup]) -> Iterator[Markup]:
    for row, one in enumerate(parts):
        yield from (escaped("; "), one) if row else (one,)


def _by_metric(read: CurvesFile, found: Found, line: Line) -> Iterator[Panel]:
    for metric in read.drawn:
        yield from (one for one in panels_of(found, metric) if one.line == line)


def _worth_row(read: CurvesFile, panel: Panel) -> list[Cell] | None:
    worth = panel.worth
    if worth is None or not panel.gaps:
        return None
    last = panel.gaps[-1]
    safe, harmful = until_words(panel.line, worth)
    rate = _over(words(shown_rate(panel, worth.slope)), rate_range(panel, worth))
    worse = f"{last.worse}/{last.difference.n}"
    name = _metric_cell(panel) if panel.scenario == next(iter(read.bases)) else ""
    return [name, _titles(read)[panel.scenario], rate, _gap(panel, last), worse, safe, harmful]


def _metric_cell(panel: Panel) -> Markup:
    """A metric, and what change of it counts as no harm."""
    metric = panel.metric
    harm = phrase("curves.no_harm", harm=shown_value(metric, panel.harm)) if panel.harm else phrase("curves.any_harm")
    return joined((words(title_of(metric)), element("span", words(harm), class_="key")))


def _over(value: Markup, below: Text) -> Markup:
    return joined((value, element("span", words(below), class_="key")))


def _gap(panel: Panel, gap: Gap) -> Markup:
    """A difference with its interval; bold where zero lies surely outside."""
    found, metric = gap.difference, panel.metric
    told = words(shown_gap(metric, found.median))
    if found.low is None or found.high is None:
        return told
    bounds = shown_range(shown_gap(metric, found.low), shown_gap(metric, found.high), found.level)
    cell = _over(element("strong", told) if is_sure(found) else told, bounds)
    return _over(cell, phrase("curves.lost", count=gap.lost)) if gap.lost else cell


def _panels(read: CurvesFile, found: Found) -> Markup:
    blocks = []
    for metric in read.drawn:
        panels = panels_of(found, metric)
        unit = element("small", words(phrase("curves.upwards", unit=scale_of(panels[0]).unit)))
        heading = element("h3", words(title_of(metric)), " ", unit)
        meaning = element("p", words(panels[0].definition.text), class_="remark")
        blocks.append(element("figure", heading, meaning, multiples(panels, read.lines, list(read.bases))))
    reading = element("p", words(phrase("curves.panels_reading")))
    return joined((reading, scenario_keys(_titles(read).values()), *blocks))


def _points(read: CurvesFile, found: Found) -> Markup:
    return joined(_line_points(read, found, line) for line in read.lines)


def _line_points(read: CurvesFile, found: Found, line: Line) -> Markup:
    minutes = [phrase("curves.at_minutes", minutes=f"{one.at_min:g}") for one in line.points]
    headings = [phrase("curves.figure"), phrase("curves.scenario"), phrase("curves.without"), *minutes]
    rows: list[list[Cell]] = []
    for panel in _by_metric(read, found, line):
        is_first = panel.scenario == next(iter(read.bases))
        name = title_of(panel.metric) if is_first else ""
        rows.append([name, _titles(read)[panel.scenario], _zero(panel), *(_gap(panel, one) for one in panel.gaps)])
    for scenario, title in _titles(read).items():
        hits = [number(gap.hit) for gap in found.of(line, scenario)[0].gaps]
        rows.append([phrase("curves.hit"), title, "", *hits])
    return joined((element("h3", words(line.title)), table(headings, rows, numbers_from=2)))


def _zero(panel: Panel) -> Text:
    return shown_value(panel.metric, panel.zero_median)


def _unsure(read: CurvesFile) -> Markup:
    every = default_parameters().with_overrides(read.study.set.behaviour).values()
    assumed = [one for one in every if one.confidence is Confidence.C or one.overridden]
    told = phrase("curves.assumed", count=len(assumed), total=len(every))
    return joined(
        (
            element("p", words(phrase("curves.limits"))),
            element("p", words(told)),
            element("details", element("summary", words(phrase("curves.assumed_list"))), parameter_table(assumed)),
        )
    )


def _again(command: str) -> Markup:
    return joined((element("pre", escaped(command)), element("p", words(phrase("curves.again_reading")))))
