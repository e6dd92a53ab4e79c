"""The tables of what objectives are worth as Markdown, for a document."""

from collections.abc import Iterator

from scenarios.consequences.points import Line
from scenarios.consequences.reader import CurvesFile
from scenarios.consequences.results import Found, Gap, Panel
from scenarios.consequences.words import rate_range, shown_rate, until_words
from scenarios.language import Language, Text
from scenarios.report.texts import phrase
from scenarios.study.words import shown_gap, shown_range, title_of

COLUMNS = ("figure", "scenario", "minute", "longest", "worse", "safe", "harm")


def curves_markdown(read: CurvesFile, found: Found, language: Language) -> str:
    """A table for each line that begins at zero, under its title."""
    blocks = ("\n".join(_block(read, found, line, language)) for line in read.lines if line.is_from_zero)
    return "\n\n".join(blocks) + "\n"


def _block(read: CurvesFile, found: Found, line: Line, language: Language) -> Iterator[str]:
    yield f"**{_in(line.title, language)}**\n"
    yield _row([_in(phrase(f"curves.{name}"), language) for name in COLUMNS])
    yield "|---" * len(COLUMNS) + "|"
    for panel in (one for metric in read.drawn for one in found.panels if (one.metric, one.line) == (metric, line)):
        if panel.worth is not None and panel.gaps:
            base = read.bases[panel.scenario]
            cells = [title_of(panel.metric), Text(base.title_ja, base.title_en), *_told(panel)]
            yield _row([_in(one, language) for one in cells])


def _told(panel: Panel) -> list[Text]:
    worth, last = panel.worth, panel.gaps[-1]
    if worth is None:
        return []
    rate, safe, harmful = shown_rate(panel, worth.slope), *until_words(panel.line, worth)
    worse = f"{last.worse}/{last.difference.n}"
    return [_with(rate, rate_range(panel, worth)), _gap(panel, last), Text(worse, worse), safe, harmful]


def _gap(panel: Panel, gap: Gap) -> Text:
    found, metric = gap.difference, panel.metric
    told = shown_gap(metric, found.median)
    if found.low is None or found.high is None:
        return told
    told = _with(told, shown_range(shown_gap(metric, found.low), shown_gap(metric, found.high), found.level))
    return _with(told, phrase("curves.lost", count=gap.lost)) if gap.lost else told


def _with(told: Text, bounds: Text) -> Text:
    return Text(told.ja + bounds.ja, f"{told.en} {bounds.en}".rstrip())


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(one.replace('|', '/') for one in cells)} |"


def _in(text: Text, language: Language) -> str:
    return text.ja if language is Language.JA else text.en
