"""``citytwin contract``: the standard contract as files and as a page."""

from pathlib import Path

import click

from conformance.publication.folder import write_contract
from scenarios.commands.inputs import folder_option, language_option
from scenarios.language import Language, say
from scenarios.output_folder import OutputFolder


def build(language: Language) -> click.Group:
    """The sub-commands in a language."""
    group = click.Group("contract", help=say(language, "cli.contract"))
    language_option(language)(group)

    @group.command("export", help=say(language, "cli.contract_export"))
    @folder_option(language, "--out", default=Path("out/contract"))
    @language_option(language)
    def export(out: Path) -> None:
        with OutputFolder(out) as folder:
            written = write_contract(folder)
        click.echo(say(language, "cli.contract_at", count=len(written), path=out / "index.html"))

    return group
