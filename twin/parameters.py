"""Parameters as data: every default with value, unit, range, source and confidence.

A parameter file is TOML; each table that has a ``value`` is one parameter, its key the dotted path of the table::

    [walking.night_factor]
    value = 0.8
    unit = "1"
    low = 0.7
    high = 0.9
    confidence = "A"
    meaning_en = "Walking speed at night over that by day"
    meaning_ja = "夜間の歩行速度の倍率"
    source = "JCCA Consultant 264; Nankai Trough working group"
"""

import enum
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

Value = float | int | tuple[float, ...]


class Confidence(enum.StrEnum):
    """A: official figure or survey with n; B: one report or drill; C: assumption, marked in every report."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One default: ``low`` and ``high`` bound the value (element by element if it is a list)."""

    key: str
    value: Value
    unit: str
    low: float
    high: float
    confidence: Confidence
    meaning_en: str
    meaning_ja: str
    source: str
    overridden: bool = False

    def admits(self, value: Value) -> bool:
        """Whether a value has the right shape and lies within the range."""
        if isinstance(self.value, tuple) != isinstance(value, tuple):
            return False
        if isinstance(value, tuple) and isinstance(self.value, tuple):
            return len(value) == len(self.value) and all(self.low <= one <= self.high for one in value)
        return not isinstance(value, tuple) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Parameters(Mapping[str, Parameter]):
    """The parameters in force, by key."""

    by_key: Mapping[str, Parameter]

    def __getitem__(self, key: str) -> Parameter:
        return self.by_key[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_key)

    def __len__(self) -> int:
        return len(self.by_key)

    def number(self, key: str) -> float:
        """The value of a parameter that is one number."""
        value = self.by_key[key].value
        if isinstance(value, tuple):
            raise TypeError(f"parameter {key} is a list of {len(value)} numbers; use row()")
        return float(value)

    def row(self, key: str) -> tuple[float, ...]:
        """The value of a parameter that is a list of numbers."""
        value = self.by_key[key].value
        return value if isinstance(value, tuple) else (float(value),)

    def with_overrides(self, values: Mapping[str, Value]) -> "Parameters":
        """The same parameters with some values replaced; keys must exist (the scenario reader checks them first)."""
        changed = {key: replace(self.by_key[key], value=value, overridden=True) for key, value in values.items()}
        return Parameters({**self.by_key, **changed})

    def merged(self, other: "Parameters") -> "Parameters":
        """Both sets together; ``other`` wins where a key stands in both."""
        return Parameters({**self.by_key, **other.by_key})


def load_parameters(package: str, name: str = "parameters.toml") -> Parameters:
    """Parameters of a data file shipped in ``package``/data."""
    text = files(package).joinpath("data", name).read_text(encoding="utf-8")
    return Parameters({parameter.key: parameter for parameter in _walk(tomllib.loads(text), ())})


def _walk(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Parameter]:
    if "value" in table:
        yield _parameter(".".join(path), table)
        return
    for name, inner in table.items():
        yield from _walk(inner, (*path, name))


def _parameter(key: str, table: Mapping[str, Any]) -> Parameter:
    value = table["value"]
    return Parameter(
        key=key,
        value=tuple(float(one) for one in value) if isinstance(value, list) else value,
        unit=table["unit"],
        low=float(table["low"]),
        high=float(table["high"]),
        confidence=Confidence(table["confidence"]),
        meaning_en=table["meaning_en"],
        meaning_ja=table["meaning_ja"],
        source=table["source"],
    )
