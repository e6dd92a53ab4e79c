"""The page of a study: the plans, what they change, how sure that is, and what is not known; one file, offline."""

from collections.abc import Mapping, Sequence

from scenarios.language import Language, Text
from scenarios.metrics import Better
from scenarios.report.markup import Markup, element, escaped, joined, words
from scenarios.report.shell import whole_page
from scenarios.report.tables import Cell, table
from scenarios.report.texts import number, percent, phrase, plain
from scenarios.statistics import Difference
from scenarios.study.cells import count_of
from scenarios.study.drawings import screening_figures, strip
from scenarios.study.form import Plan, Study
from scenarios.study.reader import StudyFile
from scenarios.study.results import Figure, PlanFigure, Range, Results
from scenarios.study.words import added, changed, dropped, is_sure, shown_gap, shown_range, shown_value, title_of


def study_html(read: StudyFile, results: Results, language: Language, command: str) -> str:
    """The whole page; equal for equal results."""
    study = read.study
    sections = {
        "plans": _plans(study),
        "answer": _answers(read, results),
        "seeds": _strips(read, results),
        "uncertainty": _uncertainty(read, results),
        **({"screening": screening_figures(read, results)} if results.screened else {}),
        "reproduce": _reproduce(command),
    }
    title = study.title_ja if language is Language.JA else study.title_en
    main = element(
        "main", _title(read), *(_section(name, content) for name, content in sections.items()), class_="study"
    )
    return whole_page(f"{title} – citytwin", language, main)


def _section(name: str, content: Markup) -> Markup:
    return element("section", element("h2", words(phrase(f"study.{name}"))), content, id=name)


def _title(read: StudyFile) -> Markup:
    study = read.study
    sets = 1 + len(study.parameter_set)
    seeds = len(study.all_seeds())
    runs = len(read.bases) * len(study.plan) * sets * seeds
    counts = {"runs": runs, "plans": len(study.plan), "seeds": seeds, "sets": sets}
    scenarios = [Text(base.title_ja, base.title_en) for base in read.bases.values()]
    shared = "; ".join(changed(study.set))
    return joined(
        (
            element("p", words(phrase("study.kicker")), class_="kicker"),
            element("h1", words(Text(study.title_ja, study.title_en))),
            element("p", words(phrase("page.caution")), class_="caution"),
            *(element("p", words(one)) for one in scenarios),
            element("p", words(_runs(read, counts)), f" ({shared})" if shared else "", class_="remark"),
        )
    )


def _runs(read: StudyFile, counts: Mapping[str, int]) -> Text:
    told = phrase("study.runs", **counts)
    screened = count_of(read.study, len(read.bases)) - counts["runs"]
    more = phrase("study.runs_screened", runs=screened) if screened else Text("", "")
    return Text(told.ja + more.ja, told.en + more.en)


def _plans(study: Study) -> Markup:
    rows: list[list[Cell]] = [[_name(one), _doing(one, is_first=number == 0)] for number, one in enumerate(study.plan)]
    return table([phrase("study.plan"), phrase("study.does")], rows, numbers_from=2)


def _name(plan: Plan) -> Text:
    return Text(plan.title_ja, plan.title_en)


def _doing(plan: Plan, *, is_first: bool) -> Markup:
    parts = [
        ("study.dropped", [dropped(one) for one in plan.drop]),
        ("study.added", [added(one) for one in plan.event]),
        ("study.changed", [plain(one) for one in changed(plan.set)]),
    ]
    lines = [words(phrase(key, what=_in_a_row(what))) for key, what in parts if what]
    lines += [words(phrase("study.against"))] if is_first else []
    return joined(element("div", one) for one in lines)


def _in_a_row(what: Sequence[Text]) -> Text:
    return Text("、".join(one.ja for one in what), "; ".join(one.en for one in what))


def _by_scenario(read: StudyFile, blocks: Mapping[str, Markup]) -> Markup:
    """Blocks with the scenario's title above each, where there are several."""
    headed = len(read.bases) > 1
    titles = {name: Text(base.title_ja, base.title_en) for name, base in read.bases.items()}
    return joined(
        joined((element("h3", words(titles[name])) if headed else Markup(""), block)) for name, block in blocks.items()
    )


def _figures(results: Results, scenario: str) -> list[Figure]:
    return [one for one in results.figures if one.scenario == scenario]


