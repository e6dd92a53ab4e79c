"""Hypothesis strategies and hand-made towns for all tests."""

import math

import numpy as np
from hypothesis import strategies as st

from twin.roads import Roads
from twin.shelters import Fitness, Hazard, Shelter, ShelterKind
from twin.town import District, Neighbourhood, Town
from twin.units import Projection

BLOCK_M = 100.0
SIDE = 6


def grid_roads(side: int = SIDE, block_m: float = BLOCK_M) -> Roads:
    """A square grid of two-way streets with ``side`` x ``side`` nodes, node 0 in the south-west."""
    rows, columns = np.divmod(np.arange(side * side), side)
    east = np.flatnonzero(columns < side - 1)
    north = np.flatnonzero(rows < side - 1)
    begin = np.concatenate((east, north)).astype(np.int32)
    end = np.concatenate((east + 1, north + side)).astype(np.int32)
    links = 2 * len(begin)
    return Roads(
        node_x_m=columns * block_m,
        node_y_m=rows * block_m,
        link_from=np.concatenate((begin, end)),
        link_to=np.concatenate((end, begin)),
        length_m=np.full(links, block_m),
        free_speed_mps=np.full(links, 8.0),
        lanes=np.ones(links),
        capacity_vps=np.full(links, 0.4),
        car_allowed=np.ones(links, dtype=np.bool_),
        walk_allowed=np.ones(links, dtype=np.bool_),
        highway=("residential",) * links,
        is_synthetic=True,
    )


def shelter(number: int, node: int, roads: Roads, district: int = 0) -> Shelter:
    """A general shelter for 50 people at a node, suited to every hazard."""
    return Shelter(
        id=f"S{number}",
        name=f"第{number}体育館",
        kind=ShelterKind.GENERAL,
        x_m=float(roads.node_x_m[node]),
        y_m=float(roads.node_y_m[node]),
        node=node,
        address=f"試験町{number}番",
        district=district,
        capacity_persons=50,
        capacity_standard_persons=25,
        capacity_is_estimate=False,
        fitness=dict.fromkeys(Hazard, Fitness.SUITED),
    )


def tiny_town(people: int = 300, households: int = 130, weights: tuple[float, ...] = (0.5, 0.3, 0.2)) -> Town:
    """A town on a grid: two districts, one neighbourhood for each weight, two shelters."""
    roads = grid_roads(max(SIDE, math.isqrt(len(weights)) + 1))
    nodes = np.arange(roads.nodes, dtype=np.int32)
    of_node = (nodes % len(weights)).astype(np.int32)
    total = sum(weights)
    neighbourhoods = tuple(
        Neighbourhood(f"N{row}", f"試験{row}丁目", row % 2, 250.0, 250.0, 350.0, row, weight / total)
        for row, weight in enumerate(weights)
    )
    return Town(
        code="999997",
        name="試験町",
        name_en="Testville",
        projection=Projection(37.5, 139.9),
        districts=(District("D0", "東", "East", 400.0, 250.0), District("D1", "西", "West", 100.0, 250.0)),
        neighbourhoods=neighbourhoods,
        roads=roads,
        shelters=(shelter(0, 0, roads), shelter(1, roads.nodes - 1, roads, district=1)),
        office_node=roads.nodes // 2,
        exit_nodes=np.array([0], dtype=np.int32),
        home_nodes=nodes,
        home_neighbourhood=of_node,
        people=people,
        households=households,
    )


@st.composite
def towns(draw: st.DrawFn, max_people: int = 1500) -> Town:
    """Small towns with 1 to 8 neighbourhoods and 2.0 to 2.8 people for each household."""
    people = draw(st.integers(40, max_people))
    mean = draw(st.floats(2.0, 2.8))
    weights = draw(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=8))
    return tiny_town(people, round(people / mean), tuple(weights))


seeds = st.integers(0, 2**63 - 1)
