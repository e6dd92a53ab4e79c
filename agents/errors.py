"""Faults of the room, one tree.

AgentsError
├── CityOsUnusable     a city OS cannot be used for a run (ConnectionError)
│   ├── CityOsUnreachable  nobody answers at its address, or not in time
│   ├── NoCityOs           what answers is no city OS, or one of another contract version
│   └── CityOsMismatch     it is a city OS, but not one for this run (production, other town or people)
├── TransportFault     a request got no response (ConnectionError); becomes a Failure, never leaves a verb
│   ├── NoConnection       refused, reset or broken off
│   └── NoReplyInTime      no response within the time allowed (TimeoutError)
├── SuspendedApp       an app in process waited for something outside itself (RuntimeError)
├── InvalidMovement    a departure, a time or a condition that movement cannot take (ValueError)
├── InvalidTables      tables of a network or of trips cannot be used (ValueError); carries every fault
├── InvalidCalendar    the start of a scenario has no time zone (ValueError)
└── InvalidDirectory   identifiers of a service do not fit the town's rows (ValueError)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.movement.gmns.faults import TableFault


class AgentsError(Exception):
    """Root of the room's faults."""


class CityOsUnusable(AgentsError, ConnectionError):
    """A city OS cannot be used for a run."""


class CityOsUnreachable(CityOsUnusable):
    """Nobody answers at the address of a city OS, or not in time."""


class NoCityOs(CityOsUnusable):
    """What answers is no city OS, or one of another contract version."""


class CityOsMismatch(CityOsUnusable):
    """A city OS that is not one for this run: production, or seeded with another town, people or seed."""


class TransportFault(AgentsError, ConnectionError):
    """A request got no response; ``waited_s`` is how long the asker waited."""

    def __init__(self, message: str, waited_s: float = 0.0) -> None:
        super().__init__(message)
        self.waited_s = waited_s


class NoConnection(TransportFault):
    """The connection was refused, reset or broken off."""


class NoReplyInTime(TransportFault, TimeoutError):
    """No response came within the time allowed."""


class SuspendedApp(AgentsError, RuntimeError):
    """An app driven in process waited for something outside itself."""


class InvalidCalendar(AgentsError, ValueError):
    """The start of a scenario has no time zone."""


class InvalidDirectory(AgentsError, ValueError):
    """Identifiers of a service do not fit the town's rows."""


class InvalidMovement(AgentsError, ValueError):
    """A departure, a time or a condition that movement cannot take."""


class InvalidTables(AgentsError, ValueError):
    """Tables of a network or of trips cannot be used; carries every fault, each with file and line."""

    def __init__(self, faults: "Sequence[TableFault]") -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)
