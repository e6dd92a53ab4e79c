"""``citytwin compare``: two plans that were run, side by side."""

import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from scenarios.commands.inputs import folder_option, language_option, option
from scenarios.commands.run import next_free
from scenarios.language import Language, say
from scenarios.output_folder import OutputFolder, check_free
from scenarios.progress import show_progress

if TYPE_CHECKING:
    from scenarios.comparison.result import Comparison


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("compare", help=say(language, "cli.compare"))
    @click.argument("a", type=click.Path(path_type=Path))
    @click.argument("b", type=click.Path(path_type=Path))
    @folder_option(language, "--out")
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def compare(a: Path, b: Path, *, out: Path | None, quiet: bool) -> int:
        folder = out or next_free(Path("out") / f"compare-{a.name}-{b.name}")
        check_free(folder)
        with show_progress(sys.stderr, language, quiet=quiet) as progress:
            found: Comparison = import_module("scenarios.comparison.result").compare(a, b, progress)
            progress("report", 0.0)
            write(folder, found, language)
            progress("report", 1.0)
        if not quiet:
            import_module("scenarios.comparison.summary").tell(found, language)
            click.echo(say(language, "cli.report_at", path=folder / "report.html"))
        return 0

    return compare


def write(folder: Path, found: "Comparison", language: Language) -> None:
    """Write the comparison as report.html, comparison.json, comparison.csv and people.csv."""
    files = import_module("scenarios.comparison.files")
    page = import_module("scenarios.comparison.page")
    texts = {
        "comparison.json": files.comparison_json(found),
        "comparison.csv": files.comparison_csv(found),
        "people.csv": files.people_csv(found),
        "report.html": page.comparison_html(found, language),
    }
    with OutputFolder(folder) as work:
        for name, text in texts.items():
            encoding = "utf-8-sig" if name.endswith(".csv") else "utf-8"
            (work / name).write_text(text, encoding=encoding, newline="")
