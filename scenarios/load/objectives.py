"""Objectives: what a service must hold under load, as data with the contract's clause, or of the user's own file."""

import enum
import tomllib
from importlib.resources import files
from pathlib import Path

import msgspec

from scenarios.errors import Fault, MissingData
from scenarios.load.errors import InvalidObjectives

SHIPPED = "data/objectives.toml"
CLASSES = ("P0", "P1", "P2", "P3")


class LoadMode(enum.StrEnum):
    """Which objectives hold: those of normal times, or of a disaster. Source: contract C7."""

    NORMAL = "normal"
    DISASTER = "disaster"


class Objective(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"service_class": "class"}):
    """What one class must hold in a mode, or one operation; times in milliseconds, ``success`` a share (0..1).

    ``may_put_off``: an answer 429 or 503 that says when to come again is no failure. ``refusals``: most first safety
    reports that may be answered so.
    """

    service_class: str = ""
    mode: LoadMode | None = None
    operation: str = ""
    p50_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    success: float | None = None
    may_put_off: bool = False
    refusals: int | None = None
    clause: str = ""


class _Generator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lag_p99_ms: float = 100.0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    objective: list[Objective]
    generator: _Generator = _Generator()


class Objectives(msgspec.Struct, frozen=True):
    """All objectives of a file, and how late the generator may be (ms)."""

    rows: tuple[Objective, ...]
    lag_p99_ms: float
    source: str

    def of(self, service_class: str, operation: str, mode: LoadMode) -> tuple[Objective, ...]:
        """What holds for a class ("" for none) or an operation ("" for none) in a mode."""
        return tuple(
            one
            for one in self.rows
            if one.mode in (None, mode)
            and (one.operation == operation if operation else one.service_class == service_class and not one.operation)
        )


def read_objectives(path: Path | None = None) -> Objectives:
    """The contract's objectives, or those of a file.

    Raises:
        MissingData: the file is not there.
        InvalidObjectives: it cannot be used.
    """
    if path is not None and not path.is_file():
        raise MissingData(path)
    place = files("scenarios.load").joinpath(SHIPPED) if path is None else path
    name = "C7" if path is None else str(path)
    try:
        read = msgspec.convert(tomllib.loads(place.read_text(encoding="utf-8")), _File)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as reason:
        raise InvalidObjectives([Fault(name, "load_objectives", {"reason": reason})]) from reason
    faults = [Fault(name, f"load_objective_{key}", {"number": number}) for number, key in _faults(read)]
    if faults:
        raise InvalidObjectives(faults)
    return Objectives(tuple(read.objective), read.generator.lag_p99_ms, name)


def _faults(read: _File) -> list[tuple[int, str]]:
    """Number of each objective that cannot be meant, and what is wrong with it."""
    found = []
    for number, one in enumerate(read.objective, start=1):
        if bool(one.operation) == bool(one.service_class):
            found.append((number, "subject"))
        if one.service_class and one.service_class not in CLASSES:
            found.append((number, "class"))
        if one.success is not None and not 0.0 <= one.success <= 1.0:
            found.append((number, "success"))
        times = (one.p50_ms, one.p95_ms, one.p99_ms)
        if any(value is not None and not value > 0.0 for value in times):
            found.append((number, "time"))
    return found
