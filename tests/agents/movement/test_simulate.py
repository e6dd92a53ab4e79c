"""Movement alone: what rows, strangers and unused roads must not change, and what walkers' density does."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InvalidMovement
from agents.movement.crowding import CAPACITY_DENSITY_PPM2, CAPACITY_PPMS
from agents.movement.network import Network, network_of
from agents.movement.routes import Routes
from agents.movement.simulate import ARRIVED, MOVING, STRANDED, Change, Moved, TripTable, simulate
from agents.movement.trips import Conditions
from tests.agents.movement.networks import Link, Trip, cases, make_roads, table, textbook

LATE_S = 50_000.0
KM = (1000.0, 20.0)


def make_network(nodes: int, links: list[Link]) -> Network:
    """The textbook's triangle on links (from, to, length_m, speed_mps, capacity_vps)."""
    return network_of(make_roads(nodes, links), Conditions(), textbook())


def crowd(number: int, rate_ps: float, goal: int = 1, origin: int = 0, speed_mps: float = 1.34) -> list[Trip]:
    """Walkers at even headways from 0 s."""
    return [(origin, goal, 0, speed_mps, row / rate_ps) for row in range(number)]


def picked(trips: TripTable, rows: np.ndarray) -> TripTable:
    """Some trips in some order, each with its rank."""
    columns = {name: getattr(trips, name)[rows] for name in ("origin_node", "destination_node", "departure_s")}
    return TripTable(**columns, mode=trips.mode[rows], speed_mps=trips.speed_mps[rows], order=rows.astype(np.int64))


@given(cases(), st.data())
def test_rows_change_nothing(case: tuple[Network, TripTable], data: st.DataObject) -> None:
    """Nodes, links and trips listed in any other order, each with its rank, end to the last bit alike."""
    network, trips = case
    links = np.array(data.draw(st.permutations(range(network.links))))
    nodes = np.array(data.draw(st.permutations(range(network.nodes))))
    rows = np.array(data.draw(st.permutations(range(len(trips.mode)))), dtype=np.int64)
    number = np.argsort(nodes).astype(np.int32)
    other = network.picked(links)
    other = replace(
        other,
        node_x_m=network.node_x_m[nodes],
        node_y_m=network.node_y_m[nodes],
        link_from=number[other.link_from],
        link_to=number[other.link_to],
    )
    moved = picked(trips, rows)
    moved = replace(moved, origin_node=number[moved.origin_node], destination_node=number[moved.destination_node])
    expected = simulate(network, trips, until_s=LATE_S, reroute_s=30.0, informed_share=0.5)
    got = simulate(other, moved, until_s=LATE_S, reroute_s=30.0, informed_share=0.5)
    assert got.arrival_s.tobytes() == expected.arrival_s[rows].tobytes()
    assert got.distance_m.tobytes() == expected.distance_m[rows].tobytes()
    assert (got.entered == expected.entered[:, links]).all()
    assert (got.walked_out == expected.walked_out[:, links]).all()
    assert {frozenset(links[list(ring)].tolist()) for ring in got.gridlocks} == set(map(frozenset, expected.gridlocks))


@given(cases(), st.floats(0.0, 60.0))
def test_closing_unused_roads_changes_nothing(case: tuple[Network, TripTable], close_s: float) -> None:
    """Roads that nobody enters may close: every arrival stays the same to the last bit."""
    network, trips = case
    before = simulate(network, trips, until_s=LATE_S)
    unused = np.flatnonzero(before.entered[-1] + before.walked_in[-1] == 0).astype(np.int32)
    kept = before.status == ARRIVED
    after = simulate(network, trips, until_s=LATE_S, changes=[Change(unused, close_s, is_closed=True)])
    assert after.arrival_s[kept].tobytes() == before.arrival_s[kept].tobytes()


