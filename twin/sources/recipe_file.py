"""The recipe of a town as a file: TOML, read with all its faults at once."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from twin.errors import InvalidSource
from twin.sources.faults import Faults, read_text
from twin.town import municipality_code_fault

KINDS: Mapping[str, tuple[str, ...]] = {
    "districts": ("figures", "points", "cells"),
    "streets": ("synthetic", "synthetic_with_highways", "walking_network"),
    "shelters": ("figures", "gsi", "p20", "standard_csv"),
    "boundary": ("figures", "geojson", "hull"),
}
"""What a recipe may choose from in each section; the shipped recipes show each."""

_TOWN_KEYS: Mapping[str, type] = {
    "code": str,
    "name": str,
    "name_en": str,
    "office_lat": float,
    "office_lon": float,
    "office_source": str,
    "people": int,
    "households": int,
    "people_source": str,
}
_SECTION_KEYS: Mapping[str, Mapping[str, type]] = {
    "districts": {"figures": str, "points": str, "columns": int, "rows": int, "neighbourhoods": int},
    "streets": {"nodes": int, "highways": str, "network_nodes": str, "network_edges": str},
    "shelters": {
        "figures": str,
        "shelters": str,
        "sites": str,
        "capacities": str,
        "area_m2_per_person": float,
        "capacity_total": int,
        "welfare_capacity_persons": int,
    },
    "boundary": {"figures": str, "geojson": str, "margin_m": float},
}
_ANY_SECTION: Mapping[str, type] = {"source_ja": str, "source_en": str}
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "districts.figures": ("figures",),
    "districts.points": ("figures", "points"),
    "districts.cells": ("columns", "rows", "neighbourhoods"),
    "streets.synthetic": ("nodes",),
    "streets.synthetic_with_highways": ("nodes", "highways"),
    "streets.walking_network": ("network_nodes", "network_edges"),
    "shelters.figures": ("figures",),
    "shelters.gsi": ("shelters", "sites", "area_m2_per_person"),
    "shelters.p20": ("shelters", "area_m2_per_person"),
    "shelters.standard_csv": ("sites", "area_m2_per_person"),
    "boundary.figures": ("figures",),
    "boundary.geojson": ("geojson",),
    "boundary.hull": ("margin_m",),
}
_ABOVE_ZERO = frozenset(
    {"columns", "rows", "neighbourhoods", "nodes", "area_m2_per_person", "capacity_total", "margin_m"}
)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its kind and its values."""

    kind: str
    values: Mapping[str, Any]

    def text(self, key: str) -> str:
        """A value that is text."""
        return str(self.values[key])

    def number(self, key: str, default: float = 0.0) -> float:
        """A value that is a number."""
        return float(self.values.get(key, default))


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which files or figures make which town."""

    path: Path
    code: str
    name: str
    name_en: str
    office_lat: float
    office_lon: float
    people: int
    households: int
    districts: Section
    streets: Section
    shelters: Section
    boundary: Section

    def sections(self) -> tuple[tuple[str, Section], ...]:
        """All sections by name."""
        return tuple((name, getattr(self, name)) for name in KINDS)


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises:
        MissingSource: There is no such file.
        InvalidSource: It is no recipe; every fault with its line.
    """
    text = read_text(path, hint="name a recipe of scenarios/towns, or the path of your own")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        line = re.search(r"line (\d+)", str(fault))
        place = f"{path}:{line.group(1)}" if line else str(path)
        raise InvalidSource([f"{place}: not TOML: {fault}"]) from fault
    faults = _Reader(path, text)
    faults.known(table, ("town", *KINDS), "section", "")
    town = faults.section(table, "town", _TOWN_KEYS)
    faults.office(town)
    faults.register(town)
    sections = {name: faults.chosen(table, name) for name in KINDS}
    faults.together(sections)
    faults.raise_any()
    return Recipe(
        path=path,
        code=town["code"],
        name=town["name"],
        name_en=town["name_en"],
        office_lat=float(town["office_lat"]),
        office_lon=float(town["office_lon"]),
        people=town["people"],
        households=town["households"],
        districts=sections["districts"],
        streets=sections["streets"],
        shelters=sections["shelters"],
        boundary=sections["boundary"],
    )


