"""Districts where none are known: a grid of equal cells over the homes, each with neighbourhoods of nearby homes.

A stated partition, not the town's own: rows of cells from north to south, columns from west to east; a cell without
homes is left out. Neighbourhoods halve the cell with most homes, across its longer side, until there are enough; their
weight is their share of the nodes where homes stand.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.errors import InvalidSource
from twin.roads import Roads
from twin.sources.places import Places, home_nodes
from twin.town import District

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """How fine the partition is."""

    columns: int
    rows: int
    neighbourhoods: int


def cell_places(roads: Roads, grid: Grid, name: str) -> Places:
    """Districts and neighbourhoods of a grid over the home nodes; ``name`` is the roads' file, for messages.

    Raises:
        InvalidSource: There are fewer home nodes than neighbourhoods wanted.
    """
    homes = home_nodes(roads).astype(np.int64)
    if len(homes) < grid.neighbourhoods:
        few = f"{len(homes)} nodes of its streets can hold homes, for {grid.neighbourhoods} neighbourhoods"
        raise InvalidSource([f"{name}: {few}; ask for fewer in the recipe, or use a larger road file"])
    x_m, y_m = roads.node_x_m[homes], roads.node_y_m[homes]
    column = _slot(x_m, grid.columns)
    row = grid.rows - 1 - _slot(y_m, grid.rows)
    cells, district = np.unique(row * grid.columns + column, return_inverse=True)
    groups = _halved([np.flatnonzero(district == one) for one in range(len(cells))], (x_m, y_m), grid.neighbourhoods)
    names = [f"{chr(ord('A') + cell // grid.columns)}{cell % grid.columns + 1}" for cell in cells.tolist()]
    of = np.array([district[group[0]] for group in groups])
    return Places(
        districts=tuple(
            District(f"{number:02d}", f"{name}区画", f"Cell {name}", *_middle(x_m, y_m, district == number - 1))
            for number, name in enumerate(names, start=1)
        ),
        codes=tuple(f"{number:04d}" for number in range(1, len(groups) + 1)),
        names=tuple(f"{names[of[number]]}区画 第{number + 1}地区" for number in range(len(groups))),
        x_m=np.array([x_m[group].mean() for group in groups]),
        y_m=np.array([y_m[group].mean() for group in groups]),
        district=of,
        weight=np.array([len(group) for group in groups]) / len(homes),
    )


def _slot(values: npt.NDArray[np.float64], count: int) -> IntArray:
    low, high = float(values.min()), float(values.max())
    return np.minimum(((values - low) / max(high - low, 1.0) * count).astype(np.int64), count - 1)


def _middle(
    x_m: npt.NDArray[np.float64], y_m: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    return float(x_m[inside].mean()), float(y_m[inside].mean())


def _halved(
    groups: list[IntArray], points: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]], wanted: int
) -> list[IntArray]:
    groups = list(groups)
    while len(groups) < wanted:
        largest = max(range(len(groups)), key=lambda number: len(groups[number]))
        group = groups[largest]
        across = max(points, key=lambda axis: float(np.ptp(axis[group])))
        order = group[np.argsort(across[group], kind="stable")]
        groups[largest : largest + 1] = [order[: len(order) // 2], order[len(order) // 2 :]]
    return groups
