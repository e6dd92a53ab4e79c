"""Texts of the pages, one file a language, and the choice of the language."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("ja", "en")
"""The first one holds where nobody asks for another."""

MAX_RANGES = 20
"""Language ranges read of one header. Source: none; a bound, more than any browser sends. Confidence C."""

Texts = Mapping[str, Mapping[str, str]]


@cache
def load_texts(language: str) -> Texts:
    """All texts of a language, by page and name."""
    text = files("reference_api.pages").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)
    return found


def choose_language(*wishes: str) -> str:
    """The language to write in: the first wish that names one of ours decides.

    A wish is the code of a language, a list of tags in order of preference separated by blanks (``ui_locales``), or the
    value of an Accept-Language header. Source: OpenID Connect Core 1.0 section 3.1.2.1, RFC 9110 section 12.5.4.
    """
    for wish in wishes:
        for tag in _tags(wish):
            language = tag.partition("-")[0].lower()
            if language in LANGUAGES:
                return language
    return LANGUAGES[0]


def _tags(wish: str) -> list[str]:
    """Tags of a wish, the most wanted first; those with weight 0 are not wanted at all."""
    ranges = [part.partition(";") for part in wish.replace(",", " , ").replace(" ;", ";").replace("; ", ";").split()]
    weighted = [(_weight(weight), tag) for tag, _, weight in ranges[: 2 * MAX_RANGES] if tag != ","]
    return [tag for weight, tag in sorted(weighted, key=lambda entry: -entry[0]) if weight > 0]


def _weight(parameter: str) -> float:
    """Value of ``q=...``, 1 where there is none or it cannot be read."""
    name, _, value = parameter.partition("=")
    digits = value.replace(".", "", 1)
    return float(value) if name == "q" and digits.isascii() and digits.isdigit() else 1.0
