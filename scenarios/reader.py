"""Reads a scenario file and collects every fault in it, each with file and line, before any is raised."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import msgspec

from conformance.toml_lines import LineIndex, index_lines
from conformance.toml_lines import Path as KeyPath
from scenarios.errors import Fault, InvalidScenario, UnknownScenario, hint_for
from scenarios.expected import expected, is_valid
from scenarios.language import Language, say
from scenarios.scenario import (
    DISTRICTS_PATTERN,
    CityOsTerms,
    CloseRoad,
    Form,
    Impact,
    ReopenRoad,
    Scenario,
    ScenarioEvent,
    Weather,
)
from twin.parameters import Parameter, Parameters

_EVENTS: Mapping[str, type[Form]] = {str(one.__struct_config__.tag): one for one in get_args(ScenarioEvent)}
_TABLES: Mapping[str, type[Form]] = {"weather": Weather, "city_os": CityOsTerms}
_NUMBERS = float | tuple[float, ...]
_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def shipped_scenarios() -> list[str]:
    """Names of the scenarios that ship."""
    library = files("scenarios").joinpath("library")
    return sorted(entry.name.removesuffix(".toml") for entry in library.iterdir() if entry.name.endswith(".toml"))


def find_scenario(name_or_path: str) -> Path:
    """The file of a shipped scenario, or the file at a path.

    Raises:
        UnknownScenario: neither is there; the message has the nearest name and the list.
    """
    known = shipped_scenarios()
    if name_or_path in known:
        return Path(str(files("scenarios").joinpath("library", f"{name_or_path}.toml")))
    path = Path(name_or_path)
    if path.is_file():
        return path
    raise UnknownScenario(name_or_path, known)


def read_scenario(path: Path, parameters: Parameters | None = None) -> Scenario:
    """The scenario of a file; ``behaviour`` is checked too if the parameters are given.

    Raises:
        InvalidScenario: with every fault of the file.
    """
    reading = Reading(str(path), *load_file(path))
    table = {**reading.table, "behaviour": flat_table(reading.table.get("behaviour", {}))}
    reading.check_table(table, Scenario, ())
    reading.check_meaning(table)
    if parameters is not None:
        reading.check_behaviour(table["behaviour"], parameters)
    if reading.faults:
        raise InvalidScenario(by_line(reading.faults))
    return msgspec.convert(table, Scenario)


def by_line(faults: Sequence[Fault]) -> list[Fault]:
    """Faults in the order of their lines, each once."""
    return sorted({str(one): one for one in faults}.values(), key=lambda fault: int(fault.where.rpartition(":")[2]))


def lines_of(path: Path) -> LineIndex:
    """The lines of a scenario file's keys, for faults found after reading."""
    return index_lines(path.read_text(encoding="utf-8"))


def behaviour_faults(overrides: Mapping[str, object], parameters: Parameters) -> Iterator[tuple[str, Fault]]:
    """The keys whose override is unknown or out of range, each with its fault (not yet placed)."""
    for key, value in overrides.items():
        if key not in parameters:
            yield key, Fault("", "unknown_parameter", {"key": key, "hint": hint_for(key, sorted(parameters))})
        elif is_valid(value, _NUMBERS) and not _admits(parameters[key], value):
            values = {"key": key, "value": shown(value), "expected": _range_of(parameters[key])}
            yield key, Fault("", "parameter_range", values)


def _admits(parameter: Parameter, value: object) -> bool:
    return parameter.admits(msgspec.convert(value, _NUMBERS))


def _range_of(parameter: Parameter) -> Any:
    def words(language: Language) -> str:
        number = say(language, "expected.float")
        item = say(language, "expected.range", kind=number, low=f"{parameter.low:g}", high=f"{parameter.high:g}")
        if isinstance(parameter.value, tuple):
            return say(language, "expected.row", count=len(parameter.value), item=item)
        return f"{item} {parameter.unit}"

    return words


