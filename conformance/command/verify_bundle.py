"""``citytwin conform verify-bundle``: whether a bundle of results is as it was written, offline."""

from pathlib import Path

import click

from conformance.command.options import FILE, language_option, option
from conformance.command.words import say
from conformance.report.bundle import verify_bundle
from conformance.text import Language


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("verify-bundle", help=say(language, "help.verify_bundle"), epilog=say(language, "told.bundle_codes"))
    @click.argument("bundle", type=FILE)
    @option(language, "--public-key", type=FILE)
    @language_option(language)
    def command(*, bundle: Path, public_key: Path | None) -> int:
        found = verify_bundle(bundle, public_key=public_key)
        for one in found.findings:
            click.echo(
                f"{say(language, 'told.bundle_fault' if one.is_fault else 'told.bundle_well')}: {one.text.of(language)}"
            )
        return found.exit_code

    return command
