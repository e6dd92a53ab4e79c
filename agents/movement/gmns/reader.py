"""The files of ``citytwin traffic`` as arrays, or all their faults at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.movement.gmns.faults import TableFaults
from agents.movement.gmns.network import NamedNetwork, read_network
from agents.movement.gmns.trips import read_closures, read_trips
from agents.movement.simulate import Change, TripTable


@dataclass(frozen=True)
class Traffic:
    """A network, the trips on it and its closures; ``trip_ids`` are in the order of the file, as the trips are."""

    named: NamedNetwork
    trips: TripTable
    trip_ids: Sequence[str]
    changes: tuple[Change, ...] = ()


def read_traffic(nodes: Path, links: Path, trips: Path, closures: Path | None = None) -> Traffic:
    """Read all files.

    Raises:
        InvalidTables: They cannot be used; every fault is told with its file and line.
    """
    faults = TableFaults()
    named = read_network(nodes, links, faults)
    table, trip_ids = read_trips(trips, nodes, named, faults)
    changes = () if closures is None else read_closures(closures, links, named, faults)
    faults.raise_any()
    return Traffic(named=named, trips=table, trip_ids=trip_ids, changes=changes)
