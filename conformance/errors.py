"""Faults of the room, one tree. Each message says what was wrong, the value, and what to do.

ConformanceError
├── PlanError        a plan, a baseline or an option cannot be used (ValueError); carries every fault
├── NetworkError     the target could not be reached, or did not answer as HTTP in time and size (OSError)
├── SuiteError       a defect of the suite itself, never the target's fault (RuntimeError)
└── Outcome          how a check ended before its end (see ``outcomes.py``)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.text import Text


class ConformanceError(Exception):
    """Root of the room's faults."""


@dataclass(frozen=True)
class PlanFault:
    """One thing wrong with what the user gave: where (``file:line``, "" for nowhere), what, and what to do."""

    where: str
    text: Text


class PlanError(ConformanceError, ValueError):
    """A plan, a baseline or an option cannot be used; all of its faults at once."""

    def __init__(self, faults: Sequence[PlanFault]) -> None:
        super().__init__("\n".join(": ".join(filter(None, (fault.where, fault.text.en))) for fault in faults))
        self.faults = tuple(faults)


class NetworkError(ConformanceError, OSError):
    """The target could not be reached, or did not answer as HTTP in the time and size that a run allows."""


class SuiteError(ConformanceError, RuntimeError):
    """A defect of the suite itself, such as a check that expects a refusal without a positive control."""
