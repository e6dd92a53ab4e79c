"""Where roads leave a town that does not say so: the outermost main road of each sector round the office."""

import numpy as np
import numpy.typing as npt

from twin.errors import InvalidTown
from twin.roads import Roads
from twin.sources.local_streets import MAIN_CLASSES
from twin.sources.places import core_nodes


def exits_by_sector(roads: Roads, sectors: int, far_share: float) -> npt.NDArray[np.float64]:
    """Places of one exit in each sector that has a main road (else any road for cars), shape (n, 2) in metres.

    Of the nodes that lie at least ``far_share`` as far out as the farthest of the sector, the one on the widest road.

    Raises:
        InvalidTown: No street is open to cars and walkers alike.
    """
    core = core_nodes(roads)
    main = np.isin(np.array(roads.highway, dtype=np.str_), MAIN_CLASSES)
    at_main = np.zeros(roads.nodes, dtype=np.bool_)
    at_main[roads.link_from[main]] = True
    candidates = np.flatnonzero(core & at_main) if (core & at_main).any() else np.flatnonzero(core)
    if len(candidates) == 0:
        raise InvalidTown("no street of these roads is open to cars and walkers alike; use another road file")
    x_m, y_m = roads.node_x_m[candidates], roads.node_y_m[candidates]
    middle_x, middle_y = float(np.median(x_m)), float(np.median(y_m))
    turn = np.mod(np.arctan2(x_m - middle_x, y_m - middle_y), 2.0 * np.pi)
    sector = np.minimum((turn / (2.0 * np.pi) * sectors).astype(np.int64), sectors - 1)
    away_m = np.hypot(x_m - middle_x, y_m - middle_y)
    farthest = np.zeros(sectors)
    np.maximum.at(farthest, sector, away_m)
    narrow = np.where(away_m >= far_share * farthest[sector], _narrowness(roads)[candidates], len(MAIN_CLASSES) + 1)
    order = np.lexsort((-away_m, narrow, sector))
    first = np.concatenate(([True], np.diff(sector[order]) != 0))
    chosen = order[first]
    return np.column_stack((x_m[chosen], y_m[chosen]))


def _narrowness(roads: Roads) -> npt.NDArray[np.int64]:
    """Rank of the widest class at each node, 0 the widest."""
    rank = np.full(roads.nodes, len(MAIN_CLASSES))
    classes = np.array(roads.highway, dtype=np.str_)
    for number, name in enumerate(MAIN_CLASSES):
        at = roads.link_from[classes == name]
        rank[at] = np.minimum(rank[at], number)
    return rank
