"""``citytwin study``: what faults of a city OS cost people, as curves; what was run once is not run again."""

from importlib import import_module
from typing import Any

import click

from scenarios.commands.sweep import carry_out, study_options
from scenarios.language import Language, say

CITY_OS = click.Choice(["reference", "ideal"])


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("study", help=say(language, "cli.study"))
    @click.argument("study")
    @click.option("--city-os", type=CITY_OS, help=say(language, "cli.city_os_study"))
    @study_options(language)
    def curves(study: str, **given: Any) -> int:
        reader: Any = import_module("scenarios.study.reader")
        consequences: Any = import_module("scenarios.consequences.conduct")
        path = reader.find_study(study, reader.CURVES)
        return carry_out(path, consequences.prepare_curves, consequences.write_curves, given, language)

    return curves
