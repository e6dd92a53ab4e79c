"""``citytwin conform``: the conformance suite's own command, mounted."""

import click

from conformance.command import group
from scenarios.language import Language


def build(language: Language) -> click.Group:
    """The suite's commands in a language."""
    return group.build("ja" if language is Language.JA else "en")