@given(cases(), st.data())
def test_a_stranger_changes_only_those_who_are_met(case: tuple[Network, TripTable], data: st.DataObject) -> None:
    """In a town without any road to the first, more travellers change nothing in the first, to the last bit."""
    network, trips = case
    rows = len(trips.mode)
    twice = {
        name: np.concatenate((getattr(network, name), getattr(network, name)))
        for name in Network.__dataclass_fields__
        if name not in {"link_from", "link_to", "order"}
    }
    town = Network(
        link_from=np.concatenate((network.link_from, network.link_from + np.int32(network.nodes))),
        link_to=np.concatenate((network.link_to, network.link_to + np.int32(network.nodes))),
        order=np.argsort(np.array(data.draw(st.permutations(range(2 * network.links)))), kind="stable"),
        **twice,
    )
    alone = simulate(town, trips, until_s=LATE_S)
    more = picked(trips, np.concatenate((np.arange(rows), np.arange(rows))))
    away = np.repeat(np.array([0, network.nodes], dtype=np.int32), rows)
    more = replace(
        more,
        origin_node=more.origin_node + away,
        destination_node=more.destination_node + away,
        order=np.arange(2 * rows),
    )
    both = simulate(town, more, until_s=LATE_S)
    assert both.arrival_s[:rows].tobytes() == alone.arrival_s.tobytes()


@given(cases(), st.floats(5.0, 200.0))
def test_trees_need_reach_only_who_follows_them(case: tuple[Network, TripTable], reroute_s: float) -> None:
    """Trees that end where nobody asks for more lead everybody as whole trees do, whatever closes meanwhile."""

    def grow_whole(self: Routes, trees: npt.NDArray[np.integer], _: object) -> None:
        self._grow_whole(trees)

    changes = [Change(np.zeros(1, dtype=np.int32), 11.0, 50.0, is_closed=True)]
    part = simulate(*case, until_s=1e4, changes=changes, reroute_s=reroute_s)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Routes, "_grow_parts", grow_whole)
        whole = simulate(*case, until_s=1e4, changes=changes, reroute_s=reroute_s)
    assert part.gridlocks == whole.gridlocks
    assert part.arrival_s.tobytes() == whole.arrival_s.tobytes()
    assert part.distance_m.tobytes() == whole.distance_m.tobytes()


@given(cases(), st.floats(0.5, 500.0))
def test_telling_progress_changes_nothing(case: tuple[Network, TripTable], until_s: float) -> None:
    """Progress is told in even shares up to the whole, and every result is the same to the last bit."""
    shares: list[float] = []
    changes = [Change(np.zeros(1, dtype=np.int32), 11.0, 20.0, 0.5)]
    quiet, told = (
        simulate(*case, until_s=until_s, changes=changes, reroute_s=30.0, count_every_s=7.0, progress=progress)
        for progress in (None, shares.append)
    )
    assert shares == [part / 40 for part in range(1, 41)]
    assert told.gridlocks == quiet.gridlocks
    for name in set(Moved.__dataclass_fields__) - {"gridlocks"}:
        assert np.asarray(getattr(told, name)).tobytes() == np.asarray(getattr(quiet, name)).tobytes()


@given(cases(), st.lists(st.floats(0.1, 3.0), min_size=2, max_size=2), st.floats(0.0, 60.0))
def test_everybody_is_counted_whatever_changes(
    case: tuple[Network, TripTable], factors: list[float], begin_s: float
) -> None:
    """Under any change of links counts never fall, nobody is lost, and links hold no more than their storage."""
    network, trips = case
    every = np.arange(network.links, dtype=np.int32)
    changes = [
        Change(every[::2], begin_s, begin_s + 40.0, factors[0], factors[1]),
        Change(every[:1], begin_s, begin_s + 20.0, is_closed=True),
    ]
    moved = simulate(network, trips, until_s=500.0, changes=changes, count_every_s=7.0)
    assert (np.diff(moved.entered, axis=0) >= 0).all()
    assert (np.diff(moved.walked_out, axis=0) >= 0).all()
    on_links = (moved.entered - moved.left + moved.walked_in - moved.walked_out)[-1].sum()
    assert (moved.status == MOVING).sum() == on_links + moved.queued
    assert np.isnan(moved.arrival_s[moved.status != ARRIVED]).all()


