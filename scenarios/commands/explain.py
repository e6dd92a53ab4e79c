"""``citytwin explain``: every parameter in force, with its source."""

import json

import click

from scenarios.commands.inputs import language_option
from scenarios.defaults import default_parameters
from scenarios.explain import explanation, explanation_text
from scenarios.language import Language, say
from scenarios.reader import find_scenario, read_scenario


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("explain", help=say(language, "cli.explain"))
    @click.argument("scenario")
    @click.option("--json", "as_json", is_flag=True, help=say(language, "cli.json"))
    @language_option(language)
    def explain(scenario: str, *, as_json: bool) -> None:
        read = read_scenario(find_scenario(scenario), default_parameters())
        if as_json:
            click.echo(json.dumps(explanation(read), ensure_ascii=False, indent=2))
            return
        for line in explanation_text(read, language):
            click.echo(line)

    return explain
