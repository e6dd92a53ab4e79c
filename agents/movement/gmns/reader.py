"""The files of ``citytwin traffic`` as arrays, or all their faults at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.movement.gmns.faults import TableFaults
from agents.movement.gmns.network import NamedNetwork, ranks, read_network
from agents.movement.gmns.trips import read_closures, read_trips
from agents.movement.simulate import Change, TripTable


@dataclass(frozen=True)
class Traffic:
    """A network, the trips on it and its closures.

    Trips stand in the order of their ids, so that nothing can depend on the order of the file; ``trip_ids`` are in that
    of the file, and ``trip_rows`` the rows of ``trips`` in that order.
    """

    named: NamedNetwork
    trips: TripTable
    trip_ids: Sequence[str]
    trip_rows: npt.NDArray[np.int64]
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
    rows = ranks(trip_ids)
    return Traffic(named, _sorted(table, np.argsort(rows)), trip_ids, rows, changes)


def _sorted(trips: TripTable, rows: npt.NDArray[np.int64]) -> TripTable:
    return TripTable(
        origin_node=trips.origin_node[rows],
        destination_node=trips.destination_node[rows],
        departure_s=trips.departure_s[rows],
        mode=trips.mode[rows],
        speed_mps=trips.speed_mps[rows],
        order=np.arange(len(rows)),
    )
