"""``python -m scenarios.validation``: writes the pages of docs/validation from figures, data and runs."""

import os
import sys
from pathlib import Path

import click

from scenarios.errors import MissingData
from scenarios.language import Language, Text, language_of
from scenarios.progress import Tell, show_progress
from scenarios.validation.cases import NAMES, Asked, all_cases, page_of
from scenarios.validation.occupancy import ADDRESSES, COUNTS
from scenarios.validation.page import write_summary

LANGUAGE = language_of(sys.argv[1:], os.environ)


def _say(ja: str, en: str) -> str:
    return Text(ja, en).in_language(LANGUAGE)


@click.command(help=_say("実測と模擬の差のページを書く。", "Write the pages: observed, simulated, misfit."))
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True,
              help=_say("実データのフォルダー。", "Folder of real data."))  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), default=Path("docs/validation"), show_default=True,
              help=_say("ページのフォルダー。", "Folder of the pages."))  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), default=10, show_default=True,
              help=_say("乱数の種の数。", "Number of seeds."))  # fmt: skip
@click.option("--people", type=click.IntRange(1000, 100_000), default=12_000, show_default=True,
              help=_say("洪水調査の標本の人数。", "People of the towns of the surveys."))  # fmt: skip
@click.option("--case", "chosen", type=click.Choice(NAMES), multiple=True,
              help=_say("この事例だけ。", "Only this case; may be given more than once."))  # fmt: skip
@click.option("--lang", type=click.Choice(list(Language)), default=LANGUAGE, expose_value=False,
              help=_say("案内の言語。", "Language of what is told."))  # fmt: skip
@click.option("--quiet", is_flag=True, help=_say("進捗を出さない。", "No progress."))
def validate(*, data: Path, out: Path, seeds: int, people: int, chosen: tuple[str, ...], quiet: bool) -> None:
    """Run the cases, write their pages, then the first page."""
    asked = Asked(seeds, people, data)
    possible = _with_data(data)
    missing = MissingData(data / COUNTS).lines(LANGUAGE)[0]
    names = [name for name in NAMES if name in chosen] if chosen else possible
    if not set(names) <= set(possible):
        raise click.UsageError(missing)
    with show_progress(sys.stderr, LANGUAGE, quiet=quiet) as progress:
        for number, name in enumerate(names):
            page_of(name, asked, _Share(progress, number, len(names))).write(out)
    write_summary(out, all_cases())
    if len(names) < len(NAMES) and not chosen:
        click.echo(_say("七尾市のページはそのまま: ", "The page of Nanao stays as it is: ") + missing, err=True)


def _with_data(data: Path) -> list[str]:
    """The cases for which all is there."""
    complete = (data / COUNTS).is_file() and (data / ADDRESSES).is_file()
    return [name for name in NAMES if name != "nanao" or complete]


class _Share:
    """Turns what is done of one case into what is done of all."""

    def __init__(self, progress: Tell, number: int, cases: int) -> None:
        self._progress, self._number, self._cases = progress, number, cases

    def __call__(self, share: float) -> None:
        """So much of the case is done."""
        self._progress("simulation", (self._number + share) / self._cases)


if __name__ == "__main__":
    validate()
