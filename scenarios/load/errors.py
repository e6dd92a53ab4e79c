"""Faults of a load, leaves of the room's tree.

ScenarioError
├── NoAddress          the target is no address (ValueError)
├── ForbiddenHost      the target is not this machine, and nobody said that it may be loaded (PermissionError)
├── ProductionTarget   the target serves real people (PermissionError)
├── OtherContract      the target keeps another version of the contract (ValueError)
├── RefusedCredentials the target issues no token for its own sandbox's clients or people (PermissionError)
├── OtherPeople        the target holds other people than can be made here (ValueError)
├── TooFewPeople       the target has fewer people than take part (ValueError)
├── UnusableRecording  a run's exchanges cannot be replayed (ValueError); carries every fault
├── InvalidObjectives  a file of objectives cannot be used (ValueError); carries every fault
├── GeneratorFailed    the generator's process ended before its time (ChildProcessError)
├── WorkerLost         a worker ended before its time, or does not take part (ChildProcessError)
├── NoMaster           no master answered a worker (ConnectionError)
└── WorkerRefused      a worker does not take part in what a master asks (PermissionError)
"""

from collections.abc import Sequence

from scenarios.errors import Fault, ScenarioError


class NoAddress(ScenarioError, ValueError):
    """The target is no address."""

    def __init__(self, given: str) -> None:
        super().__init__([Fault("", "load_no_address", {"given": given})])


class ForbiddenHost(ScenarioError, PermissionError):
    """The target is not this machine, and nobody said that it may be loaded."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__([Fault("", "load_forbidden_host", {"host": host, "address": address})])


class ProductionTarget(ScenarioError, PermissionError):
    """The target serves real people."""

    def __init__(self, target: str) -> None:
        super().__init__([Fault("", "load_production", {"target": target})])


class OtherContract(ScenarioError, ValueError):
    """The target keeps another version of the contract."""

    def __init__(self, target: str, version: str, ours: str) -> None:
        super().__init__([Fault("", "load_other_contract", {"target": target, "version": version, "ours": ours})])


class RefusedCredentials(ScenarioError, PermissionError):
    """The target issues no token for its own sandbox's clients or people."""

    def __init__(self, target: str, who: str, reason: object) -> None:
        super().__init__([Fault("", "load_refused_credentials", {"target": target, "who": who, "reason": reason})])


class OtherPeople(ScenarioError, ValueError):
    """The target holds other people than can be made here."""

    def __init__(self, target: str, town: str, people: int, seed: int) -> None:
        values = {"target": target, "town": town, "people": people, "seed": seed}
        super().__init__([Fault("", "load_other_people", values)])


class TooFewPeople(ScenarioError, ValueError):
    """The target has fewer people than take part."""

    def __init__(self, key: str, wanted: int, there: int) -> None:
        super().__init__([Fault("", f"load_too_few_{key}", {"wanted": wanted, "there": there})])


class UnusableRecording(ScenarioError, ValueError):
    """A run's exchanges cannot be replayed."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults)


class InvalidObjectives(ScenarioError, ValueError):
    """A file of objectives cannot be used."""


class GeneratorFailed(ScenarioError, ChildProcessError):
    """The generator's process ended before its time."""

    def __init__(self, told: str) -> None:
        super().__init__([Fault("", "load_generator_failed", {"told": told})])


class WorkerLost(ScenarioError, ChildProcessError):
    """A worker ended before its time, or does not take part; ``reason`` is silent, refused or failed."""

    def __init__(self, number: int, host: str, reason: str, told: str) -> None:
        super().__init__([Fault("", f"load_worker_{reason}", {"number": number, "host": host, "told": told})])


class NoMaster(ScenarioError, ConnectionError):
    """No master answered a worker."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__([Fault("", "load_no_master", {"host": host, "port": port})])


class WorkerRefused(ScenarioError, PermissionError):
    """A worker does not take part in what a master asks."""

    def __init__(self, key: str, values: dict[str, object]) -> None:
        super().__init__([Fault("", key, values)])