def test_out_in_and_next_capacity_make_the_same_queue() -> None:
    """K9: an exit, an entrance and a narrow next road of 0.4 vehicles/s give the same arrivals."""
    wide = make_network(3, [(0, 1, *KM, 0.8), (1, 2, *KM, 0.8)])
    trips = table([(0, 2, 1, 1.0, row / 0.8) for row in range(400)])
    narrow = np.array([0.4, 0.8])
    cases = (
        replace(wide, capacity_vps=narrow),
        replace(wide, in_capacity_vps=narrow[::-1].copy()),
        replace(wide, capacity_vps=narrow[::-1].copy(), in_capacity_vps=narrow[::-1].copy()),
    )
    ends_s = [simulate(network, trips, until_s=LATE_S).arrival_s for network in cases]
    assert ends_s[1] == pytest.approx(ends_s[0])
    assert ends_s[2] == pytest.approx(ends_s[0])
    assert ends_s[0][-1] == pytest.approx(100.0 + 399 / 0.4, rel=0.01)


@pytest.mark.parametrize(
    ("demand_vps", "out_vps", "priority", "flow_vps"),
    [
        ((0.6, 0.6), (0.8, 0.8), (3.0, 1.0), (0.6, 0.2)),
        ((0.7, 0.8), (0.7, 0.8), (3.0, 1.0), (0.6, 0.2)),
        ((0.2, 0.8), (0.8, 0.8), (3.0, 1.0), (0.2, 0.6)),
        ((0.8, 0.1), (0.8, 0.8), (1.0, 1.0), (0.7, 0.1)),
    ],
)
def test_merges_follow_priorities(
    demand_vps: tuple[float, float], out_vps: tuple[float, float], priority: tuple[float, float], flow_vps: object
) -> None:
    """K6: q1 = mid(D1, S - D2, p1 S) into 0.8 vehicles/s, whatever the priorities and the capacities before."""
    network = make_network(4, [(0, 2, *KM, out_vps[0]), (1, 2, *KM, out_vps[1]), (2, 3, *KM, 0.8)])
    network = replace(network, merge_priority=np.array([*priority, 1.0]))
    rows = [(road, 3, 1, 1.0, row / demand_vps[road]) for road in (0, 1) for row in range(int(2200 * demand_vps[road]))]
    moved = simulate(network, table(rows), until_s=2200.0, count_every_s=200.0)
    assert (moved.left[-1, :2] - moved.left[0, :2]) / 2000.0 == pytest.approx(flow_vps, rel=0.01)


def test_changes_hold_from_their_beginning_to_their_end() -> None:
    """Half the speed doubles the time of who enters meanwhile; half the capacity doubles headways meanwhile."""
    network = make_network(2, [(0, 1, *KM, 0.8)])
    trips = table([(0, 1, 1, 1.0, 100.0 * row) for row in range(4)])
    slow = Change(np.array([0], dtype=np.int32), 50.0, 250.0, speed_factor=0.5)
    travel_s = simulate(network, trips, until_s=LATE_S, changes=[slow]).arrival_s - trips.departure_s
    assert travel_s.tolist() == [50.0, 100.0, 100.0, 50.0]
    trips = table([(0, 1, 1, 1.0, row / 0.8) for row in range(1600)])
    narrow = Change(np.array([0], dtype=np.int32), 500.0, 1000.0, capacity_factor=0.5)
    moved = simulate(network, trips, until_s=1500.0, changes=[narrow], count_every_s=500.0)
    assert np.diff(moved.left[:, 0], prepend=0) == pytest.approx([0.8 * 450, 0.4 * 500, 0.8 * 500], abs=2)


