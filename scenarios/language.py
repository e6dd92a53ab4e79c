"""The two languages of everything that users read, and the texts in them."""

import enum
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise


class Language(enum.StrEnum):
    """Languages of everything that users read."""

    JA = "ja"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Japanese and English."""

    ja: str
    en: str

    def in_language(self, language: Language) -> str:
        """The words in one language."""
        return self.ja if language is Language.JA else self.en


@cache
def texts(language: Language) -> Mapping[str, str]:
    """All texts of ``messages/<language>.toml``, by dotted key."""
    text = files("scenarios").joinpath("messages", f"{language}.toml").read_text(encoding="utf-8")
    return {f"{group}.{key}": words for group, table in tomllib.loads(text).items() for key, words in table.items()}


def say(language: Language, key: str, /, **values: object) -> str:
    """The text of a key in a language, its {places} filled with values."""
    return texts(language)[key].format(**values)


def language_of(arguments: list[str], environment: Mapping[str, str]) -> Language:
    """The language asked for by ``--lang`` (anywhere), else by the locale of messages, else English.

    Source: POSIX.1-2017, 8.2, order of LC_ALL, LC_MESSAGES, LANG.
    """
    for option, value in pairwise([*arguments, ""]):
        wanted = option.removeprefix("--lang=") if option.startswith("--lang=") else value
        if option.startswith("--lang") and wanted in set(Language):
            return Language(wanted)
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return Language.JA if locale.startswith("ja") else Language.EN
