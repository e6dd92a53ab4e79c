"""The workloads of the benchmark: networks and trips as plain arrays, the same to the bit wherever they are made.

A workload is what every simulator gets. ``named("city")`` is that of issue 5: 10,000 nodes, 25,000 links, 60 shelters,
33,203 cars and 35,515 walkers (111,003 people) that leave over two hours; the other names are in ``CASES``.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from movement_bench.streets import grid_streets, town_streets
from twin.parameters import load_parameters
from twin.randomness import Stream
from twin.roads import Roads

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]

NODES, LINKS, SHELTERS, CARS, WALKERS = 10_000, 25_000, 60, 33_203, 35_515
UNTIL_S = 6 * 3600.0
FOOT, CAR = 0, 1

_LEAVE_S = 2 * 3600.0
_EDGE_OF_CURVE = 0.01
"""Share of the logistic curve before the first and after the last departure; the curve is cut there."""
_CHOICE = 16
"""Cars go to one of so many nearest shelters: 1.8 km of way on average; people drove 2,431 m in 2011 (MLIT)."""
_WALK_MPS, _WALK_CV = 1.0, 0.2
"""Speed of walkers, "1.0 general" (Miyagi guideline); its spread is confidence C."""
_WALK_WIDTH_M = 2.0
"""Width that walkers have on a street in one direction. Confidence C."""


@dataclass(frozen=True)
class Workload:
    """A network (one row a node or link; values of whole links) and trips (one row each).

    The names are those of ``agents.movement.network.Network`` and ``agents.movement.simulate.TripTable``.
    """

    node_x_m: FloatArray
    node_y_m: FloatArray
    link_from: Int32Array
    link_to: Int32Array
    length_m: FloatArray
    free_speed_mps: FloatArray
    lanes: FloatArray
    capacity_vps: FloatArray
    jam_density_vpm: FloatArray
    wave_speed_mps: FloatArray
    walk_width_m: FloatArray
    origin_node: Int32Array
    destination_node: Int32Array
    departure_s: FloatArray
    mode: npt.NDArray[np.int8]
    speed_mps: FloatArray

    @property
    def trips(self) -> int:
        """Number of trips."""
        return len(self.mode)

    def save(self, path: Path) -> None:
        """Write all arrays, for simulators that run in another environment."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @staticmethod
    def load(path: Path) -> "Workload":
        """What ``save`` wrote."""
        with np.load(path) as arrays:
            return Workload(**dict(arrays))


def city(*, ninefold: bool = False, people: float = 1.0, capacity: float = 1.0) -> Workload:
    """The whole city.

    ``ninefold`` makes network, shelters and people nine times as many. ``people`` multiplies the trips on the same
    network, and with them flow and storage of links. ``capacity`` multiplies the flow alone.
    """
    size = 9 if ninefold else 1
    stream = Stream(5)
    roads, shelters = town_streets(size * NODES, size * LINKS, size * SHELTERS, stream)
    return _workload(roads, shelters, (round(size * people * CARS), round(size * people * WALKERS)), people, capacity)


def part_of(whole: Workload, people: int) -> Workload:
    """The trips of about so many people (of 111,003) on the whole network: every n-th."""
    step = max(1, round(111_003 / people))
    trips = ("origin_node", "destination_node", "departure_s", "mode", "speed_mps")
    return replace(whole, **{name: np.ascontiguousarray(getattr(whole, name)[::step]) for name in trips})


def grid(side: int, cars: int) -> Workload:
    """A square grid of 500 m blocks: cars from anywhere to anywhere, over two hours.

    Links have UXsim's defaults: 20 m/s, jam density 0.2 vehicles/m, reaction time 1 s (so a wave of 5 m/s, 0.8/s).
    """
    stream, trip = Stream(7), np.arange(cars)
    roads = grid_streets(side, block_m=500.0)
    origin = stream.below("bench.origin", trip, roads.nodes)
    # A destination that is not the origin.
    goal = (origin + 1 + stream.below("bench.goal", trip, roads.nodes - 1)) % roads.nodes
    links = np.ones(roads.links)
    return Workload(
        **_network(roads, people=1.0, capacity=1.0)
        | {"free_speed_mps": 20.0 * links, "jam_density_vpm": 0.2 * links, "wave_speed_mps": 5.0 * links}
        | {"capacity_vps": 0.8 * links, "lanes": links},
        origin_node=origin.astype(np.int32),
        destination_node=goal.astype(np.int32),
        departure_s=np.sort(stream.uniform("bench.leave", trip)) * _LEAVE_S,
        mode=np.full(cars, CAR, dtype=np.int8),
        speed_mps=np.ones(cars),
    )