@pytest.mark.parametrize("mode", [0, 1])
def test_capacity_comes_back_after_a_red(mode: int) -> None:
    """Next to no capacity for 45 s of every 90 s halves the flow, in each cycle and however headways lie."""
    number, whole = np.array([0], dtype=np.int32), 0.8 if mode else CAPACITY_PPMS
    network = replace(make_network(2, [(0, 1, *KM, 0.8)]), walk_width_m=np.array([1.0]))
    trips = table([(0, 1, mode, 1.34, 0.0)] * 4000)
    reds = [Change(number, begin_s, begin_s + 45.0, capacity_factor=1e-9) for begin_s in np.arange(45.0, 2000.0, 90.0)]
    moved = simulate(network, trips, until_s=1800.0, changes=reds, count_every_s=90.0)
    entered = (moved.entered + moved.walked_in)[:, 0]
    assert np.diff(entered) == pytest.approx(whole * 45.0, abs=1.0)
    assert entered[-1] == pytest.approx(whole * 900.0, abs=1.5)


@pytest.mark.parametrize("factor", [0.5, 2.0, 1e-9])
def test_a_headway_goes_on_in_proportion(factor: float) -> None:
    """K9: where 0.2 s of a headway of 1.25 s are left, a changed headway leaves the same share of itself."""
    wide = replace(make_network(2, [(0, 1, *KM, 4.0)]), jam_density_vpm=np.ones(1))
    trips = table([(0, 1, 1, 1.0, 0.0)] * 2)
    cases = (
        (1.05, replace(wide, in_capacity_vps=np.array([0.8]))),
        (51.05, replace(wide, capacity_vps=np.array([0.8]))),
    )
    for begin_s, network in cases:
        change = Change(np.array([0], dtype=np.int32), begin_s, begin_s + 0.05, capacity_factor=factor)
        arrival_s = simulate(network, trips, until_s=LATE_S, changes=[change]).arrival_s
        assert arrival_s[1] - arrival_s[0] == pytest.approx(1.25 + 0.05 * (1.0 - factor))


def test_gridlock_is_told_in_order_of_driving() -> None:
    """Three cars that wait for one another are one ring, from the link of lowest order on; they move no more."""
    ring = [(1, 2, 4.0, 10.0, 1.0), (0, 1, 4.0, 10.0, 1.0), (2, 0, 4.0, 10.0, 1.0)]
    moved = simulate(
        make_network(3, ring), table([(0, 2, 1, 1.0, 0.0), (1, 0, 1, 1.0, 0.0), (2, 1, 1, 1.0, 0.0)]), until_s=LATE_S
    )
    assert moved.gridlocks == ((0, 2, 1),)
    assert moved.status.tolist() == [MOVING] * 3


def test_the_informed_take_the_way_round() -> None:
    """Where a queue stands on the short way, informed cars go round it and the others stay."""
    links = [(0, 1, *KM, 0.8), (1, 2, 500.0, 20.0, 0.05), (1, 3, 400.0, 20.0, 0.8), (3, 2, 400.0, 20.0, 0.8)]
    trips = table([(0, 2, 1, 1.0, 2.0 * row) for row in range(600)])
    round_way = [
        int(simulate(make_network(4, links), trips, until_s=2000.0, reroute_s=60.0, informed_share=share).left[-1, 3])
        for share in (0.0, 0.5, 1.0)
    ]
    assert round_way[0] == 0
    assert 0 < round_way[1] < round_way[2]


def test_the_cut_off_are_stranded() -> None:
    """K13: without a way everybody who was to go is counted as stranded, and the distance is that gone so far."""
    network = make_network(3, [(0, 1, *KM, 0.8), (1, 2, *KM, 0.8)])
    trips = table([(0, 2, mode, 1.0, 0.0) for mode in (0, 1)])
    moved = simulate(
        network, trips, until_s=LATE_S, changes=[Change(np.array([1], dtype=np.int32), 10.0, is_closed=True)]
    )
    assert moved.status.tolist() == [STRANDED] * 2
    assert moved.distance_m.tolist() == [1000.0] * 2


