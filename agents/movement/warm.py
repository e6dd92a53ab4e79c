"""Fills numba's cache, so that the first run of a user need not wait for the compiler."""

import numpy as np

from agents.movement.engine import NetworkMovement
from agents.movement.network import Network
from agents.movement.trips import Trips


def compile_kernels() -> None:
    """Run every compiled function once on three nodes in a row, a walker and a car going from end to end."""
    links = np.arange(2, dtype=np.int32)
    movement = NetworkMovement(_row(links), np.array([2], dtype=np.int32))
    movement.depart(
        Trips(
            trip=np.arange(2, dtype=np.int32),
            origin_node=np.zeros(2, dtype=np.int32),
            destination=np.zeros(2, dtype=np.int32),
            mode=np.arange(2, dtype=np.int8),
            speed_mps=np.ones(2),
            departure_s=np.zeros(2),
        )
    )
    movement.advance(1.0)
    movement.set_factors(np.ones(2), np.ones(2))
    movement.close_links(links[1:])
    movement.open_links(links[1:])
    movement.replan()
    movement.give_up(links)
    movement.gridlocks()
    movement.positions(links)
    movement.distance_m(0, 0)
    movement.least_s(0, links[:1])
    movement.advance(1000.0)


def _row(links: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Network:
    capacity_vps = np.full(2, 0.5)
    return Network(
        node_x_m=np.array([0.0, 100.0, 200.0]),
        node_y_m=np.zeros(3),
        link_from=links,
        link_to=links + np.int32(1),
        length_m=np.full(2, 100.0),
        free_speed_mps=np.full(2, 10.0),
        capacity_vps=capacity_vps,
        in_capacity_vps=capacity_vps,
        jam_density_vpm=np.full(2, 0.1),
        wave_speed_mps=np.full(2, 5.0),
        merge_priority=np.ones(2),
        car_allowed=np.ones(2, dtype=np.bool_),
        walk_allowed=np.ones(2, dtype=np.bool_),
        walk_width_m=np.full(2, 2.0),
        order=np.arange(2),
    )
