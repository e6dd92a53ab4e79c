"""Queues of cars against closed forms; K numbers are those of the textbook set used here.

Free speed 20 m/s, jam density 0.2 vehicles/m, backward wave 5 m/s: capacity 0.8 vehicles/s at 0.04 vehicles/m.
"""

import numpy as np
import pytest

from agents.movement.engine import NetworkMovement
from tests.agents.movement.networks import Trip, advance_all, cars, make_movement, make_roads, make_trips

KM = (1000.0, 20.0)
FULL_VPS = 0.8
TOLERANCE = 0.01


def run_cars(movement: NetworkMovement, journey: list[Trip], until_s: float = 1e6) -> np.ndarray:
    """Travel time in seconds of each car that ended by ``until_s``, from its departure, by arrival."""
    movement.depart(make_trips(journey))
    return np.array([time_s - journey[trip][4] for trip, time_s, _, _ in advance_all(movement, [until_s])])


def one_km(capacity_vps: float = FULL_VPS) -> NetworkMovement:
    """One link of 1 km."""
    return make_movement(make_roads(2, [(0, 1, *KM, capacity_vps)]), [1])


def test_k1_free_flow() -> None:
    """Below capacity every car takes 50 s; 0.5 vehicles/s keep 0.025 vehicles/m."""
    movement = one_km()
    movement.depart(make_trips(cars(0, 0, 0.5, 500.0)))
    movement.advance(300.0)
    assert movement.world.links["occupancy"][0] == 25
    assert run_cars(one_km(), cars(0, 0, 0.5, 500.0)).tolist() == [50.0] * 250


def test_k2_capacity_and_k14_vertical_queue() -> None:
    """Demand of 2 vehicles/s: 0.8 vehicles/s pass at 0.04 vehicles/m; after 500 s 360 are through and 600 wait."""
    movement = one_km()
    done = run_cars(movement, cars(0, 0, 2.0, 500.0), 500.0)
    entered = int(movement.world.links["entered"][0])
    assert len(done) == pytest.approx(360, rel=TOLERANCE)
    assert movement.world.links["occupancy"][0] == pytest.approx(40, rel=TOLERANCE)
    assert 1000 - entered == pytest.approx(600, rel=TOLERANCE)


@pytest.mark.parametrize("approach", [False, True])
def test_k3_bottleneck(*, approach: bool) -> None:
    """0.8 vehicles/s for 600 s against 0.5: mean delay 180 s, clear at 960 s, at a home as on an approach road."""
    links = [(0, 1, *KM, FULL_VPS), (1, 2, *KM, 0.5)] if approach else [(0, 2, *KM, 0.5)]
    journey = cars(0, 0, 0.8, 600.0)
    times_s = run_cars(make_movement(make_roads(3, links), [2]), journey)
    free_s = 50.0 * len(links)
    assert len(times_s) == 480
    assert times_s.mean() - free_s == pytest.approx(180.0, rel=TOLERANCE)
    assert journey[-1][4] + times_s[-1] - free_s == pytest.approx(960.0, rel=TOLERANCE)


@pytest.mark.parametrize(("arrivals_vps", "tail_s"), [(0.8, 200.0), (0.6, 450.0)])
def test_k5_spillback(arrivals_vps: float, tail_s: float) -> None:
    """Behind an exit of 0.4 the queue's tail runs back at 5 or 2.222 m/s and the link fills to 0.12 vehicles/m."""
    movement = make_movement(make_roads(3, [(0, 1, *KM, FULL_VPS), (1, 2, *KM, 0.4)]), [2])
    movement.depart(make_trips(cars(0, 0, arrivals_vps, 2000.0)))
    entered = {}
    for until_s in (50.0 + tail_s, 250.0 + tail_s, 1050.0 + tail_s):
        movement.advance(until_s)
        entered[until_s - 50.0 - tail_s] = int(movement.world.links["entered"][0])
    assert entered[0.0] == pytest.approx(arrivals_vps * (50.0 + tail_s), rel=TOLERANCE)
    assert entered[200.0] - entered[0.0] == pytest.approx(0.4 * 200.0, rel=TOLERANCE, abs=1)
    assert entered[1000.0] - entered[200.0] == pytest.approx(0.4 * 800.0, rel=TOLERANCE)
    assert movement.world.links["occupancy"][0] == pytest.approx(120, rel=TOLERANCE)


