"""Progress of a run: a bar on a terminal, plain lines elsewhere, nothing when it is to be quiet."""

from collections import Counter
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from conformance.command.words import say
from conformance.results import Result
from conformance.text import Language
from conformance.verdict import ROLL_UP

STEP_PERCENT = 10
"""Plain lines come at most this often, so that a log stays short."""


class Tell(Protocol):
    """Told each result as it comes."""

    def __call__(self, result: Result) -> None:
        """A result is there."""


def show_progress(stream: TextIO, language: Language, total: int, *, quiet: bool) -> AbstractContextManager[Tell]:
    """What to tell results to, for as long as the block lasts; ``total`` results are awaited."""
    if quiet:
        return nullcontext(_tell_nobody)
    return ProgressBar(stream, language, total) if stream.isatty() else ProgressLines(stream, language, total)


def _tell_nobody(result: Result) -> None:
    """Says nothing."""


def counted(counts: Counter[str]) -> str:
    """Numbers by verdict that occur, the worst first."""
    return " ".join(f"{verdict.value} {counts[verdict.value]}" for verdict in ROLL_UP if counts[verdict.value])


class ProgressLines:
    """One line for each ten percent of the results."""

    def __init__(self, stream: TextIO, language: Language, total: int) -> None:
        self._stream, self._language, self._total = stream, language, total
        self._counts: Counter[str] = Counter()
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def __call__(self, result: Result) -> None:
        """Count a result, and write a line if there is something new."""
        self._counts[result.verdict.value] += 1
        done = self._counts.total()
        percent = done * 100 // max(1, self._total)
        if percent // STEP_PERCENT > self._told:
            self._told = percent // STEP_PERCENT
            told = say(self._language, "told.progress", done=done, total=self._total, counts=counted(self._counts))
            self._stream.write(told + "\n")
            self._stream.flush()


class ProgressBar:
    """A bar with the numbers so far."""

    def __init__(self, stream: TextIO, language: Language, total: int) -> None:
        console = Console(file=stream)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task(say(language, "told.judging"), total=total)
        self._counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, result: Result) -> None:
        """Move the bar."""
        self._counts[result.verdict.value] += 1
        self._bar.update(self._task, advance=1, description=counted(self._counts))
