"""Rules that all operations of the contract share, by section."""

import tomllib
from functools import cache
from importlib.resources import files

import msgspec


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule in Japanese and English; requirements name its ``id`` as what they cover."""

    id: str
    ja: str
    en: str


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A section of the contract with its rules."""

    id: str
    ja_title: str
    en_title: str
    points: tuple[Point, ...]


@cache
def load_rules() -> tuple[Rule, ...]:
    """All sections in order."""
    text = files("conformance.contract").joinpath("rules.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text)["rule"], tuple[Rule, ...])