@pytest.mark.parametrize(("demand_vps", "flow_vps"), [((0.6, 0.6), (0.4, 0.4)), ((0.3, 0.6), (0.3, 0.5))])
def test_k6_merge(demand_vps: tuple[float, float], flow_vps: tuple[float, float]) -> None:
    """Two roads share 0.8 vehicles/s evenly; what one does not use passes to the other."""
    links = [(0, 2, *KM, FULL_VPS), (1, 2, *KM, FULL_VPS), (2, 3, *KM, FULL_VPS)]
    movement = make_movement(make_roads(4, links), [3])
    journey = [*cars(0, 0, demand_vps[0], 1200.0), *cars(1, 0, demand_vps[1], 1200.0)]
    movement.depart(make_trips(journey))
    movement.advance(200.0)
    before = movement.world.links["left"][:2].copy()
    movement.advance(1200.0)
    flows = (movement.world.links["left"][:2] - before) / 1000.0
    assert flows == pytest.approx(flow_vps, rel=TOLERANCE)


def test_k7_diverge() -> None:
    """A branch cut to 0.2 vehicles/s holds back those who want the free branch: 0.2 and 0.1333 pass."""
    links = [(0, 1, *KM, FULL_VPS), (1, 2, *KM, 0.2), (1, 3, *KM, FULL_VPS)]
    movement = make_movement(make_roads(4, links), [2, 3])
    pattern = (0, 1, 0, 1, 0)
    movement.depart(make_trips([(0, pattern[number % 5], 1, 1.0, number / 0.5) for number in range(1500)]))
    movement.advance(500.0)
    before = movement.world.links["entered"][1:].copy()
    movement.advance(2500.0)
    flows = (movement.world.links["entered"][1:] - before) / 2000.0
    assert flows == pytest.approx((0.2, 0.2 * 2.0 / 3.0), rel=TOLERANCE)


def test_k13_no_way() -> None:
    """In a cut network nobody arrives, everybody is counted as stranded, and the run ends."""
    movement = make_movement(make_roads(3, [(0, 1, *KM, FULL_VPS)]), [2])
    movement.depart(make_trips(cars(0, 0, 0.5, 100.0)))
    ends = advance_all(movement, [1e6])
    assert [(node, stranded) for _, _, node, stranded in ends] == [(0, True)] * 50
    assert len(movement.under_way()) == 0


def test_a_jam_clears_by_the_backward_wave() -> None:
    """Once a jam's exit opens, cars leave at capacity, and enter at capacity only once the wave has run back."""
    movement = make_movement(
        make_roads(4, [(0, 1, *KM, FULL_VPS), (1, 2, *KM, 0.4), (1, 3, *KM, FULL_VPS), (3, 2, 1, 20, 9)]), [2]
    )
    movement.close_links(np.array([2], dtype=np.int32))
    movement.depart(make_trips(cars(0, 0, 0.8, 800.0)))
    movement.advance(400.0)
    movement.open_links(np.array([2], dtype=np.int32))
    movement.close_links(np.array([1], dtype=np.int32))
    left = int(movement.world.links["left"][0])
    entered = int(movement.world.links["entered"][0])
    movement.advance(500.0)
    assert movement.world.links["left"][0] - left == pytest.approx(0.8 * 100.0, rel=TOLERANCE, abs=1)
    # The wave needs 200 s to the entrance: until then cars enter at 0.4 vehicles/s, then at 0.8.
    assert movement.world.links["entered"][0] - entered == pytest.approx(0.4 * 100.0, rel=TOLERANCE, abs=1)
    movement.advance(600.0)
    before = int(movement.world.links["entered"][0])
    movement.advance(640.0)
    assert movement.world.links["entered"][0] - before == pytest.approx(0.8 * 40.0, rel=TOLERANCE, abs=1)
