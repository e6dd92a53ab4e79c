"""Words of the command, in English and Japanese, from ``messages/<language>.toml``."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from conformance.text import Language


@cache
def words(language: Language) -> Mapping[str, str]:
    """All words of a language, by dotted key."""
    text = files("conformance.command").joinpath("messages", f"{language}.toml").read_text(encoding="utf-8")
    return {f"{group}.{key}": told for group, table in tomllib.loads(text).items() for key, told in table.items()}


def say(language: Language, key: str, /, **values: object) -> str:
    """The words of a key in a language, their {places} filled with values."""
    return words(language)[key].format(**values)
