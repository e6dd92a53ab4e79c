"""The table of tests: what each standard asks, what is expected with which tolerance, or why it does not apply."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from scenarios.language import Text

FAMILIES = ("cars", "junctions", "routes", "rimea", "nist", "iso", "imo", "desks", "behaviour")
"""Data files, in the order of the table."""


NOTHING = Text("", "")


@dataclass(frozen=True, slots=True)
class Standard:
    """A collection of tests that somebody published."""

    name: Text
    source: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """One value of a test: ``equals`` within ``share`` of it or ``apart``, else from ``least`` to ``most``."""

    key: str
    what: Text
    unit: str
    equals: float | None = None
    share: float = 0.0
    apart: float = 0.0
    least: float | None = None
    most: float | None = None

    @property
    def band(self) -> tuple[float, float]:
        """Lowest and highest value that passes."""
        if self.equals is not None:
            room = max(self.share * abs(self.equals), self.apart)
            return self.equals - room, self.equals + room
        least = float("-inf") if self.least is None else self.least
        return least, float("inf") if self.most is None else self.most


@dataclass(frozen=True, slots=True)
class Trial:
    """One test of a standard; ``run`` names module and function, or ``reason`` says why it does not apply."""

    id: str
    standard: str
    number: str
    name: Text
    run: str = ""
    setting: Mapping[str, float] = field(default_factory=dict)
    basis: Text = NOTHING
    reason: Text = NOTHING
    expected: tuple[Expectation, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether a network of streets can be put to it."""
        return bool(self.run)


@cache
def read_standards() -> Mapping[str, Standard]:
    """All standards, by key."""
    return {key: Standard(_text(one, "name"), one["source"]) for key, one in _table("standards").items()}


@cache
def read_trials() -> tuple[Trial, ...]:
    """All tests, in the order of the table."""
    return tuple(_trial(one) for family in FAMILIES for one in _table(family)["test"])


def _table(name: str) -> dict[str, Any]:
    place = files("scenarios").joinpath("verification", "data", f"{name}.toml")
    return tomllib.loads(place.read_text(encoding="utf-8"))


def _text(table: Mapping[str, Any], name: str) -> Text:
    return Text(table.get(f"{name}_ja", ""), table.get(f"{name}_en", ""))


def _trial(table: Mapping[str, Any]) -> Trial:
    return Trial(
        id=table["id"],
        standard=table["standard"],
        number=table["number"],
        name=_text(table, "name"),
        run=table.get("run", ""),
        setting=table.get("setting", {}),
        basis=_text(table, "basis"),
        reason=_text(table, "reason"),
        expected=tuple(_expectations(table.get("expect", []))),
    )


def _expectations(rows: list[dict[str, Any]]) -> Iterator[Expectation]:
    for row in rows:
        numbers = {name: float(row[name]) for name in ("equals", "share", "apart", "least", "most") if name in row}
        yield Expectation(key=row["key"], what=Text(row["ja"], row["en"]), unit=row["unit"], **numbers)
