"""``citytwin conform preflight``: errors of configuration, apart from those of conformance, with the fix."""

import os
from pathlib import Path

import click

from conformance.command.options import language_option, plan_argument
from conformance.command.words import say
from conformance.plan import Plan
from conformance.plan_reading import read_plan
from conformance.preflight.hold import preflight
from conformance.text import Language
from conformance.verdict import EXIT_OK, EXIT_USAGE


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("preflight", help=say(language, "help.preflight"), epilog=say(language, "told.preflight_codes"))
    @plan_argument()
    @language_option(language)
    def command(plan: Path) -> int:
        sound = hold_preflight(read_plan(plan), language, quiet=False)
        if sound:
            click.echo(say(language, "told.preflight_sound", plan=plan))
        return EXIT_OK if sound else EXIT_USAGE

    return command


def hold_preflight(plan: Plan, language: Language, *, quiet: bool) -> bool:
    """Tell what preflight finds; whether a run can be held."""
    if not quiet:
        click.echo(say(language, "told.preflight"), err=True)
    remarks = preflight(plan, os.environ)
    for one in remarks:
        word = say(language, "told.config" if one.blocks else "told.note")
        click.echo(f"{word} [{one.kind}] {one.text.of(language)}", err=True)
    return not any(one.blocks for one in remarks)
