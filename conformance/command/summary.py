"""What a run tells at its end: a table by profile, and what is wrong with one line each."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from conformance.command.words import say
from conformance.results import Result, Run
from conformance.text import Language
from conformance.verdict import ROLL_UP, Verdict, roll_up

SHOWN = 240
"""Longest line of a failure, in characters; the report holds the rest."""

TOLD = (Verdict.FAIL, Verdict.ERROR, Verdict.CONFIG, Verdict.SKIP, Verdict.WARN)
"""Verdicts that are told with a line each, in this order."""


def table(run: Run) -> Iterator[str]:
    """A table by profile: its verdict, then numbers of results by verdict; accepted ones count by themselves."""
    rows = [_row(profile, run.results) for profile in run.by_profile()]
    head = ("profile", "verdict", *(verdict.value for verdict in ROLL_UP), "accepted")
    widths = [max(len(row[number]) for row in [head, *rows]) for number in range(len(head))]
    for row in (head, *rows):
        first, *rest = (
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *rest]).rstrip()


def _row(profile: str, results: Sequence[Result]) -> tuple[str, ...]:
    own = [one for one in results if one.requirement.profile == profile]
    counting = [one.verdict for one in own if one.accepted is None]
    counts = (str(counting.count(verdict) or "-") for verdict in ROLL_UP)
    return (profile, roll_up(counting).value, *counts, str(len(own) - len(counting) or "-"))


def failures(results: Iterable[Result], language: Language) -> Iterator[str]:
    """One line for each result that is no pass, the worst first; accepted ones last."""
    rows = list(results)
    for verdict in TOLD:
        yield from (_line(one, language) for one in rows if one.verdict is verdict and one.accepted is None)
    for one in rows:
        if one.accepted is not None:
            told = say(language, "told.accepted", owner=one.accepted.owner, expires=one.accepted.expires)
            yield f"{_line(one, language)} [{told}]"


def tell(run: Run, folder: Path, language: Language) -> None:
    """The table by profile, the failures, and where to read more."""
    for line in (*table(run), "", *failures(run.results, language)):
        click.echo(line)
    if run.interrupted:
        click.echo(say(language, "told.interrupted", count=len(run.results)))
    click.echo(say(language, "told.report", path=folder / "report.html", seconds=f"{run.duration_s:.1f}"))


def _line(one: Result, language: Language) -> str:
    words = " ".join(one.message.of(language).split())
    short = words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
    return f"{one.verdict.value:6} {one.name}  {short}"
