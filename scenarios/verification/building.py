"""Small networks and departures by hand, for the tests of movement."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.movement.network import Network
from agents.movement.simulate import Moved, TripTable, simulate

FloatArray = npt.NDArray[np.float64]
Got = dict[str, float]
"""What a test measured, by the keys of its expectations."""

FOOT, CAR = 0, 1
SPEED_MPS, WAVE_MPS, JAM_VPM, FLOW_VPS = 20.0, 5.0, 0.2, 0.8
"""The triangle of the closed forms: 0.8 vehicles/s at 0.04 vehicles/m. Source: UXsim, tests/test_verification_*."""

LATE_S = 1e6
_NO_LIMIT_VPS = 1e3


@dataclass(frozen=True, slots=True)
class Street:
    """One directed link; ``lanes`` multiplies capacity and jam density."""

    start: int
    end: int
    length_m: float = 1000.0
    capacity_vps: float = FLOW_VPS
    in_capacity_vps: float = _NO_LIMIT_VPS
    priority: float = 1.0
    lanes: float = 1.0
    width_m: float = 1000.0
    speed_mps: float = SPEED_MPS


def make_network(streets: Sequence[Street], *, turned_rad: float = 0.0) -> Network:
    """Nodes on a line 100 m apart, turned about the first; one link for each street."""
    nodes = 1 + max(max(one.start, one.end) for one in streets)
    along_m = 100.0 * np.arange(nodes)
    lanes = _column(streets, "lanes")
    return Network(
        node_x_m=along_m * np.cos(turned_rad),
        node_y_m=along_m * np.sin(turned_rad),
        link_from=np.array([one.start for one in streets], np.int32),
        link_to=np.array([one.end for one in streets], np.int32),
        length_m=_column(streets, "length_m"),
        free_speed_mps=_column(streets, "speed_mps"),
        capacity_vps=_column(streets, "capacity_vps") * lanes,
        in_capacity_vps=_column(streets, "in_capacity_vps") * lanes,
        jam_density_vpm=JAM_VPM * lanes,
        wave_speed_mps=np.full(len(streets), WAVE_MPS),
        merge_priority=_column(streets, "priority"),
        car_allowed=np.ones(len(streets), np.bool_),
        walk_allowed=np.ones(len(streets), np.bool_),
        walk_width_m=_column(streets, "width_m"),
        order=np.arange(len(streets), dtype=np.int64),
    )


def _column(streets: Sequence[Street], name: str) -> FloatArray:
    return np.array([getattr(one, name) for one in streets], np.float64)


def trips(
    origin: int, destination: int, departure_s: npt.ArrayLike, *, mode: int = CAR, speed_mps: npt.ArrayLike = 1.0
) -> TripTable:
    """Trips of one mode between two nodes, one for each departure."""
    departures = np.atleast_1d(np.asarray(departure_s, np.float64))
    rows = len(departures)
    return TripTable(
        origin_node=np.full(rows, origin, np.int32),
        destination_node=np.full(rows, destination, np.int32),
        departure_s=departures,
        mode=np.full(rows, mode, np.int8),
        speed_mps=np.broadcast_to(np.asarray(speed_mps, np.float64), rows).copy(),
    )


def walk(origin: int, destination: int, departure_s: npt.ArrayLike, speed_mps: npt.ArrayLike) -> TripTable:
    """Walkers between two nodes, one for each departure."""
    return trips(origin, destination, departure_s, mode=FOOT, speed_mps=speed_mps)


def evenly(rate_per_s: float, begin_s: float, end_s: float) -> FloatArray:
    """Departures at even headways, the first at the beginning."""
    return begin_s + np.arange(round(rate_per_s * (end_s - begin_s))) / rate_per_s


def together(*tables: TripTable) -> TripTable:
    """All trips of several tables, in their order."""
    return TripTable(
        origin_node=np.concatenate([one.origin_node for one in tables]),
        destination_node=np.concatenate([one.destination_node for one in tables]),
        departure_s=np.concatenate([one.departure_s for one in tables]),
        mode=np.concatenate([one.mode for one in tables]),
        speed_mps=np.concatenate([one.speed_mps for one in tables]),
    )


def travel_s(table: TripTable, moved: Moved) -> FloatArray:
    """Time from departure to arrival of each trip; NaN for who did not arrive."""
    return np.asarray(moved.arrival_s - table.departure_s)


def arrived(moved: Moved) -> int:
    """How many trips arrived."""
    return int(np.isfinite(moved.arrival_s).sum())


def counts_at(moved: Moved, counts: npt.NDArray[np.int64], time_s: float) -> npt.NDArray[np.int64]:
    """The row of cumulative counts at a time that was counted."""
    row: npt.NDArray[np.int64] = counts[int(np.argmin(np.abs(moved.count_time_s - time_s)))]
    return row


def flow_per_s(moved: Moved, counts: npt.NDArray[np.int64], begin_s: float, end_s: float) -> FloatArray:
    """Mean flow of each link between two times."""
    passed = counts_at(moved, counts, end_s) - counts_at(moved, counts, begin_s)
    return np.asarray(passed / (end_s - begin_s), np.float64)


__all__ = [
    "CAR", "FLOW_VPS", "FOOT", "JAM_VPM", "LATE_S", "SPEED_MPS", "WAVE_MPS", "FloatArray", "Got", "Moved", "Street",
    "TripTable", "arrived", "counts_at", "evenly", "flow_per_s", "make_network", "simulate", "together", "travel_s",
    "trips", "walk",
]  # fmt: skip
