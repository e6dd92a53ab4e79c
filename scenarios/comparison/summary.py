"""A comparison on the terminal: a table of the metrics that matter, warnings, and how many people changed."""

from rich.console import Console
from rich.table import Table

from scenarios.comparison.page import compared, interval_words, metric_label, signed, too_few
from scenarios.comparison.result import Comparison
from scenarios.language import Language, say
from scenarios.report.texts import percent, phrase
from scenarios.statistics import median_of


def tell(found: Comparison, language: Language) -> None:
    """Print it."""
    console = Console()
    for fault in found.warnings:
        console.print(fault.text(language), style="yellow", markup=False)
    console.print(_table(found, language))
    for remark in too_few(found):
        console.print(remark.in_language(language), markup=False)
    if found.people:
        console.print(_changed(found, language), markup=False)


def _table(found: Comparison, language: Language) -> Table:
    table = Table(show_edge=False)
    for number, name in enumerate(("metric", "difference", "interval", "probability", "verdict")):
        justify = "right" if number in {1, 2, 3} else "left"
        # What is too long goes on in the next line: an interval that is cut off says nothing.
        table.add_column(say(language, f"cli.compared_{name}"), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for one in compared(found):
        verdict = phrase(f"compare.{one.verdict}")
        cells = (metric_label(one), signed(one.name, one.difference.median), interval_words(one))
        table.add_row(*(cell.in_language(language) for cell in (*cells, percent(one.probability_b_better), verdict)))
    return table


def _changed(found: Comparison, language: Language) -> str:
    turned = {turn: _sum(found, turn) for turn in ("better", "worse")}
    changed = found.count("life", "changed")
    people = found.pairs.rows[0][0].people.people
    whole = 0 if changed is None else changed.median or 0
    return say(
        language,
        "cli.compared_changed",
        changed=f"{whole:,.0f}",
        people=f"{people:,}",
        pairs=len(found.pairs.rows),
        **{turn: f"{count:,.0f}" for turn, count in turned.items()},
    )


def _sum(found: Comparison, turn: str) -> float:
    """The median over the pairs of all causes together."""
    rows = [one.people for one in found.people if (one.what, one.way) == ("cause", turn)]
    return median_of([sum(pair) for pair in zip(*rows, strict=True)]) or 0.0