def _answers(read: StudyFile, results: Results) -> Markup:
    names = {one.name: _name(one) for one in read.study.plan}
    headings = [phrase(f"study.{name}") for name in ("metric", "plan", "median", "gap", "better")]
    blocks = {
        scenario: table(
            headings,
            [_answer(figure, one, names) for figure in _figures(results, scenario) for one in figure.plans],
            numbers_from=2,
        )
        for scenario in read.bases
    }
    return joined((_by_scenario(read, blocks), element("p", words(phrase("study.answer_reading")), class_="remark")))


def _answer(figure: Figure, one: PlanFigure, names: Mapping[str, Text]) -> list[Cell]:
    metric, interval = figure.metric, one.interval
    is_first = one is figure.plans[0]
    median = words(shown_value(metric, one.median))
    if interval.low is not None and interval.high is not None:
        low, high = shown_value(metric, interval.low), shown_value(metric, interval.high)
        median = _over(median, shown_range(low, high, interval.level))
    if len(one.values) < one.seeds:
        median = _over(median, phrase("study.with_value", n=len(one.values), seeds=one.seeds))
    gap, chance = (_gap(figure, one.difference), _better(figure, one.difference)) if one.difference else ("", "")
    return [title_of(metric) if is_first else "", _on_one_line(names[one.plan]), median, gap, chance]


def _over(value: Markup, interval: Text) -> Markup:
    """A value with its interval below."""
    return joined((value, element("span", words(interval), class_="key")))


def _on_one_line(name: Text) -> Markup:
    return element("span", words(name), class_="nowrap")


def _gap(figure: Figure, found: Difference) -> Markup:
    told = words(shown_gap(figure.metric, found.median))
    if found.low is None or found.high is None:
        return told
    low, high = shown_gap(figure.metric, found.low), shown_gap(figure.metric, found.high)
    return _over(element("strong", told) if is_sure(found) else told, shown_range(low, high, found.level))


def _better(figure: Figure, found: Difference) -> Markup | Text:
    better, lower = figure.definition.better, found.probability_b_lower
    if better is Better.NEITHER or lower is None or found.n < 2:
        return number(None)
    low, high = found.probability_low, found.probability_high
    if low is None or high is None:
        return percent(lower)
    share, low, high = (lower, low, high) if better is Better.LOWER else (1.0 - lower, 1.0 - high, 1.0 - low)
    return _over(words(percent(share)), shown_range(percent(low), percent(high)))


def _strips(read: StudyFile, results: Results) -> Markup:
    names = {one.name: _name(one) for one in read.study.plan}
    blocks = {
        scenario: joined(strip(figure, names) for figure in _figures(results, scenario)) for scenario in read.bases
    }
    return joined((_by_scenario(read, blocks), element("p", words(phrase("study.seeds_reading")), class_="remark")))


def _uncertainty(read: StudyFile, results: Results) -> Markup:
    names = {one.name: _name(one) for one in read.study.plan}
    headings = [phrase(f"study.{name}") for name in ("metric", "plan", "natural", "knowledge", "gap_sets")]
    blocks = {
        scenario: table(
            headings,
            [_ranges(figure, one, names) for figure in _figures(results, scenario) for one in figure.plans],
            numbers_from=2,
        )
        for scenario in read.bases
    }
    known = "uncertainty_reading" if read.study.parameter_set or results.screened else "uncertainty_none"
    return joined((_by_scenario(read, blocks), element("p", words(phrase(f"study.{known}")), class_="remark")))


def _ranges(figure: Figure, one: PlanFigure, names: Mapping[str, Text]) -> list[Cell]:
    def told(found: Range | None, *, signed: bool = False) -> Text:
        if found is None:
            return number(None)
        show = shown_gap if signed else shown_value
        low, high = show(figure.metric, found[0]), show(figure.metric, found[1])
        return Text(f"{low.ja}～{high.ja}", f"{low.en} to {high.en}")

    title = title_of(figure.metric) if one is figure.plans[0] else plain("")
    gaps = told(one.difference_knowledge, signed=True)
    return [title, _on_one_line(names[one.plan]), told(one.natural), told(one.knowledge), gaps]


def _reproduce(command: str) -> Markup:
    return joined((element("pre", escaped(command)), element("p", words(phrase("study.reproduce_reading")))))
