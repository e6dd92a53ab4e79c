"""Fills numba's cache, so that the first run of a user need not wait for the compiler."""

import numpy as np

from agents.movement.engine import NetworkMovement
from agents.movement.trips import Conditions, Trips
from twin.roads import Roads


def compile_kernels() -> None:
    """Run every compiled function once on three nodes in a row, a walker and a car going from end to end."""
    links = np.arange(2, dtype=np.int32)
    roads = Roads(
        node_x_m=np.array([0.0, 100.0, 200.0]),
        node_y_m=np.zeros(3),
        link_from=links,
        link_to=links + np.int32(1),
        length_m=np.full(2, 100.0),
        free_speed_mps=np.full(2, 10.0),
        lanes=np.ones(2),
        capacity_vps=np.full(2, 0.5),
        car_allowed=np.ones(2, dtype=np.bool_),
        walk_allowed=np.ones(2, dtype=np.bool_),
        highway=("residential", "residential"),
    )
    movement = NetworkMovement(roads, np.array([2], dtype=np.int32), Conditions())
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
    movement.close_links(links[1:])
    movement.open_links(links[1:])
    movement.gridlocked_links()
    movement.distance_m(0, 0)
    movement.advance(1000.0)
