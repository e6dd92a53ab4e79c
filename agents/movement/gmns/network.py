"""Nodes and links of GMNS as a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.movement.gmns.faults import TableFaults
from agents.movement.gmns.tables import Table
from agents.movement.network import Network
from agents.movement.trips import FloatArray, Int32Array
from twin.parameters import Parameters, load_parameters

NODE_COLUMNS = ("node_id", "x_coord", "y_coord")
LINK_COLUMNS = ("link_id", "from_node_id", "to_node_id", "directed", "length", "lanes", "free_speed", "capacity")

_DIRECTED = {"1": 1, "true": 1, "0": 0, "false": 0}

KMH_PER_MPS, S_PER_H, M_PER_KM = 3.6, 3600.0, 1000.0


@dataclass(frozen=True)
class NamedNetwork:
    """A network and the names in its files.

    ``network`` has a row for each direction of a link; its nodes and links stand in the order of their ids, so that
    nothing can depend on the order of the files. ``node_rows`` are the rows of the nodes by id. ``link_ids`` are the
    links of the file in its order, and ``link_of`` the row there of each row of the network.
    """

    network: Network
    node_rows: Mapping[str, int]
    link_ids: Sequence[str]
    link_of: Int32Array

    def rows_of(self, links: npt.NDArray[np.integer]) -> Int32Array:
        """Rows of the network that belong to links of the file, in both directions."""
        return np.flatnonzero(np.isin(self.link_of, links)).astype(np.int32)


def ranks(ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """The place of each id among all in the order of their characters, equal ids by row."""
    rank = np.empty(len(ids), dtype=np.int64)
    rank[sorted(range(len(ids)), key=ids.__getitem__)] = np.arange(len(ids))
    return rank


def read_network(nodes: Path, links: Path, faults: TableFaults) -> NamedNetwork:
    """The network of two files; columns with faults hold anything, and the faults are noted.

    Capacities and jam density are per lane in the file, and a link that is not directed becomes two rows.
    """
    node_table = Table(nodes, NODE_COLUMNS, faults)
    node_table.need_rows("node")
    node_ids = node_table.ids("node_id")
    by_id = np.argsort(ranks(node_ids))
    node_rows = {node_ids[row]: rank for rank, row in enumerate(by_id.tolist())}
    x_m, y_m = node_table.numbers("x_coord")[by_id], node_table.numbers("y_coord")[by_id]
    table = Table(links, LINK_COLUMNS, faults)
    table.need_rows("link")
    link_ids = table.ids("link_id")
    # If the nodes could not be read, every link would name an unknown one.
    ends = _ends(table, node_rows, nodes) if node_table.is_whole else (_nowhere(table), _nowhere(table))
    is_directed = table.words("directed", _DIRECTED) == 1
    forth, back = np.arange(len(table)), np.flatnonzero(~is_directed)
    link_of = np.concatenate((forth, back)).astype(np.int32)
    columns = {name: column[link_of] for name, column in _columns(table).items()}
    order = np.concatenate((2 * ranks(link_ids), 2 * ranks(link_ids)[back] + 1))
    network = Network(
        node_x_m=x_m,
        node_y_m=y_m,
        link_from=np.concatenate((ends[0], ends[1][back])),
        link_to=np.concatenate((ends[1], ends[0][back])),
        order=order,
        car_allowed=np.ones(len(link_of), dtype=np.bool_),
        walk_allowed=np.ones(len(link_of), dtype=np.bool_),
        **columns,
    )
    rows = np.argsort(order)
    return NamedNetwork(network.picked(rows), node_rows, link_ids, link_of[rows])


def _ends(table: Table, node_rows: Mapping[str, int], nodes: Path) -> tuple[Int32Array, Int32Array]:
    return table.rows_of("from_node_id", node_rows, nodes), table.rows_of("to_node_id", node_rows, nodes)


def _nowhere(table: Table) -> Int32Array:
    return np.full(len(table), -1, dtype=np.int32)


def _columns(table: Table) -> dict[str, FloatArray]:
    """Columns of the network, of the whole link and in SI; optional ones as in towns if not given."""
    parameters = load_parameters("agents", "movement.toml")
    lanes = table.numbers("lanes")
    capacity = table.numbers("capacity")
    in_capacity = table.numbers("in_capacity", empty=np.nan)
    capacity_vps = capacity * lanes / S_PER_H
    priority = table.numbers("merge_priority", empty=np.nan)
    return {
        "length_m": table.numbers("length"),
        "free_speed_mps": table.numbers("free_speed") / KMH_PER_MPS,
        "capacity_vps": capacity_vps,
        "in_capacity_vps": np.where(np.isnan(in_capacity), capacity, in_capacity) * lanes / S_PER_H,
        "jam_density_vpm": table.numbers("jam_density", empty=_jam_density(parameters)) * lanes / M_PER_KM,
        "wave_speed_mps": table.numbers("wave_speed", empty=_wave_speed(parameters)) / KMH_PER_MPS,
        "merge_priority": np.where(np.isnan(priority), capacity_vps, priority),
        "walk_width_m": np.full(len(table), parameters.number("walkers.width_m")),
    }


def _jam_density(parameters: Parameters) -> float:
    """Vehicles per kilometre and lane."""
    return parameters.number("cars.jam_density_vpm") * M_PER_KM


def _wave_speed(parameters: Parameters) -> float:
    """Kilometres per hour."""
    return parameters.number("cars.backward_wave_mps") * KMH_PER_MPS
