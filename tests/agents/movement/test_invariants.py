"""What holds on every network: nobody is lost or too many, trees only gain by capacity, directions do not matter."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.movement.network import Network
from agents.movement.simulate import ARRIVED, MOVING, STRANDED, Moved, TripTable, simulate
from agents.movement.state import make_links, make_ways
from agents.movement.trips import CAR
from tests.agents.movement.networks import cases, trees

LATE_S = 50_000.0
QUICK = settings(max_examples=15)


def by_mode(trips: TripTable, moved: Moved, mode: int) -> tuple[np.ndarray, np.ndarray]:
    """Departures of one mode, and when each ended by arrival (inf if it did not)."""
    rows = (trips.mode == mode) & (moved.status != STRANDED)
    return trips.departure_s[rows], np.where(np.isnan(moved.arrival_s[rows]), np.inf, moved.arrival_s[rows])


@QUICK
@given(cases(), st.floats(1.0, 40.0))
def test_counts_never_fall_nor_turn_negative(case: tuple[Network, TripTable], every_s: float) -> None:
    """At every count, of cars and of walkers: no count falls, and nobody leaves a link who did not enter it."""
    network, trips = case
    moved = simulate(network, trips, until_s=400.0, count_every_s=every_s)
    for into, out in ((moved.entered, moved.left), (moved.walked_in, moved.walked_out)):
        assert (out[0] >= 0).all()
        assert (np.diff(into, axis=0) >= 0).all()
        assert (np.diff(out, axis=0) >= 0).all()
        assert (into >= out).all()


@QUICK
@given(trees(), st.floats(1.0, 40.0))
def test_on_a_tree_everybody_is_somewhere_at_every_count(case: tuple[Network, TripTable], every_s: float) -> None:
    """At every count, of cars and of walkers: those who departed wait at home, are on a link, or have arrived."""
    network, trips = case
    moved = simulate(network, trips, until_s=400.0, count_every_s=every_s)
    for mode, into, out in ((0, moved.walked_in, moved.walked_out), (CAR, moved.entered, moved.left)):
        departure_s, arrival_s = by_mode(trips, moved, mode)
        to_goal = network.link_to == 0
        for row, time_s in enumerate(moved.count_time_s):
            on_links = int((into[row] - out[row]).sum())
            passed_on = int(out[row][~to_goal].sum())
            set_out = int(into[row].sum()) - passed_on
            assert int(out[row][to_goal].sum()) == int((arrival_s < time_s).sum())
            assert on_links == set_out - int((arrival_s < time_s).sum())
            assert 0 <= set_out <= int((departure_s < time_s).sum())


@QUICK
@given(cases(), st.floats(1.0, 40.0))
def test_links_hold_no_more_than_their_room(case: tuple[Network, TripTable], every_s: float) -> None:
    """At every count no link holds more cars or walkers than the jam density allows."""
    network, trips = case
    moved = simulate(network, trips, until_s=400.0, count_every_s=every_s)
    assert ((moved.entered - moved.left) <= make_links(network)["storage"]).all()
    assert ((moved.walked_in - moved.walked_out) <= make_ways(network)["storage"]).all()


@QUICK
@given(cases())
def test_nobody_is_there_before_the_free_time(case: tuple[Network, TripTable]) -> None:
    """Each trip ends once; who arrives needs at least the distance at the greatest speed of any link, or the own."""
    network, trips = case
    moved = simulate(network, trips, until_s=LATE_S)
    assert set(moved.status.tolist()) <= {MOVING, ARRIVED, STRANDED}
    there = moved.status == ARRIVED
    speed_mps = np.where(trips.mode == CAR, network.free_speed_mps.max(), trips.speed_mps)
    took_s = (moved.arrival_s - trips.departure_s)[there]
    assert (took_s >= (moved.distance_m / speed_mps)[there] - 1e-6).all()


@QUICK
@given(trees(), st.data(), st.sampled_from([1.2, 2.0, 5.0]))
def test_on_a_tree_more_capacity_is_never_worse(
    case: tuple[Network, TripTable], data: st.DataObject, factor: float
) -> None:
    """More capacity of any link of a tree does not make the mean arrival of cars later."""
    network, trips = case
    link = data.draw(st.integers(0, network.links - 1))
    raised = np.where(np.arange(network.links) == link, factor, 1.0)
    # Merges stay as they were: what is changed is the capacity alone.
    wider = replace(
        network, capacity_vps=network.capacity_vps * raised, in_capacity_vps=network.in_capacity_vps * raised
    )
    cars = trips.mode == CAR
    before, after = (simulate(one, trips, until_s=LATE_S).arrival_s[cars] for one in (network, wider))
    assert after.sum() <= before.sum() + 1e-6 * max(1, cars.sum())


@QUICK
@given(trees(), st.data())
def test_on_a_tree_one_car_less_is_never_worse(case: tuple[Network, TripTable], data: st.DataObject) -> None:
    """Without one of the cars of a tree the mean arrival of the other cars is not later."""
    network, trips = case
    away = data.draw(st.integers(0, len(trips.mode) - 1))
    others = np.arange(len(trips.mode)) != away
    fewer = replace(
        trips,
        **{name: getattr(trips, name)[others] for name in ("origin_node", "destination_node", "departure_s")},
        mode=trips.mode[others],
        speed_mps=trips.speed_mps[others],
    )
    before = simulate(network, trips, until_s=LATE_S).arrival_s[others & (trips.mode == CAR)]
    after = simulate(network, fewer, until_s=LATE_S).arrival_s[fewer.mode == CAR]
    assert after.sum() <= before.sum() + 1e-6 * max(1, len(after))


@QUICK
@given(cases(), st.floats(-3.2, 3.2), st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)))
def test_turned_and_shifted_maps_change_nothing(
    case: tuple[Network, TripTable], angle_rad: float, shift_m: tuple[float, float]
) -> None:
    """On a map turned and shifted, with re-planning, everybody ends at the same time to the last bit."""
    network, trips = case
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    turned = replace(
        network,
        node_x_m=shift_m[0] + cos * network.node_x_m - sin * network.node_y_m,
        node_y_m=shift_m[1] + sin * network.node_x_m + cos * network.node_y_m,
    )
    one, other = (simulate(each, trips, until_s=LATE_S, reroute_s=30.0) for each in (network, turned))
    assert other.arrival_s.tobytes() == one.arrival_s.tobytes()
    assert (other.status == one.status).all()
