"""``citytwin verify``: the tests of standards and theory, run here and now, as a table."""

import json
import os
import sys
from pathlib import Path

import click
from rich.console import Console

from scenarios.commands.inputs import language_option, option
from scenarios.errors import UnwritableFile
from scenarios.language import Language, say
from scenarios.progress import show_progress
from scenarios.verification.judge import Verdict, judge_all, pick_trials
from scenarios.verification.table import as_json, page, summary_text, terminal_table

FAILED = 1
"""Exit code when any test fails."""

WIDTH = 160
"""Columns where the output is no terminal."""


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("verify", help=say(language, "cli.verify"))
    @click.argument("names", nargs=-1)
    @click.option("--json", "json_file", type=click.Path(path_type=Path), help=say(language, "verify.json"))
    @click.option("--page", "page_file", type=click.Path(path_type=Path), help=say(language, "verify.page"))
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def verify(names: tuple[str, ...], json_file: Path | None, page_file: Path | None, *, quiet: bool) -> int:
        return run_verification(language, names, (json_file, page_file), quiet=quiet)

    return verify


def run_verification(
    language: Language, names: tuple[str, ...], files: tuple[Path | None, Path | None], *, quiet: bool
) -> int:
    """Judge the tests named (all if none), show them and write them to a JSON file and a page; the exit code.

    Raises:
        UnknownTrial: a name is none of a test or standard.
        UnwritableFile: a file cannot be written; told before anything is run.
    """
    trials = pick_trials(names)
    for file in files:
        _check_writable(file)
    with show_progress(sys.stderr, language, quiet=quiet) as tell:
        judgements = list(judge_all(trials, tell))
    to_json, to_page = files
    if to_json is not None:
        _write(to_json, json.dumps(as_json(judgements), ensure_ascii=False, indent=2) + "\n")
    if to_page is not None:
        _write(to_page, page(judgements, language))
    if not quiet:
        Console(width=None if sys.stdout.isatty() else WIDTH).print(terminal_table(judgements, language))
    click.echo(summary_text(judgements, language))
    return FAILED if any(one.verdict is Verdict.FAILED for one in judgements) else 0


def _check_writable(file: Path | None) -> None:
    """Refuse a file that cannot be written, before the work; what is there already stays until the end."""
    if file is None:
        return
    if file.is_dir():
        raise UnwritableFile(file, "it is a folder")
    if not file.absolute().parent.is_dir():
        raise UnwritableFile(file, "its folder is not there")
    if not os.access(file.absolute().parent, os.W_OK):
        raise UnwritableFile(file, "its folder cannot be written")


def _write(file: Path, text: str) -> None:
    """Put a whole text into the place of a file."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.partial")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)
