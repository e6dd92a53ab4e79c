"""Reads a faults file and collects every fault in it, each with file and line, before any is raised."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from conformance.contract.operations import load_operations
from conformance.toml_lines import Path as KeyPath
from scenarios.errors import InvalidScenario, hint_for
from scenarios.expected import is_valid
from scenarios.faults.form import KINDS, AddedLatency, AnyFault, ClockSkew, FaultFile, TimedFault
from scenarios.language import Language, say
from scenarios.reader import Reading, by_line, load_file, shown
from twin.town import Town

SERVICE_CLASSES = ("P0", "P1", "P2", "P3")


def read_faults(path: Path, town: Town | None = None) -> FaultFile:
    """The faults of a file; with a town, their districts are its codes.

    Raises:
        InvalidScenario: with every fault of the file.
    """
    table, index = load_file(path)
    reading = FaultReading(str(path), table, index)
    reading.check_table(table, FaultFile, ())
    entries = table.get("fault", [])
    whole = enumerate(entries if isinstance(entries, list) else [])
    check_meaning(
        reading, [(row, msgspec.convert(one, AnyFault)) for row, one in whole if is_valid(one, AnyFault)], town
    )
    if reading.faults:
        raise InvalidScenario(by_line(reading.faults))
    return _in_town(msgspec.convert(table, FaultFile), town)


class FaultReading(Reading):
    """A faults file being read: an entry of ``fault`` by the form of its own kind."""

    def check_field(self, value: object, one: msgspec.structs.FieldInfo, path: KeyPath) -> None:
        """Whatever is wrong in the value of one key."""
        if one.name == "fault" and isinstance(value, list):
            for number, entry in enumerate(value):
                self.check_fault(entry, (*path, number))
        elif not is_valid(value, one.type):
            self.wrong(value, path, one.type)

    def check_fault(self, entry: object, path: KeyPath) -> None:
        """Whatever is wrong in one entry of ``fault``."""
        if not isinstance(entry, dict):
            self.wrong(entry, path, FaultFile)
        elif "kind" not in entry:
            self.add(path, "missing_key", key="fault.kind", expected=lambda language: _one_of(language, sorted(KINDS)))
        elif str(entry["kind"]) in KINDS:
            self.check_table(entry, KINDS[str(entry["kind"])], path)
        else:
            kind = str(entry["kind"])
            self.add((*path, "kind"), "unknown_fault_kind", value=shown(kind), hint=hint_for(kind, sorted(KINDS)))


def _one_of(language: Language, names: list[str]) -> str:
    return say(language, "expected.one_of", names=", ".join(names))


def check_meaning(reading: FaultReading, faults: Sequence[tuple[int, AnyFault]], town: Town | None) -> None:
    """Note what no single value shows, in the entries that are right one by one; with a town, its districts too."""
    names: set[str] = set()
    for number, fault in faults:
        place: KeyPath = ("fault", number)
        if fault.name in names:
            reading.add((*place, "name"), "study_twice", key="fault.name", value=shown(fault.name))
        names.add(fault.name)
        if fault.until_s <= fault.from_s:
            reading.add((*place, "until"), "fault_ends_early", value=fault.until, at=fault.at)
        _check_operations(reading, place, fault)
        _check_numbers(reading, place, fault)
        if town is not None:
            _check_districts(reading, place, fault, town)


def _check_operations(reading: FaultReading, place: KeyPath, fault: TimedFault) -> None:
    known = [*(one.operation_id for one in load_operations()), *SERVICE_CLASSES]
    for row, name in enumerate(fault.operations):
        if name not in known:
            hint = hint_for(name, known)
            reading.add((*place, "operations", row), "unknown_operation", value=shown(name), hint=hint)


def _check_numbers(reading: FaultReading, place: KeyPath, fault: TimedFault) -> None:
    if isinstance(fault, AddedLatency):
        drawn = fault.median_s, fault.p95_s
        is_constant = fault.constant_s is not None and drawn == (None, None)
        is_drawn = fault.constant_s is None and None not in drawn
        if not is_constant and not is_drawn:
            reading.add(place, "fault_latency")
        elif fault.median_s is not None and fault.p95_s is not None and fault.p95_s < fault.median_s:
            reading.add((*place, "p95_s"), "fault_order", low="median_s", high="p95_s")
    if isinstance(fault, ClockSkew) and fault.high_s < fault.low_s:
        reading.add((*place, "high_s"), "fault_order", low="low_s", high="high_s")


def _check_districts(reading: FaultReading, place: KeyPath, fault: TimedFault, town: Town) -> None:
    known = _codes(town)
    for row, name in enumerate(fault.districts):
        if name not in known:
            values: dict[str, Any] = {"town": town.name, "value": shown(name), "hint": hint_for(name, list(known))}
            reading.add((*place, "districts", row), "unknown_district", key="fault.districts", **values)


def _codes(town: Town) -> Mapping[str, str]:
    """Code of a district by its code and by its names."""
    return {name: one.code for one in town.districts for name in (one.name_en, one.name, one.code)}


def _in_town(file: FaultFile, town: Town | None) -> FaultFile:
    if town is None:
        return file
    codes = _codes(town)
    placed = (
        msgspec.structs.replace(one, districts=tuple(codes[name] for name in one.districts)) for one in file.fault
    )
    return msgspec.structs.replace(file, fault=tuple(placed))