def narrow_path(*links: tuple[int, int, float, float]) -> Network:
    """Links (from, to, length_m, width_m) for walkers."""
    nodes = 1 + max(max(link[:2]) for link in links)
    network = make_network(nodes, [(*link[:3], 10.0, 1.0) for link in links])
    return replace(network, walk_width_m=np.array([link[3] for link in links]))


def flow_ppms(moved: Moved, begin: int) -> float:
    """Walkers that left the first link per second, from one count on."""
    return float((moved.walked_out[-1, 0] - moved.walked_out[begin, 0]) / np.ptp(moved.count_time_s[begin:]))


def test_a_path_carries_its_capacity() -> None:
    """More than enough walkers pass a metre of width at 1.225 persons/s for as long as they come, near 1.75 a m2."""
    moved = simulate(narrow_path((0, 1, 100.0, 1.0)), table(crowd(3000, 3.0)), until_s=2000.0, count_every_s=500.0)
    assert flow_ppms(moved, 0) == pytest.approx(CAPACITY_PPMS, rel=0.01)
    assert pytest.approx((1.225, 1.75), rel=0.002) == (CAPACITY_PPMS, CAPACITY_DENSITY_PPM2)
    assert moved.walked_in[-1, 0] - moved.walked_out[-1, 0] == pytest.approx(175, rel=0.1)


def weidmann_ppms(density_ppm2: float) -> float:
    """Flow over a metre of width at a density."""
    return density_ppm2 * 1.34 * (1.0 - np.exp(-1.913 * (1.0 / density_ppm2 - 1.0 / 5.4)))


def test_the_informed_leave_by_the_farther_door() -> None:
    """Who waits in a room for its near door turns to the farther one if informed, and only then; all are out sooner."""
    doors = narrow_path((0, 1, 5.0, 1.0), (1, 3, 10.0, 2.0), (0, 2, 20.0, 1.0), (2, 3, 10.0, 2.0))
    trips = table([(0, 3, 0, 1.34, 0.0)] * 300)
    runs = {share: simulate(doors, trips, until_s=LATE_S, reroute_s=10.0, informed_share=share) for share in (0.0, 0.5)}
    without = simulate(doors, trips, until_s=LATE_S)
    assert without.arrival_s.tobytes() == runs[0.0].arrival_s.tobytes()
    assert without.walked_in[-1].tolist() == [300, 300, 0, 0]
    assert 50 < runs[0.5].walked_in[-1, 2] < 250
    assert runs[0.5].arrival_s.max() < 0.75 * without.arrival_s.max()
    empty = simulate(doors, picked(trips, np.arange(1)), until_s=LATE_S, reroute_s=1.0)
    assert empty.arrival_s[0] == pytest.approx(15.0 / 1.34)


@pytest.mark.parametrize("width_m", [0.9, 0.5, 0.2])
def test_a_crowd_behind_a_narrow_way_is_dense(width_m: float) -> None:
    """Before a narrow way the crowd has the density at which Weidmann's flow is what the narrow way lets through."""
    path = narrow_path((0, 1, 200.0, 1.0), (1, 2, 20.0, width_m))
    moved = simulate(path, table(crowd(9000, 3.0, goal=2)), until_s=6000.0, count_every_s=500.0)
    density_ppm2 = (moved.walked_in[-1, 0] - moved.walked_out[-1, 0]) / 200.0
    assert flow_ppms(moved, 8) == pytest.approx(CAPACITY_PPMS * width_m, rel=0.01)
    assert density_ppm2 > CAPACITY_DENSITY_PPM2
    assert weidmann_ppms(density_ppm2) == pytest.approx(CAPACITY_PPMS * width_m, rel=0.02)


