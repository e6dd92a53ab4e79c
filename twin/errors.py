"""Faults of the room, one tree.

TwinError
├── InvalidTown       a town, its roads or its shelters contradict themselves (ValueError)
├── InvalidSource     an input file cannot be read as what it should be (ValueError); carries every fault
├── MissingSource     an input file or folder is not there (FileNotFoundError)
└── InvalidPopulation people and households contradict each other (ValueError)
"""

from collections.abc import Sequence


class TwinError(Exception):
    """Root of the room's faults."""


class InvalidTown(TwinError, ValueError):
    """A town, its roads or its shelters contradict themselves."""


class InvalidPopulation(TwinError, ValueError):
    """People and households contradict each other."""


class MissingSource(TwinError, FileNotFoundError):
    """An input file or folder is not there."""


class InvalidSource(TwinError, ValueError):
    """An input file cannot be read as what it should be.

    Carries every fault found, each as ``file:line: what, value, what to do``.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)
