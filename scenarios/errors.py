"""Faults of the room, one tree. Each carries its texts in both languages; ``str()`` is the English.

ScenarioError
├── InvalidScenario   a scenario file cannot be used (ValueError); carries every fault
├── UnknownScenario   no scenario of that name ships, and no such file exists (LookupError)
├── UnknownStudy      no study of that name ships, and no such file exists (LookupError)
├── UnknownTrial      no test or standard of that name (LookupError)
├── UnknownTown       no recipe of that name (LookupError)
├── MissingData       a folder or file of data is not there (FileNotFoundError)
├── OccupiedOutput    the output folder holds something already (FileExistsError)
├── UnwritableFile    a file of results cannot be written (PermissionError)
├── UnwritableOutput  the output folder cannot be written (PermissionError)
├── UnusableCityOs    what was given as city OS is no address (ValueError)
├── NoServiceForFaults faults were given, and no city OS to put them in front of (ValueError)
├── NoTrickleOnLine   answers of an ideal city OS are to come in drops, but have no bytes (ValueError)
├── OtherRuns         the output folder holds runs of something else (FileExistsError)
├── UnusableFaultTarget faults cannot be put in front of a service (ConnectionError)
├── ForeignFolder     the output folder of a study holds something else (FileExistsError)
├── TooManyCells      a study has more runs than can be meant (ValueError)
├── UnreachableCluster no scheduler answers at the address (ConnectionError)
├── FailedCell        a run of a study failed (RuntimeError)
├── PortInUse         the server cannot listen there (OSError)
├── TooManyIds        fewer people may have a city-OS ID than were asked for (ValueError)
├── UnusableRun       a folder is no finished run, or no finished replications (ValueError)
├── UnusableRuns      several folders are none (ValueError)
├── UnpairedRuns      two runs are not of the same people of the same town (ValueError)
├── FailedReplication a run among several could not be done (ChildProcessError)
├── DeadWorker        a process died under its work (ChildProcessError)
├── MissingPackage    a part of citytwin is not installed (ImportError)
└── ForeignPackage    another distribution's package stands where ours should (ImportError)
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from scenarios.language import Language, Text, say

_FEW = 40


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


class UnknownStudy(ScenarioError, LookupError):
    """No study of that name ships, and no such file exists."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__([_unknown("unknown_study", name, known)])


class UnknownTrial(ScenarioError, LookupError):
    """No test or standard of that name; carries every such name."""

    def __init__(self, names: Sequence[str], known: Sequence[str]) -> None:
        super().__init__([Fault("", "unknown_trial", {"name": name, "hint": hint_for(name, known)}) for name in names])


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


class UnwritableOutput(ScenarioError, PermissionError):
    """The output folder cannot be written."""

    def __init__(self, path: object, reason: object) -> None:
        super().__init__([Fault("", "unwritable_output", {"path": path, "reason": reason})])


class UnwritableFile(ScenarioError, PermissionError):
    """A file of results cannot be written."""

    def __init__(self, path: object, reason: object) -> None:
        super().__init__([Fault("", "unwritable_file", {"path": path, "reason": reason})])


class UnusableCityOs(ScenarioError, ValueError):
    """What was given as city OS is no address."""

    def __init__(self, given: str) -> None:
        super().__init__([Fault("", "unusable_city_os", {"given": given})])


class OtherRuns(ScenarioError, FileExistsError):
    """The output folder holds replications of something else; ``other`` names what differs."""

    def __init__(self, path: object, other: Sequence[str]) -> None:
        super().__init__([Fault("", "other_runs", {"path": path, "other": ", ".join(other)})])


class NoServiceForFaults(ScenarioError, ValueError):
    """Faults were given, and no city OS to put them in front of."""

    def __init__(self) -> None:
        super().__init__([Fault("", "faults_need_service")])


