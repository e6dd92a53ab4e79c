"""Progress of long work: a bar on a terminal, plain lines elsewhere, nothing when it is to be quiet."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from scenarios.language import Language, say

STEP_PERCENT = 10
"""Plain lines come at most this often, so that a log stays short."""


class Tell(Protocol):
    """Told the name of the stage under way and how much of it is done, 0..1."""

    def __call__(self, stage: str, share: float) -> None:
        """The stage has come so far."""


def show_progress(stream: TextIO, language: Language, *, quiet: bool) -> AbstractContextManager[Tell]:
    """What to tell progress to, for as long as the block lasts."""
    if quiet:
        return nullcontext(_tell_nobody)
    return ProgressBars(stream, language) if stream.isatty() else ProgressLines(stream, language)


def _tell_nobody(stage: str, share: float) -> None:
    """Says nothing."""


class ProgressLines:
    """One line when a stage begins, and one for each ten percent of it."""

    def __init__(self, stream: TextIO, language: Language) -> None:
        self._stream = stream
        self._language = language
        self._last: tuple[str, int] = ("", 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def __call__(self, stage: str, share: float) -> None:
        """Write a line if there is something new."""
        percent = int(share * 100) // STEP_PERCENT * STEP_PERCENT
        if (stage, percent) == self._last:
            return
        self._last = (stage, percent)
        name = say(self._language, f"progress.{stage}")
        line = say(self._language, "progress.share", stage=name, percent=percent) if percent else name
        self._stream.write(line + "\n")
        self._stream.flush()


class ProgressBars:
    """One bar for each stage; a stage is done when the next begins."""

    def __init__(self, stream: TextIO, language: Language) -> None:
        self._language = language
        self._stages: dict[str, TaskID] = {}
        console = Console(file=stream)
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._bars = Progress(*columns, TimeElapsedColumn(), console=console)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()
        self._bars.stop()

    def __call__(self, stage: str, share: float) -> None:
        """Move the stage's bar."""
        if stage not in self._stages:
            self._finish()
            self._stages[stage] = self._bars.add_task(say(self._language, f"progress.{stage}"), total=1.0)
        self._bars.update(self._stages[stage], completed=share)

    def _finish(self) -> None:
        for task in self._stages.values():
            self._bars.update(task, completed=1.0)
