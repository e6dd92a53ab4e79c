"""``citytwin sweep``: a study of many runs, from its file to its page; what was run once is not run again."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenarios.commands.inputs import JOBS, PEOPLE, Decorator, folder_option, language_option, option, together
from scenarios.language import Language, say
from scenarios.stopping import stoppable

if TYPE_CHECKING:
    from scenarios.study.conduct import Asked, Prepared
    from scenarios.study.execute import Done, Task

SEEDS = click.IntRange(1, 10_000)

ASKED = frozenset({"data", "roads", "people", "seeds", "city_os"})
"""Options that change which runs there are."""


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("sweep", help=say(language, "cli.sweep"))
    @click.argument("study")
    @study_options(language)
    def sweep(study: str, **given: Any) -> int:
        conduct: Any = import_module("scenarios.study.conduct")
        path = import_module("scenarios.study.reader").find_study(study)
        return carry_out(path, conduct.prepare, conduct.write_results, given, language)

    return sweep


def study_options(language: Language) -> Decorator:
    """The options of every study of many runs."""
    return together(
        option(language, "--cluster", metavar="ADDRESS"),
        option(language, "--jobs", type=JOBS),
        folder_option(language, "--data"),
        folder_option(language, "--roads"),
        click.option("--out", type=click.Path(path_type=Path), help=say(language, "cli.out_study")),
        option(language, "--people", type=PEOPLE),
        click.option("--seeds", type=SEEDS, help=say(language, "cli.seeds")),
        option(language, "--dry-run", is_flag=True),
        option(language, "--quiet", is_flag=True),
        language_option(language),
    )


def carry_out(
    path: Path,
    prepare: Callable[[Path, "Asked"], "Prepared"],
    write: Callable[["Prepared", Language, str], object],
    given: Mapping[str, Any],
    language: Language,
) -> int:
    """Make a study ready, run what is missing, write what was found; with --dry-run list its runs alone."""
    asked_of = import_module("scenarios.study.conduct").Asked
    folder = given["out"] or Path("out") / path.stem
    jobs = given["jobs"] or import_module("scenarios.workers").processors()
    prepared = prepare(path, asked_of(folder, **{name: given[name] for name in ASKED & given.keys()}))
    if given["dry_run"]:
        tell_cells(prepared, jobs, language)
        return 0
    with stoppable():
        run_missing(prepared, given["cluster"], jobs, language, quiet=given["quiet"])
        write(prepared, language, " ".join(["citytwin", *sys.argv[1:]]))
    if not given["quiet"]:
        tell_where(folder, language)
    return 0


def run_missing(prepared: "Prepared", cluster: str | None, jobs: int, language: Language, *, quiet: bool) -> None:
    """Run what is missing of a study, telling how much is left."""
    conduct: Any = import_module("scenarios.study.conduct")
    told = _Remaining(prepared, jobs, language, quiet=quiet)
    try:
        conduct.conduct(prepared, runner(cluster, jobs), told)
    except KeyboardInterrupt:
        click.echo(say(language, "cli.sweep_stopped", left=len(prepared.missing)), err=True)
        raise


def tell_where(folder: Path, language: Language) -> None:
    """Tell where the page and all else lies."""
    page = import_module("scenarios.study.conduct").PAGE
    click.echo(say(language, "cli.study_at", path=folder / page))
    click.echo(say(language, "cli.written", path=folder))


def runner(cluster: str | None, jobs: int) -> Callable[[Sequence["Task"]], Iterator["Done"]]:
    """What runs the cells: processes of this machine, or a cluster."""
    execute: Any = import_module("scenarios.study.execute")
    if cluster is None:
        return partial(execute.in_processes, processes=jobs)
    return partial(execute.on_cluster, address=cluster, processes=jobs)


def tell_cells(prepared: "Prepared", jobs: int, language: Language) -> None:
    """List the runs of a study, and which are there."""
    missing = {cell.key for cell in prepared.missing}
    _tell_unused(prepared, language)
    for cell in prepared.cells:
        state = "missing" if cell.key in missing else "there"
        click.echo(f"{say(language, f'cli.cell_{state}')}  {cell.key}")
    minutes = prepared.estimated_s(jobs) / 60
    values = {"count": len(prepared.cells), "left": len(missing), "jobs": jobs, "minutes": f"{minutes:.0f}"}
    click.echo(say(language, "cli.dry_run_sum", **values))


def _tell_unused(prepared: "Prepared", language: Language) -> None:
    if prepared.unused:
        click.echo(say(language, "cli.cells_unused", count=prepared.unused, path=prepared.folder / "cells"), err=True)


class _Remaining:
    """Tells on stderr how many runs are left, and about how long they take."""

    def __init__(self, prepared: "Prepared", jobs: int, language: Language, *, quiet: bool) -> None:
        self._count = len(prepared.missing)
        self._language = language
        self._quiet = quiet
        self._began_s = time.monotonic()
        minutes = prepared.estimated_s(jobs) / 60
        there = len(prepared.cells) - self._count
        if not quiet:
            _tell_unused(prepared, language)
        self._say("sweep_begins", there=there, left=self._count, minutes=f"{minutes:.0f}")

    def __call__(self, left: int) -> None:
        """So many runs are left."""
        done = self._count - left
        minutes = (time.monotonic() - self._began_s) / done * left / 60
        self._say("sweep_left", done=done, count=self._count, left=left, minutes=f"{minutes:.1f}")

    def _say(self, key: str, **values: object) -> None:
        if not self._quiet:
            click.echo(say(self._language, f"progress.{key}", **values), err=True)
