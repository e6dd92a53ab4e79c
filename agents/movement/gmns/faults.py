"""Faults of tables, as data: where, what kind, and the values in its text, in both languages."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from agents.errors import InvalidTables


@cache
def definitions() -> Mapping[str, Any]:
    """What ``agents/data/gmns.toml`` says of numbers and faults."""
    text = files("agents").joinpath("data", "gmns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class TableFault:
    """One thing wrong: the file, the line (None for the whole file), the kind of fault, and the values in its text."""

    file: Path
    line: int | None
    kind: str
    values: Mapping[str, object]

    @property
    def where(self) -> str:
        """File and line."""
        return str(self.file) if self.line is None else f"{self.file}:{self.line}"

    def text(self, language: str) -> str:
        """What is wrong and what to do, in "ja" or "en"."""
        words: str = definitions()["faults"][self.kind][language]
        return words.format(**self.values)

    def __str__(self) -> str:
        return f"{self.where}: {self.text('en')}"


class TableFaults:
    """The faults of all tables that were read together."""

    def __init__(self) -> None:
        self._found: dict[Path, list[TableFault]] = {}

    def add(self, file: Path, line: int | None, kind: str, /, **values: object) -> None:
        """Note a fault."""
        self._found.setdefault(file, []).append(TableFault(file, line, kind, values))

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_any(self) -> None:
        """Raise what was found, file by file and line by line.

        Raises:
            InvalidTables: There are faults.
        """
        if self._found:
            raise InvalidTables(
                [fault for of_file in self._found.values() for fault in sorted(of_file, key=lambda one: one.line or 0)]
            )
