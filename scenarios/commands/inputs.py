"""Options that several sub-commands share, and checks of their values."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from scenarios.language import Language, say
from scenarios.scenario import MAX_HOURS, MAX_PEOPLE

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

PEOPLE = click.IntRange(1, MAX_PEOPLE)


class Number(click.FloatRange):
    """A number in a range; click's own lets "nan" pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, if it is one."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


HOURS = Number(0, MAX_HOURS, min_open=True)
SEED = click.IntRange(0, 2**63 - 1)
JOBS = click.IntRange(1, 1024)


def option(language: Language, flag: str, texts: str = "cli", **settings: Any) -> Decorator:
    """An option with its help in the language, from a table of the messages."""
    name = flag.removeprefix("--").partition("/")[0].replace("-", "_")
    return click.option(flag, help=say(language, f"{texts}.{name}"), **settings)


def together(*options: Decorator) -> Decorator:
    """Several options as one, listed in their order."""

    def put_on(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(options):
            command = one(command)
        return command

    return put_on


def language_option(language: Language) -> Decorator:
    """--lang; its value was found before (all texts follow it), click only checks it."""
    choices = click.Choice([str(one) for one in Language])
    return option(language, "--lang", type=choices, default=str(language), expose_value=False)


def folder_option(language: Language, flag: str, **settings: Any) -> Decorator:
    """A path, looked at where it is used: faults of all inputs are told in one way."""
    return option(language, flag, type=click.Path(path_type=Path), **settings)