class _Reader(Faults):
    """Collects faults of a recipe and knows on which line a key stands."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(path)
        self._lines = text.splitlines()

    def line_of(self, section: str, key: str = "") -> int | None:
        """Line of a section's head or of a key in it."""
        inside = False
        for number, line in enumerate(self._lines, start=1):
            head = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
            if head:
                inside = head.group(1) == section
                if inside and not key:
                    return number
            elif key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line) and (inside or not section):
                return number
        return None

    def known(self, table: Mapping[str, Any], names: Iterable[str], what: str, section: str) -> None:
        """Note every key that no recipe has."""
        names = tuple(names)
        for key in table:
            if key not in names:
                near = get_close_matches(key, names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
                line = self.line_of(section, key) or self.line_of(key)
                self.add(f"unknown {what} {key!r}; {hint}", line)

    def section(self, table: Mapping[str, Any], name: str, keys: Mapping[str, type]) -> dict[str, Any]:
        """A section whose keys must all be there, each of its type."""
        values = self._table(table, name)
        self.known(values, keys, f"key of [{name}]", name)
        self._typed(values, name, keys)
        for key in keys:
            if values and key not in values:
                self.add(f"[{name}] lacks {key!r}; give it", self.line_of(name))
        return values

    def chosen(self, table: Mapping[str, Any], name: str) -> Section:
        """A section whose ``kind`` says which keys it needs."""
        values = self._table(table, name)
        keys = {**_SECTION_KEYS[name], **_ANY_SECTION}
        self.known(values, ("kind", *keys), f"key of [{name}]", name)
        self._typed(values, name, keys)
        kind = values.get("kind")
        if values and kind not in KINDS[name]:
            self.add(f"[{name}] kind is {kind!r}; choose {', '.join(KINDS[name])}", self.line_of(name, "kind"))
        for key in _NEEDED.get(f"{name}.{kind}", ()):
            if key not in values:
                self.add(f"[{name}] of kind {kind!r} lacks {key!r}; give it", self.line_of(name))
        return Section(str(kind), {key: value for key, value in values.items() if key != "kind"})

    def together(self, sections: Mapping[str, Section]) -> None:
        """Check that the kinds chosen fit together: what is made up needs places and a boundary to stand on."""
        chosen = {name: section.kind for name, section in sections.items()}
        made_up = chosen["streets"].startswith("synthetic")
        if made_up and chosen["districts"] == "cells":
            self.add(
                "cells are cut from real streets; choose streets of kind 'walking_network'", self.line_of("districts")
            )
        if made_up and chosen["boundary"] == "hull":
            self.add("synthetic streets need a boundary; choose kind 'figures' or 'geojson'", self.line_of("boundary"))
        if chosen["streets"] == "synthetic" and chosen["boundary"] == "geojson":
            self.add("streets of kind 'synthetic' take their exits from figures; choose boundary kind 'figures'")
        if chosen["districts"] == "cells" and "figures" in (chosen["boundary"], chosen["shelters"]):
            self.add("cells have no figures; choose boundary kind 'geojson' or 'hull' and a list of shelters")

    def register(self, town: Mapping[str, Any]) -> None:
        """People and households of the resident register: at least one of each, and no household without people."""
        people, households = town.get("people"), town.get("households")
        if isinstance(people, int) and isinstance(households, int) and not 1 <= households <= people:
            line = self.line_of("town", "households")
            self.add(f"{people} people in {households} households cannot be; give both from one count", line)

    def office(self, town: Mapping[str, Any]) -> None:
        """Check code and place of the office."""
        code = town.get("code")
        fault = municipality_code_fault(code) if isinstance(code, str) else None
        if fault:
            self.add(f'{fault}; write it as text, e.g. "072028"', self.line_of("town", "code"))
        # The four extremes of Japan. Source: GSI, 日本の東西南北端点の経度緯度.
        for key, low, high in (("office_lat", 20.4, 45.6), ("office_lon", 122.9, 154.0)):
            value = town.get(key)
            if isinstance(value, (int, float)) and not low <= value <= high:
                self.add(f"{key} {value} is not in Japan ({low} to {high})", self.line_of("town", key))

    def _table(self, table: Mapping[str, Any], name: str) -> dict[str, Any]:
        values = table.get(name)
        if isinstance(values, dict):
            return values
        self.add(f"section [{name}] is missing; add it" if values is None else f"{name} must be a section [{name}]")
        return {}

    def _typed(self, values: Mapping[str, Any], section: str, keys: Mapping[str, type]) -> None:
        words = {str: "text", int: "a whole number", float: "a number"}
        for key, wanted in keys.items():
            if key not in values:
                continue
            value, line = values[key], self.line_of(section, key)
            right = (int, float) if wanted is float else (wanted,)
            if isinstance(value, bool) or not isinstance(value, right):
                self.add(f"[{section}] {key} is {value!r}; it must be {words[wanted]}", line)
            elif isinstance(value, (int, float)) and key not in {"office_lat", "office_lon"}:
                self._in_range(f"[{section}] {key}", key, float(value), line)

    def _in_range(self, name: str, key: str, value: float, line: int | None) -> None:
        if not math.isfinite(value) or value < 0.0:
            self.add(f"{name} is {value:g}; it must be a number of 0 or more", line)
        elif key in _ABOVE_ZERO and value == 0.0:
            self.add(f"{name} is 0; it must be above 0", line)
