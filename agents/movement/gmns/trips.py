"""Trips and closures in tables like those of GMNS, and whether each trip has a way."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from agents.movement.gmns.faults import TableFaults
from agents.movement.gmns.network import NamedNetwork, ranks
from agents.movement.gmns.tables import Table
from agents.movement.network import Network
from agents.movement.simulate import Change, TripTable
from agents.movement.trips import FloatArray, Int32Array

TRIP_COLUMNS = ("trip_id", "origin_node_id", "destination_node_id", "departure_time", "mode")
"""Besides, ``speed`` if anybody walks."""

CLOSURE_COLUMNS = ("link_id", "start_time", "end_time")

FOOT, CAR = 0, 1
_MODES = {"car": CAR, "foot": FOOT}


def read_trips(path: Path, nodes: Path, named: NamedNetwork, faults: TableFaults) -> tuple[TripTable, list[str]]:
    """The trips of a file in its order, and their ids; faults are noted. Speeds of cars are not looked at."""
    table = Table(path, TRIP_COLUMNS, faults)
    table.need_rows("trip")
    ids = table.ids("trip_id")
    # Whether a node is there can be told only if the nodes could be read.
    places = named.node_rows
    known = bool(places)
    origin = table.rows_of("origin_node_id", places, nodes) if known else np.full(len(table), -1, np.int32)
    destination = table.rows_of("destination_node_id", places, nodes) if known else origin
    departure_s = table.numbers("departure_time")
    mode = table.words("mode", _MODES)
    speed_mps = _speeds(table, mode == FOOT)
    if not faults:
        _note_cut_off(table, named.network, origin, destination)
    trips = TripTable(origin, destination, departure_s, mode.astype(np.int8), speed_mps, ranks(ids))
    return trips, ids


def _speeds(table: Table, on_foot: npt.NDArray[np.bool_]) -> FloatArray:
    if not table.has("speed"):
        if on_foot.any():
            table.faults.add(table.path, 1, "missing_columns", columns="speed", found=", ".join(TRIP_COLUMNS))
        return np.full(len(table), np.nan)
    return table.numbers("speed", where=on_foot)


def read_closures(path: Path, links: Path, named: NamedNetwork, faults: TableFaults) -> tuple[Change, ...]:
    """The closures of a file, an empty end for good; faults are noted."""
    table = Table(path, CLOSURE_COLUMNS, faults)
    known = {one: row for row, one in enumerate(named.link_ids)}
    rows = table.rows_of("link_id", known, links) if known else np.full(len(table), -1, np.int32)
    begin_s, end_s = table.numbers("start_time"), table.numbers("end_time", empty=np.inf)
    for row in np.flatnonzero(end_s <= begin_s).tolist():
        table.note(row, "end_before_start", start=f"{begin_s[row]:g}", end=f"{end_s[row]:g}")
    if faults:
        return ()
    spans = zip(begin_s.tolist(), end_s.tolist(), strict=True)
    links_of: dict[tuple[float, float], list[int]] = {}
    for link, span in zip(rows.tolist(), spans, strict=True):
        links_of.setdefault(span, []).append(link)
    return tuple(
        Change(links=named.rows_of(np.array(some)), begin_s=begin, end_s=end, is_closed=True)
        for (begin, end), some in sorted(links_of.items())
    )


def _note_cut_off(table: Table, network: Network, origin: Int32Array, destination: Int32Array) -> None:
    """Note the trips that no way leads to their destination."""
    origins, destinations = table.cells("origin_node_id"), table.cells("destination_node_id")
    for row in np.flatnonzero(~has_way(network, origin, destination)).tolist():
        table.note(row, "unreachable", origin=origins[row], destination=destinations[row])


def has_way(network: Network, origin: Int32Array, destination: Int32Array) -> npt.NDArray[np.bool_]:
    """Whether each destination can be reached from its origin when all links are open."""
    shape = (network.nodes, network.nodes)
    graph = csr_array((np.ones(network.links, dtype=np.int8), (network.link_from, network.link_to)), shape=shape)
    count, part = connected_components(graph, directed=True, connection="strong")
    start, end = part[origin], part[destination]
    reaches = np.asarray(start == end)
    # Parts in which each node reaches each other are few; between them we search.
    ends = (part[network.link_to], part[network.link_from])
    backward = csr_array((np.ones(network.links, dtype=np.int8), ends), shape=(count, count))
    for one in np.unique(end[~reaches]).tolist():
        found = breadth_first_order(backward, one, return_predecessors=False)
        reaches[end == one] = np.isin(start[end == one], found)
    return reaches