def test_a_crowd_stands_before_a_slow_way_and_not_on_it() -> None:
    """Where walkers go at half their speed, Weidmann's flow is halved at each density: the jam is before that way.

    The slow way is filled no further than to the density of capacity, and its outflow is half of a way's as built.
    """
    ways = [(0, 1, 50.0, 10.0, 1.0), (1, 2, 50.0, 10.0, 1.0)]
    slow = Change(np.array([1], dtype=np.int32), 0.0, speed_factor=0.5)
    moved = simulate(
        make_network(3, ways), table(crowd(3000, 1e6, goal=2)), until_s=2200.0, changes=[slow], count_every_s=100.0
    )
    walking = moved.walked_in - moved.walked_out
    width_m = 2.0
    assert walking[-2, 1] / (50.0 * width_m) < 1.02 * CAPACITY_DENSITY_PPM2
    assert walking[-2, 0] / (50.0 * width_m) > 1.5 * CAPACITY_DENSITY_PPM2
    flow_ps = (moved.walked_out[-2, 1] - moved.walked_out[-12, 1]) / 1000.0
    assert flow_ps == pytest.approx(0.5 * CAPACITY_PPMS * width_m, rel=0.01)


def test_sparse_walkers_pass_one_another_freely() -> None:
    """On a wide road own speeds hold to the last bit."""
    trips = table([(0, 1, 0, speed_mps, 5.0 * row) for row, speed_mps in enumerate((0.5, 1.0, 1.5, 2.0))])
    moved = simulate(narrow_path((0, 1, 90.0, 3.0)), trips, until_s=LATE_S)
    assert moved.arrival_s.tolist() == (trips.departure_s + 90.0 / trips.speed_mps).tolist()


def test_the_shortest_path_takes_one_walker_at_full_speed() -> None:
    """A path of half a metre slows nobody who is alone."""
    moved = simulate(narrow_path((0, 1, 0.5, 0.5)), table([(0, 1, 0, 1.0, 0.0)]), until_s=10.0)
    assert moved.arrival_s.tolist() == [0.5]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (Change(np.array([7], dtype=np.int32), 0.0), "link 7"),
        (Change(np.array([0], dtype=np.int32), 0.0, capacity_factor=0.0), "capacity_factor"),
        (Change(np.array([0], dtype=np.int32), 0.0, speed_factor=-1.0), "speed_factor"),
        (Change(np.array([0], dtype=np.int32), 5.0, 5.0), "ends at 5"),
    ],
)
def test_bad_changes_are_refused(change: Change, fault: str) -> None:
    """The message names what is wrong."""
    with pytest.raises(InvalidMovement, match=fault):
        simulate(make_network(2, [(0, 1, *KM, 0.8)]), table([(0, 1, 1, 1.0, 0.0)]), until_s=1.0, changes=[change])


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ((9, 1, 1, 1.0, 900.0), "origin_node"),
        ((0, 9, 1, 1.0, 900.0), "destinations"),
        ((0, 1, 2, 1.0, 900.0), "mode"),
        ((0, 1, 0, np.nan, 900.0), "speed_mps"),
        ((0, 1, 1, 1.0, -1.0), "departure_s"),
        ((0, 1, 1, 1.0, np.inf), "departure_s"),
    ],
)
def test_bad_trips_are_refused_before_anybody_moves(row: Trip, fault: str) -> None:
    """Also those that would depart after the first planning of routes; the message names the column and the row."""
    told: list[float] = []
    trips = table([(0, 1, 1, 1.0, 0.0), row])
    with pytest.raises(InvalidMovement, match=fault):
        simulate(make_network(2, [(0, 1, *KM, 0.8)]), trips, until_s=LATE_S, reroute_s=60.0, progress=told.append)
    assert told == []


def test_many_events_at_one_moment_are_as_exact_as_few() -> None:
    """A hundred cars and walkers on ways of their own, all at once (memory is asked ahead), move as each alone."""
    ways = [link for way in range(0, 300, 3) for link in ((way, way + 1, *KM, 0.8), (way + 1, way + 2, *KM, 0.8))]
    trips = table([(way, way + 2, mode, 2.0, 0.0) for way in range(0, 300, 3) for mode in (0, 1)])
    moved = simulate(make_network(300, ways), trips, until_s=LATE_S)
    assert moved.arrival_s.tolist() == [1000.0, 100.0] * 100
    assert moved.entered.tolist() == [[1] * 200]
