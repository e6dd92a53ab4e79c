"""The experiments by name, each with the place that it needs."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from resilience.disks import starved
from resilience.kills import killed
from resilience.outcome import Row
from resilience.overload import overloaded
from resilience.places import Place, full_postgres, full_sqlite, on_postgres, on_sqlite
from resilience.restarts import restarted
from resilience.slowness import idle_connections, slow
from resilience.workers import killed_workers


@dataclass(frozen=True, slots=True)
class Part:
    """An experiment: what is done, and where."""

    experiment: Callable[[Place], Row]
    place: Callable[[], AbstractContextManager[Place]]

    def run(self) -> Row:
        """Do it.

        Raises:
            LookupError: This machine lacks what it needs.
        """
        with self.place() as place:
            return self.experiment(place)


PARTS: Mapping[str, Part] = {
    "overload": Part(overloaded, on_sqlite),
    "kills-sqlite": Part(killed, on_sqlite),
    "kills-postgresql": Part(killed, on_postgres),
    "workers": Part(killed_workers, on_sqlite),
    "restarts": Part(restarted, on_postgres),
    "disk-sqlite": Part(starved, full_sqlite),
    "disk-postgresql": Part(starved, full_postgres),
    "slow": Part(slow, on_sqlite),
    "idle": Part(idle_connections, on_sqlite),
}