def load_file(path: Path) -> tuple[dict[str, Any], LineIndex]:
    """The tables of a TOML file and the lines of their keys.

    Raises:
        InvalidScenario: it cannot be read, or is no TOML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as reason:
        raise InvalidScenario([Fault(f"{path}:1", "unreadable", {"reason": reason})]) from reason
    try:
        return tomllib.loads(text), index_lines(text)
    except tomllib.TOMLDecodeError as reason:
        position = _AT.search(str(reason))
        line = position[1] if position and position[1] else max(1, len(text.splitlines()))
        raise InvalidScenario([Fault(f"{path}:{line}", "malformed", {"reason": reason})]) from reason


@dataclass
class Reading:
    """One file being read: its tables, its lines, and the faults found so far."""

    path: str
    table: dict[str, Any]
    index: LineIndex
    faults: list[Fault] = field(default_factory=list)

    def add(self, path: KeyPath, message: str, /, **values: object) -> None:
        """Note a fault at a key."""
        self.faults.append(Fault(f"{self.path}:{self.index.line_of(path)}", message, values))

    def check_table(self, table: Mapping[str, Any], form: type[Form], path: KeyPath) -> None:
        """Unknown, missing and wrong values of a table that should have a form."""
        fields = {one.name: one for one in msgspec.structs.fields(form)}
        own = {*fields, "kind"} if form.__struct_config__.tag else {*fields}
        for key in table.keys() - own:
            self.add((*path, key), "unknown_key", key=_dotted(path, key), hint=hint_for(key, sorted(own)))
        for name, one in fields.items():
            if name in table:
                self.check_field(table[name], one, (*path, name))
            elif one.required:
                self.add(path, "missing_key", key=_dotted(path, name), expected=_type_words(one.type))

    def check_field(self, value: object, one: msgspec.structs.FieldInfo, path: KeyPath) -> None:
        """Whatever is wrong in the value of one key."""
        if one.name in _TABLES and isinstance(value, dict):
            self.check_table(value, _TABLES[one.name], path)
        elif one.name in {"event", "impact"} and isinstance(value, list):
            for number, entry in enumerate(value):
                self.check_entry(entry, (*path, number))
        elif one.name == "behaviour" and isinstance(value, dict):
            for key, override in value.items():
                if not is_valid(override, _NUMBERS):
                    self.wrong(override, (*path, *key.split(".")), _NUMBERS)
        elif not is_valid(value, one.type) or (one.name == "districts" and not _selects_districts(value)):
            self.wrong(value, path, one.type)

    def check_entry(self, entry: object, path: KeyPath) -> None:
        """Whatever is wrong in one entry of ``event`` or ``impact``."""
        if not isinstance(entry, dict):
            self.wrong(entry, path, Impact)
        elif path[-2] == "impact":
            self.check_table(entry, Impact, path)
        elif "kind" not in entry:
            self.add(path, "missing_key", key=_dotted(path, "kind"), expected=_one_of(sorted(_EVENTS)))
        elif str(entry["kind"]) in _EVENTS:
            self.check_table(entry, _EVENTS[entry["kind"]], path)
        else:
            kind = str(entry["kind"])
            self.add((*path, "kind"), "unknown_kind", value=shown(kind), hint=hint_for(kind, sorted(_EVENTS)))

    def wrong(self, value: object, path: KeyPath, hint: object) -> None:
        """Note that a value is none that its type admits."""
        key = _dotted(path[:-1], str(path[-1]))
        self.add(path, "wrong_value", key=key, value=shown(value), expected=_type_words(hint))

    def check_meaning(self, table: Mapping[str, Any]) -> None:
        """What no single value shows, in the events that are right one by one: times, closures, boxes."""
        entries = table.get("event", [])
        whole = enumerate(entries if isinstance(entries, list) else [])
        events = [
            (number, msgspec.convert(one, ScenarioEvent)) for number, one in whole if is_valid(one, ScenarioEvent)
        ]
        duration_h = table.get("duration_h")
        for number, event in events:
            if isinstance(duration_h, float | int) and event.at_s > duration_h * 3600 > 0:
                self.add(("event", number, "at"), "late_event", value=event.at, hours=f"{duration_h:g}")
            if isinstance(event, CloseRoad) and event.box is not None:
                west, south, east, north = event.box
                if west >= east or south >= north:
                    self.add(("event", number, "box"), "wrong_box", value=list(event.box))
        self._check_closures(events)

    def _check_closures(self, events: Sequence[tuple[int, ScenarioEvent]]) -> None:
        closed_at: dict[str, float] = {}
        for number, event in events:
            if isinstance(event, CloseRoad):
                if event.closure in closed_at:
                    self.add(("event", number, "closure"), "twice_closure", value=shown(event.closure))
                closed_at[event.closure] = event.at_s
        for number, event in events:
            if isinstance(event, ReopenRoad) and closed_at.get(event.closure, float("inf")) > event.at_s:
                hint = hint_for(event.closure, sorted(closed_at))
                self.add(("event", number, "closure"), "unknown_closure", value=shown(event.closure), hint=hint)

    def check_behaviour(self, overrides: object, parameters: Parameters) -> None:
        """Overrides of parameters that do not exist or lie out of range."""
        if isinstance(overrides, dict):
            for key, fault in behaviour_faults(overrides, parameters):
                self.add(("behaviour", *key.split(".")), fault.key, **fault.values)


def _selects_districts(value: object) -> bool:
    return not isinstance(value, str) or re.search(DISTRICTS_PATTERN, value) is not None


def flat_table(table: object, path: str = "") -> Any:
    """Tables within tables as dotted keys; anything else as it is."""
    if not isinstance(table, dict):
        return table
    flat: dict[str, Any] = {}
    for key, value in table.items():
        name = f"{path}.{key}" if path else str(key)
        if isinstance(value, dict):
            flat.update(flat_table(value, name))
        else:
            flat[name] = value
    return flat


def _dotted(path: Sequence[str | int], key: str) -> str:
    """event[2].level: positions count from 1, as people do."""
    text = ""
    for part in (*path, key):
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def shown(value: object) -> str:
    """A value as it stands in TOML, short."""
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _type_words(hint: object) -> Any:
    return lambda language: expected(language, hint)


def _one_of(names: Sequence[str]) -> Any:
    return lambda language: say(language, "expected.one_of", names=", ".join(names))
