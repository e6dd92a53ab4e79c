"""Faults of the room, one tree. Each carries its texts in both languages; ``str()`` is the English.

ScenarioError
├── InvalidScenario   a scenario file cannot be used (ValueError); carries every fault
├── UnknownScenario   no scenario of that name ships, and no such file exists (LookupError)
├── UnknownTown       no recipe of that name (LookupError)
├── MissingData       a folder or file of data is not there (FileNotFoundError)
├── OccupiedOutput    the output folder holds something already (FileExistsError)
├── UnusableCityOs    what was given as city OS is no address (ValueError)
├── PortInUse         the server cannot listen there (OSError)
├── MissingPackage    a part of citytwin is not installed (ImportError)
└── ForeignPackage    another distribution's package stands where ours should (ImportError)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from scenarios.language import Language, say


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where (``file:line``, "" for nowhere), the key of its text, and the values in the text."""

    where: str
    key: str
    values: dict[str, object] = field(default_factory=dict)

    def text(self, language: Language) -> str:
        """The fault as one line."""
        words = {name: value(language) if callable(value) else value for name, value in self.values.items()}
        message = say(language, f"fault.{self.key}", **words)
        return f"{self.where}: {message}" if self.where else message

    def __str__(self) -> str:
        return self.text(Language.EN)


class ScenarioError(Exception):
    """Root of the room's faults."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)

    def lines(self, language: Language) -> list[str]:
        """One line for each fault."""
        return [fault.text(language) for fault in self.faults]


class InvalidScenario(ScenarioError, ValueError):
    """A scenario file cannot be used."""


class UnknownScenario(ScenarioError, LookupError):
    """No scenario of that name ships, and no such file exists."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__([_unknown("unknown_scenario", name, known)])


class UnknownTown(ScenarioError, LookupError):
    """No recipe of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__([_unknown("unknown_town", name, known)])


class MissingData(ScenarioError, FileNotFoundError):
    """A folder or file of data is not there."""

    def __init__(self, path: object) -> None:
        super().__init__([Fault("", "missing_data", {"path": path})])


class OccupiedOutput(ScenarioError, FileExistsError):
    """The output folder holds something already."""

    def __init__(self, path: object) -> None:
        super().__init__([Fault("", "occupied_output", {"path": path})])


class UnusableCityOs(ScenarioError, ValueError):
    """What was given as city OS is no address."""

    def __init__(self, given: str) -> None:
        super().__init__([Fault("", "unusable_city_os", {"given": given})])


class PortInUse(ScenarioError, OSError):
    """The server cannot listen there."""

    def __init__(self, host: str, port: int, reason: object) -> None:
        super().__init__([Fault("", "port_in_use", {"host": host, "port": port, "reason": reason})])


class MissingPackage(ScenarioError, ImportError):
    """A part of citytwin is not installed."""

    def __init__(self, package: str, command: str) -> None:
        super().__init__([Fault("", "missing_package", {"package": package, "command": command})])


class ForeignPackage(ScenarioError, ImportError):
    """Another distribution's package stands where ours should."""

    def __init__(self, package: str, path: object) -> None:
        super().__init__([Fault("", "foreign_package", {"package": package, "path": path})])


def nearest(name: str, known: Sequence[str]) -> str:
    """The known name most like a name, "" if none is."""
    matches = get_close_matches(name.casefold(), [one.casefold() for one in known], n=1)
    return next((one for one in known if matches and one.casefold() == matches[0]), "")


def _unknown(key: str, name: str, known: Sequence[str]) -> Fault:
    near = nearest(name, known)
    hint = "hint_nearest" if near else "hint_none"

    def ending(language: Language) -> str:
        return say(language, f"fault.{hint}", near=near)

    return Fault("", key, {"name": name, "hint": ending, "known": ", ".join(sorted(known))})