class NoTrickleOnLine(ScenarioError, ValueError):
    """Answers of an ideal city OS are to come in drops, but have no bytes."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__([Fault("", "faults_no_trickle", {"names": ", ".join(names)})])


class UnusableFaultTarget(ScenarioError, ConnectionError):
    """Faults cannot be put in front of a service: nobody answers, or it serves real people."""

    def __init__(self, url: str, reason: Text) -> None:
        super().__init__([Fault("", "fault_target", {"url": url, "reason": reason.in_language})])


class ForeignFolder(ScenarioError, FileExistsError):
    """The output folder of a study holds something that no study wrote."""

    def __init__(self, path: object) -> None:
        super().__init__([Fault("", "other_study", {"path": path})])


class TooManyCells(ScenarioError, ValueError):
    """A study has more runs than can be meant."""

    def __init__(self, count: int, most: int) -> None:
        super().__init__([Fault("", "too_many_cells", {"count": count, "most": most})])


class UnreachableCluster(ScenarioError, ConnectionError):
    """No scheduler answers at the address."""

    def __init__(self, address: str, reason: object) -> None:
        super().__init__([Fault("", "no_cluster", {"address": address, "reason": reason})])


class FailedCell(ScenarioError, RuntimeError):
    """Runs of a study failed."""

    def __init__(self, reasons: Mapping[str, Text]) -> None:
        alike: dict[Text, list[str]] = {}
        for cell, reason in reasons.items():
            alike.setdefault(reason, []).append(cell)
        super().__init__([_failed(cells, reason) for reason, cells in alike.items()])


def _failed(cells: Sequence[str], reason: Text) -> Fault:
    """One line for all runs that failed alike."""
    values: dict[str, object] = {"cell": cells[0], "reason": reason.in_language, "others": len(cells) - 1}
    return Fault("", "failed_cell" if len(cells) == 1 else "failed_cells", values)


class PortInUse(ScenarioError, OSError):
    """The server cannot listen there."""

    def __init__(self, host: str, port: int, reason: object) -> None:
        super().__init__([Fault("", "port_in_use", {"host": host, "port": port, "reason": reason})])


class TooManyIds(ScenarioError, ValueError):
    """There are fewer people who may have a city-OS ID than were asked for."""

    def __init__(self, wanted: int, there: int) -> None:
        super().__init__([Fault("", "too_many_ids", {"wanted": wanted, "there": there})])


class UnusableRun(ScenarioError, ValueError):
    """A folder is no finished run, or no finished replications; ``reason`` says why, or does in a language."""

    def __init__(self, folder: object, reason: object) -> None:
        super().__init__([Fault("", "unusable_run", {"folder": folder, "reason": reason})])


class UnusableRuns(ScenarioError, ValueError):
    """Several folders are no finished runs; carries the faults of all."""


class UnpairedRuns(ScenarioError, ValueError):
    """Two runs are not of the same people of the same town."""


class FailedReplication(ScenarioError, ChildProcessError):
    """A run among several could not be done."""

    def __init__(self, seed: int, reasons: Sequence[str]) -> None:
        super().__init__([Fault("", "failed_replication", {"seed": seed, "reason": one}) for one in reasons])


class DeadWorker(ScenarioError, ChildProcessError):
    """A process died under its work."""

    def __init__(self, code: int | None) -> None:
        super().__init__([Fault("", "dead_worker", {"code": code})])


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


def hint_for(name: str, known: Sequence[str]) -> Callable[[Language], str]:
    """Words that lead from an unknown name to a known one: the nearest, or all if they are few."""
    near = nearest(name, known)
    if near:
        return lambda language: say(language, "fault.hint_nearest", near=near)
    if 0 < len(known) <= _FEW:
        return lambda language: say(language, "fault.hint_known", known=", ".join(known))
    return lambda language: say(language, "fault.hint_none")


def lines_of(error: BaseException, language: Language) -> list[str] | None:
    """One line for each fault of an error that is the user's to mend; None for any other error.

    Roots of other rooms are told by their names, so that no room need be importable to tell of a fault.
    """
    if isinstance(error, ScenarioError):
        return error.lines(language)
    roots = {one.__name__ for one in type(error).__mro__}
    if roots & {"TwinError", "AgentsError", "ReferenceApiError"} or isinstance(error, OSError):
        faults = getattr(error, "faults", None) or str(error).splitlines()
        return [str(fault) for fault in faults]
    if isinstance(error, ModuleNotFoundError):
        package = str(error.name).partition(".")[0]
        return MissingPackage(package, install_command("all")).lines(language)
    return None


def install_command(extra: str) -> str:
    """The command that installs an extra into the environment that runs."""
    return f"{sys.executable} -m pip install 'citytwin[{extra}]'"


def _unknown(key: str, name: str, known: Sequence[str]) -> Fault:
    near = nearest(name, known)
    hint = hint_for(name, [near] if near else [])
    return Fault("", key, {"name": name, "hint": hint, "known": ", ".join(sorted(known))})
