"""``citytwin doctor``: what is installed, what is missing, how to get it."""

import sys

import click

from scenarios.commands.inputs import language_option, option
from scenarios.doctor import examine, title
from scenarios.language import Language, say

UNWELL = 1
"""Exit code when something that is needed is missing."""


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("doctor", help=say(language, "cli.doctor"))
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def doctor(*, quiet: bool) -> int:
        if not quiet:
            click.echo(title(language))
            click.echo(f"{say(language, 'progress.compile')} ...", err=True)
        faults = 0
        for symptom in examine(language):
            faults += symptom.is_fault
            if symptom.is_fault or not quiet:
                click.echo(f"  {symptom.mark}  {symptom.subject}: {symptom.found}")
        if not quiet:
            click.echo(say(language, "doctor.not_well" if faults else "doctor.all_well"))
        sys.stdout.flush()
        return UNWELL if faults else 0

    return doctor
