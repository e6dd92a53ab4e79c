"""``citytwin study``: what faults of a city OS cost people, as curves; what was run once is not run again."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from scenarios.commands.inputs import PEOPLE, folder_option, language_option, option
from scenarios.commands.sweep import JOBS, SEEDS, run_missing, tell_cells, tell_where
from scenarios.language import Language, say

CITY_OS = click.Choice(["reference", "ideal"])


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("study", help=say(language, "cli.study"))
    @click.argument("study")
    @click.option("--city-os", type=CITY_OS, help=say(language, "cli.city_os_study"))
    @option(language, "--cluster", metavar="ADDRESS")
    @option(language, "--jobs", type=JOBS)
    @folder_option(language, "--data")
    @folder_option(language, "--roads")
    @click.option("--out", type=click.Path(path_type=Path), help=say(language, "cli.out_study"))
    @option(language, "--people", type=PEOPLE)
    @click.option("--seeds", type=SEEDS, help=say(language, "cli.seeds"))
    @option(language, "--dry-run", is_flag=True)
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def curves(study: str, *, out: Path | None, dry_run: bool, quiet: bool, **given: Any) -> int:
        reader: Any = import_module("scenarios.study.reader")
        consequences: Any = import_module("scenarios.consequences.conduct")
        jobs = given["jobs"] or import_module("scenarios.workers").processors()
        path = reader.find_study(study, reader.CURVES)
        folder = out or Path("out") / path.stem
        asked = {name: given[name] for name in ("data", "roads", "people", "seeds", "city_os")}
        prepared = consequences.prepare_curves(path, folder, **asked)
        if dry_run:
            tell_cells(prepared, jobs, language)
            return 0
        run_missing(prepared, given["cluster"], jobs, language, quiet=quiet)
        consequences.write_curves(prepared, language, " ".join(["citytwin", *sys.argv[1:]]))
        if not quiet:
            tell_where(folder, language)
        return 0

    return curves
