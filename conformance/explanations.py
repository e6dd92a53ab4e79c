"""Explanations: what is sent for a requirement, what is expected, why it matters, and where to mend it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from conformance.text import Text


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ja: str
    en: str


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sends: _Words
    expects: _Words
    why: _Words
    fix: _Words


class Explanation(msgspec.Struct, frozen=True):
    """An explanation for the engineer who has the failure in front of them."""

    sends: Text
    expects: Text
    why: Text
    fix: Text


@cache
def load_explanations() -> Mapping[str, Explanation]:
    """All explanations by requirement.

    Raises:
        msgspec.ValidationError: One lacks something or says too much.
        ValueError: A requirement is explained twice.
    """
    found: dict[str, Explanation] = {}
    folder = files("conformance").joinpath("explanations")
    for part in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not part.name.endswith(".toml"):
            continue
        rows = msgspec.convert(tomllib.loads(part.read_text(encoding="utf-8")), dict[str, _Row])
        twice = sorted(found.keys() & rows.keys())
        if twice:
            raise ValueError(f"{part.name}: {', '.join(twice)} are explained elsewhere too")
        found |= {name: _explanation(row) for name, row in rows.items()}
    return found


def _explanation(row: _Row) -> Explanation:
    return Explanation(*(Text(part.en, part.ja) for part in (row.sends, row.expects, row.why, row.fix)))
