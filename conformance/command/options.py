"""Options that several sub-commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from conformance.command.words import say
from conformance.text import Language

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

FILE = click.Path(path_type=Path)
"""A path, looked at where it is used: faults of all inputs are told in one way."""


def option(language: Language, flag: str, *names: str, **settings: Any) -> Decorator:
    """An option with its help in the language."""
    return click.option(
        flag,
        *names,
        help=say(language, f"option.{flag.removeprefix('--').partition('/')[0].replace('-', '_')}"),
        **settings,
    )


def language_option(language: Language) -> Decorator:
    """--lang; its value was found before (all words follow it), click only checks it."""
    return option(language, "--lang", type=click.Choice(["ja", "en"]), default=language, expose_value=False)


def plan_argument() -> Decorator:
    """The plan's file."""
    return click.argument("plan", type=FILE)