CASES: dict[str, Callable[[], Workload]] = {
    "city": city,
    "halved": lambda: city(capacity=0.5),
    "million": lambda: city(people=1_000_000 / 111_003),
    "ninefold": lambda: city(ninefold=True),
    "thousand": lambda: part_of(city(), 1_000),
    "grid121": lambda: grid(11, 60_000),
    "grid900": lambda: grid(30, 60_000),
    "grid3025": lambda: grid(55, 60_000),
}
"""Workloads by name."""


def named(name: str, folder: Path) -> Path:
    """The file of a workload in a folder; it is made there when it is not yet."""
    path = folder / f"{name}.npz"
    if not path.is_file():
        CASES[name]().save(path)
    return path


def _workload(
    roads: Roads, shelters: npt.NDArray[np.int64], trips: tuple[int, int], people: float, capacity: float
) -> Workload:
    cars, walkers = trips
    stream, trip = Stream(6), np.arange(cars + walkers)
    # Cars and walkers mixed, in the order in which they leave.
    mode = (stream.uniform("bench.mode", trip).argsort(kind="stable") < cars).astype(np.int8)
    origin = stream.below("bench.origin", trip, roads.nodes)
    goal = np.where(mode == CAR, _any_near(roads, shelters, origin, stream), _nearest(roads, shelters, origin, 1)[:, 0])
    share = _EDGE_OF_CURVE + (1.0 - 2.0 * _EDGE_OF_CURVE) * stream.uniform("bench.leave", trip)
    curve = np.log(share / (1.0 - share)) / np.log((1.0 - _EDGE_OF_CURVE) / _EDGE_OF_CURVE)
    return Workload(
        **_network(roads, people=people, capacity=capacity),
        origin_node=origin.astype(np.int32),
        destination_node=goal.astype(np.int32),
        departure_s=0.5 * _LEAVE_S * (1.0 + np.sort(curve)),
        mode=mode,
        speed_mps=stream.lognormal("bench.speed", trip, mean=_WALK_MPS, cv=_WALK_CV),
    )


def _network(roads: Roads, *, people: float, capacity: float) -> dict[str, Any]:
    parameters = load_parameters("agents", "movement.toml")
    return {
        "node_x_m": roads.node_x_m,
        "node_y_m": roads.node_y_m,
        "link_from": roads.link_from,
        "link_to": roads.link_to,
        "length_m": roads.length_m,
        "free_speed_mps": roads.free_speed_mps,
        "lanes": roads.lanes * people,
        "capacity_vps": roads.capacity_vps * people * capacity,
        "jam_density_vpm": roads.lanes * people * parameters.number("cars.jam_density_vpm"),
        "wave_speed_mps": np.full(roads.links, parameters.number("cars.backward_wave_mps")),
        "walk_width_m": np.full(roads.links, _WALK_WIDTH_M * people),
    }


def _any_near(
    roads: Roads, shelters: npt.NDArray[np.int64], origin: npt.NDArray[np.int64], stream: Stream
) -> npt.NDArray[np.int64]:
    """One of the nearest shelters, each as likely."""
    near = _nearest(roads, shelters, origin, min(_CHOICE, len(shelters)))
    rows = np.arange(len(origin))
    chosen: npt.NDArray[np.int64] = near[rows, stream.below("bench.choice", rows, near.shape[1])]
    return chosen


def _nearest(
    roads: Roads, shelters: npt.NDArray[np.int64], origin: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.int64]:
    places = np.column_stack((roads.node_x_m, roads.node_y_m))
    near = cKDTree(places[shelters]).query(places, k=np.arange(1, count + 1))[1]
    rows: npt.NDArray[np.int64] = np.asarray(near, dtype=np.int64)
    return shelters[rows][origin]
