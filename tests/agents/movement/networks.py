"""Small roads and trips by hand, and strategies of them."""

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from agents.movement.engine import NetworkMovement
from agents.movement.network import Network, network_of
from agents.movement.simulate import TripTable
from agents.movement.trips import CAR, Arrivals, Conditions, Movement, Trips
from twin.parameters import Parameters, load_parameters
from twin.roads import Roads

Link = tuple[int, int, float, float, float]
Trip = tuple[int, int, int, float, float]


def textbook() -> Parameters:
    """The triangle of the closed forms: jam density 0.2 vehicles/m and backward wave 5 m/s."""
    changed = {"cars.jam_density_vpm": 0.2, "cars.backward_wave_mps": 5.0}
    return load_parameters("agents", "movement.toml").with_overrides(changed)


def make_roads(nodes: int, links: Sequence[Link]) -> Roads:
    """Nodes at (100 m times their row, 0) and links (from, to, length_m, speed_mps, capacity_vps) of one lane."""
    columns = list(zip(*links, strict=True))
    return Roads(
        node_x_m=100.0 * np.arange(nodes),
        node_y_m=np.zeros(nodes),
        link_from=np.array(columns[0], dtype=np.int32),
        link_to=np.array(columns[1], dtype=np.int32),
        length_m=np.array(columns[2], dtype=np.float64),
        free_speed_mps=np.array(columns[3], dtype=np.float64),
        lanes=np.ones(len(links)),
        capacity_vps=np.array(columns[4], dtype=np.float64),
        car_allowed=np.ones(len(links), dtype=np.bool_),
        walk_allowed=np.ones(len(links), dtype=np.bool_),
        highway=("residential",) * len(links),
    )


def make_trips(rows: Sequence[Trip], ids: Sequence[int] | None = None) -> Trips:
    """Trips (origin, destination, mode, speed_mps, departure_s), numbered as they come unless ids are given."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return Trips(
        trip=np.array(range(len(rows)) if ids is None else ids, dtype=np.int32),
        origin_node=np.array(columns[0], dtype=np.int32),
        destination=np.array(columns[1], dtype=np.int32),
        mode=np.array(columns[2], dtype=np.int8),
        speed_mps=np.array(columns[3], dtype=np.float64),
        departure_s=np.array(columns[4], dtype=np.float64),
    )


def make_movement(roads: Roads, destinations: Sequence[int]) -> NetworkMovement:
    """Movement in fair weather with the textbook's triangle."""
    return NetworkMovement(roads, np.array(destinations, dtype=np.int32), Conditions(), textbook())


def cars(origin: int, destination: int, rate_vps: float, duration_s: float) -> list[Trip]:
    """Cars at even headways from 0 s."""
    return [(origin, destination, 1, 1.0, number / rate_vps) for number in range(round(rate_vps * duration_s))]


def rows_of(arrivals: Arrivals) -> list[tuple[int, float, int, bool]]:
    """Arrivals as rows (trip, time_s, node, stranded)."""
    columns = (arrivals.trip, arrivals.time_s, arrivals.node, arrivals.stranded)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def advance_all(movement: Movement, ends_s: Sequence[float]) -> list[tuple[int, float, int, bool]]:
    """Rows of all arrivals while time passes in windows that end at ``ends_s``."""
    return [row for end_s in ends_s for row in rows_of(movement.advance(end_s))]


@st.composite
def networks(draw: st.DrawFn) -> Roads:
    """Up to 6 nodes with short and narrow links between any two, some nodes cut off: queues, spillback, rings."""
    nodes = draw(st.integers(2, 6))
    ends = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] != pair[1])
    pairs = draw(st.lists(ends, min_size=1, max_size=14, unique=True))
    quality = st.tuples(st.sampled_from([8.0, 10.0, 35.0]), st.sampled_from([5.0, 10.0]), st.sampled_from([0.1, 0.5]))
    return make_roads(nodes, [(*pair, *draw(quality)) for pair in pairs])


@st.composite
def journeys(draw: st.DrawFn, nodes: int) -> list[Trip]:
    """Up to 40 trips, half of them at equal times, to any node as the destination of the same row."""
    place = st.integers(0, nodes - 1)
    speed_mps = st.sampled_from([0.5, 1.0, 1.3])
    departure_s = st.sampled_from([0.0, 10.0, 20.0]) | st.floats(0.0, 60.0)
    return draw(st.lists(st.tuples(place, place, st.integers(0, 1), speed_mps, departure_s), max_size=40))


def table(rows: list[Trip]) -> TripTable:
    """Trips (origin, destination, mode, speed_mps, departure_s)."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return TripTable(
        origin_node=np.array(columns[0], dtype=np.int32),
        destination_node=np.array(columns[1], dtype=np.int32),
        mode=np.array(columns[2], dtype=np.int8),
        speed_mps=np.array(columns[3], dtype=np.float64),
        departure_s=np.array(columns[4], dtype=np.float64),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[Network, TripTable]:
    """A network and trips on it."""
    roads = draw(networks())
    return network_of(roads, Conditions(), textbook()), table(draw(journeys(roads.nodes)))


@st.composite
def trees(draw: st.DrawFn) -> tuple[Network, TripTable]:
    """A tree of roads to node 0, each from a node to one of lower number, and cars and walkers from its nodes to it."""
    nodes = draw(st.integers(2, 7))
    links: list[Link] = [
        (
            node,
            draw(st.integers(0, node - 1)),
            draw(st.sampled_from([35.0, 150.0, 400.0])),
            10.0,
            draw(st.sampled_from([0.1, 0.25, 0.5])),
        )
        for node in range(1, nodes)
    ]
    modes = st.sampled_from([0, CAR, CAR])
    trip = st.tuples(st.integers(1, nodes - 1), st.just(0), modes, st.just(1.3), st.floats(0.0, 120.0))
    return network_of(make_roads(nodes, links), Conditions(), textbook()), table(
        draw(st.lists(trip, min_size=1, max_size=60))
    )
