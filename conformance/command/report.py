"""``citytwin conform report``: makes the reports of a run anew from its results.json, such as in the other language."""

from pathlib import Path

import click

from conformance.command.options import FILE, language_option, option
from conformance.command.output import check_folder
from conformance.command.words import say
from conformance.report.document import in_language
from conformance.report.write import write_reports
from conformance.results_reading import read_results
from conformance.text import Language
from conformance.verdict import EXIT_OK


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("report", help=say(language, "help.report"))
    @click.argument("results", type=FILE)
    @option(language, "--out", type=FILE)
    @language_option(language)
    def command(*, results: Path, out: Path | None) -> int:
        document = in_language(read_results(results), language)
        folder = out or results.parent
        check_folder(folder)
        for path in write_reports(document, folder, language):
            click.echo(path)
        return EXIT_OK

    return command
