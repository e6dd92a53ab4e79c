"""Movement: what holds for every network, and what its calls promise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InvalidMovement
from agents.movement.engine import NetworkMovement
from agents.movement.trips import CAR, Conditions
from tests.agents.movement.networks import (
    Trip,
    advance_all,
    journeys,
    make_movement,
    make_roads,
    make_trips,
    networks,
    rows_of,
)
from twin.roads import Roads

LATE_S = 100_000.0
ROW = [(0, 1, 100.0, 10.0, 0.5), (1, 2, 100.0, 10.0, 0.5)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Roads, list[Trip]]:
    """A network and trips on it."""
    roads = draw(networks())
    return roads, draw(journeys(roads.nodes))


def movement_of(roads: Roads) -> NetworkMovement:
    """Movement with every node as a destination."""
    return make_movement(roads, range(roads.nodes))


@given(cases(), st.lists(st.floats(0.0, 200.0), max_size=12))
def test_windows_change_nothing(case: tuple[Roads, list[Trip]], ends_s: list[float]) -> None:
    """One long window and any others give the same arrivals, whether trips are given at once or just in time."""
    roads, journey = case
    whole, cut = movement_of(roads), movement_of(roads)
    whole.depart(make_trips(journey))
    expected = advance_all(whole, [LATE_S])
    got, given_ids = [], set()
    for end_s in [*sorted(ends_s), LATE_S]:
        due = [row for row, trip in enumerate(journey) if trip[4] < end_s and row not in given_ids]
        given_ids.update(due)
        cut.depart(make_trips([journey[row] for row in due], due))
        got += rows_of(cut.advance(end_s))
    assert got == expected
    assert cut.under_way().tolist() == whole.under_way().tolist()


def as_moved(trip: Trip) -> tuple[float, ...]:
    """What of a trip matters to its movement: how fast the people walk does not, while they drive."""
    origin, goal, mode, speed_mps, departure_s = trip
    return origin, goal, mode, 0.0 if mode == CAR else speed_mps, departure_s


@given(cases(), st.data())
def test_order_and_names_of_trips_change_nothing(case: tuple[Roads, list[Trip]], data: st.DataObject) -> None:
    """Trips in another order end alike; trips with other ids end alike but for the names."""
    roads, journey = case
    order = data.draw(st.permutations(range(len(journey))))
    ends = []
    for rows, ids in (
        (list(range(len(journey))), list(range(len(journey)))),
        (order, order),
        (list(range(len(journey))), order),
    ):
        movement = movement_of(roads)
        movement.depart(make_trips([journey[row] for row in rows], ids))
        row_of = dict(zip(ids, rows, strict=True))
        found = advance_all(movement, [LATE_S])
        ends.append((found, sorted((as_moved(journey[row_of[trip]]), *rest) for trip, *rest in found)))
    assert ends[1] == ends[0]
    assert ends[2][1] == ends[0][1]


@given(cases(), st.lists(st.floats(0.0, 200.0), min_size=1, max_size=12))
def test_parties_are_conserved_and_links_never_overfull(case: tuple[Roads, list[Trip]], ends_s: list[float]) -> None:
    """At all times: departed = under way + ended; each link holds what entered less what left, within its storage."""
    roads, journey = case
    movement = movement_of(roads)
    movement.depart(make_trips(journey))
    ended: set[int] = set()
    for end_s in sorted(ends_s):
        ended |= {row[0] for row in rows_of(movement.advance(end_s))}
        links = movement.world.links
        assert ended.isdisjoint(movement.under_way().tolist())
        assert len(ended) + len(movement.under_way()) == len(journey)
        assert (links["occupancy"] == links["entered"] - links["left"]).all()
        assert ((links["occupancy"] >= 0) & (links["occupancy"] <= links["storage"])).all()


@given(cases())
def test_who_never_ends_stands_behind_a_reported_ring(case: tuple[Roads, list[Trip]]) -> None:
    """When nothing can happen any more, trips are under way if and only if gridlock is reported."""
    roads, journey = case
    movement = movement_of(roads)
    movement.depart(make_trips(journey))
    movement.advance(LATE_S)
    assert bool(len(movement.under_way())) == bool(len(movement.gridlocked_links()))


@given(cases())
def test_cars_of_one_way_arrive_in_the_order_of_departure(case: tuple[Roads, list[Trip]]) -> None:
    """First in, first out: cars from one node to one destination never overtake."""
    roads, journey = case
    movement = movement_of(roads)
    movement.depart(make_trips(journey))
    ways: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for trip, time_s, _, _ in advance_all(movement, [LATE_S]):
        origin, destination, mode, _, departure_s = journey[trip]
        if mode == 1:
            ways.setdefault((origin, destination), []).append((departure_s, time_s))
    for pairs in ways.values():
        assert [end for _, end in sorted(pairs)] == [end for _, end in pairs]
        assert [start for start, _ in sorted(pairs)] == [start for start, _ in pairs]


@given(cases(), st.floats(0.0, 60.0))
def test_nobody_enters_a_closed_link(case: tuple[Roads, list[Trip]], close_s: float) -> None:
    """From the closure on no car enters the link, nobody else is lost, and whoever has no way left strands."""
    roads, journey = case
    movement = movement_of(roads)
    movement.depart(make_trips(journey))
    ended = rows_of(movement.advance(close_s))
    movement.close_links(np.array([0], dtype=np.int32))
    entered = int(movement.world.links["entered"][0])
    ended += rows_of(movement.advance(LATE_S))
    assert movement.world.links["entered"][0] == entered
    assert len(ended) + len(movement.under_way()) == len(journey)
    for trip, _, node, stranded in ended:
        assert stranded == (node != journey[trip][1])


@given(cases(), st.floats(0.0, 60.0))
def test_closing_and_opening_at_once_changes_nothing(case: tuple[Roads, list[Trip]], time_s: float) -> None:
    """Trees found again after a closure are the trees before it."""
    roads, journey = case
    plain, shaken = movement_of(roads), movement_of(roads)
    for movement in (plain, shaken):
        movement.depart(make_trips([trip for trip in journey if trip[4] >= time_s]))
        movement.advance(time_s)
    every_link = np.arange(roads.links, dtype=np.int32)
    shaken.close_links(every_link)
    shaken.open_links(every_link)
    assert advance_all(shaken, [LATE_S]) == advance_all(plain, [LATE_S])


def test_three_links_that_wait_for_one_another_are_reported() -> None:
    """A ring of three full links is gridlock; a link that waits behind it is not part of the ring."""
    ring = [(0, 1, 4.0, 10.0, 1.0), (1, 2, 4.0, 10.0, 1.0), (2, 0, 4.0, 10.0, 1.0), (3, 0, 50.0, 10.0, 1.0)]
    movement = make_movement(make_roads(4, ring), [0, 1, 2])
    movement.depart(make_trips([(0, 2, 1, 1.0, 0.0), (1, 0, 1, 1.0, 0.0), (2, 1, 1, 1.0, 0.0), (3, 1, 1, 1.0, 0.0)]))
    assert movement.gridlocked_links().tolist() == []
    assert advance_all(movement, [LATE_S]) == []
    assert movement.gridlocked_links().tolist() == [0, 1, 2]
    assert movement.under_way().tolist() == [0, 1, 2, 3]


def test_a_closure_can_break_gridlock() -> None:
    """Heads of a ring follow the new routes at once, so a way round frees them."""
    ring = [(0, 1, 4.0, 10.0, 1.0), (1, 2, 4.0, 10.0, 1.0), (2, 0, 4.0, 10.0, 1.0), (1, 2, 50.0, 10.0, 1.0)]
    movement = make_movement(make_roads(3, ring), [0, 1, 2])
    movement.depart(make_trips([(0, 2, 1, 1.0, 0.0), (1, 0, 1, 1.0, 0.0), (2, 1, 1, 1.0, 0.0)]))
    movement.advance(60.0)
    movement.close_links(np.array([1], dtype=np.int32))
    ends = advance_all(movement, [LATE_S])
    assert sorted((trip, node) for trip, _, node, _ in ends) == [(0, 2), (1, 0), (2, 1)]
    assert movement.gridlocked_links().tolist() == []


def test_closure_stops_a_walker_at_the_next_node() -> None:
    """A walker leaves the link he is on at its end and strands there when no way leads on."""
    movement = make_movement(make_roads(3, ROW), [2])
    movement.depart(make_trips([(0, 0, 0, 2.0, 5.0)]))
    movement.advance(30.0)
    movement.close_links(np.array([0, 1], dtype=np.int32))
    assert advance_all(movement, [LATE_S]) == [(0, 55.0, 1, True)]


def test_closure_strands_a_queue_of_departures_where_it_stands() -> None:
    """Cars that wait to depart strand at the second of the closure; the one on the link strands at its end."""
    movement = make_movement(make_roads(3, ROW), [2])
    movement.depart(make_trips([(0, 0, 1, 1.0, 0.0)] * 4))
    movement.advance(3.0)
    movement.close_links(np.array([0, 1], dtype=np.int32))
    assert advance_all(movement, [3.0, LATE_S]) == [
        (2, 3.0, 0, True),
        (3, 3.0, 0, True),
        (0, 10.0, 1, True),
        (1, 12.0, 1, True),
    ]


def test_opened_links_are_used_again() -> None:
    """After a link opens, departures go over it."""
    movement = make_movement(make_roads(3, ROW), [2])
    last = np.array([1], dtype=np.int32)
    movement.close_links(last)
    movement.depart(make_trips([(0, 0, 1, 1.0, 0.0)]))
    assert advance_all(movement, [1.0]) == [(0, 0.0, 0, True)]
    movement.open_links(last)
    movement.depart(make_trips([(0, 0, 1, 1.0, 1.0)]))
    assert advance_all(movement, [LATE_S]) == [(0, 21.0, 2, False)]


def test_closing_a_link_off_all_routes_changes_nothing() -> None:
    """A detour that nobody takes may close without any effect."""
    roads = make_roads(3, [*ROW, (0, 2, 900.0, 10.0, 0.5)])
    ends = []
    for closed in ([], [2]):
        movement = make_movement(roads, [2])
        movement.depart(make_trips([(0, 0, mode, 1.0, float(start)) for start in range(20) for mode in (0, 1)]))
        movement.advance(7.0)
        movement.close_links(np.array(closed, dtype=np.int32))
        ends.append(advance_all(movement, [LATE_S]))
    assert ends[0] == ends[1]


def test_positions_follow_the_links() -> None:
    """Before departure at the origin, then along the links, a queueing car at the end of its link, NaN elsewhere."""
    slow = [(0, 1, 100.0, 10.0, 0.5), (1, 2, 100.0, 10.0, 0.01)]
    movement = make_movement(make_roads(3, slow), [2, 0])
    movement.depart(make_trips([(0, 0, 0, 2.0, 20.0), (0, 0, 1, 1.0, 0.0), (0, 0, 1, 1.0, 0.0), (0, 1, 0, 1.0, 0.0)]))
    movement.advance(15.0)
    assert movement.positions(np.array([0, 1, 2, 3, 77], dtype=np.int32))[0].tolist()[:3] == [0.0, 150.0, 100.0]
    x_m, y_m = movement.positions(np.array([3, 77], dtype=np.int32))
    assert np.isnan(x_m).all()
    assert np.isnan(y_m).all()
    movement.advance(40.0)
    assert movement.positions(np.array([0, 2], dtype=np.int32))[0].tolist() == [40.0, 100.0]


def test_routes_are_told_in_metres_and_seconds() -> None:
    """Distance and free time of the chosen route, slowed by the conditions for cars, inf where none leads."""
    roads = make_roads(3, [(0, 1, 100.0, 10.0, 0.5), (1, 2, 50.0, 5.0, 0.5)])
    movement = NetworkMovement(roads, [2], Conditions(car_speed_factor=0.5))
    assert movement.distance_m(0, 0).tolist() == [150.0, 50.0, 0.0]
    goals = np.array([0], np.int32)
    assert movement.least_s(0, goals).tolist() == [[150.0, 50.0, 0.0]]
    assert movement.least_s(1, goals).tolist() == [[40.0, 20.0, 0.0]]
    movement.close_links(np.array([0], dtype=np.int32))
    assert movement.distance_m(1, 0).tolist() == [np.inf, 50.0, 0.0]


def test_an_id_may_be_used_again_after_its_trip_has_ended() -> None:
    """Ids are unique among those under way only."""
    movement = make_movement(make_roads(3, ROW), [0])
    for start_s in (0.0, 1.0):
        movement.depart(make_trips([(0, 0, 1, 1.0, start_s)], [7]))
        assert advance_all(movement, [start_s + 1.0]) == [(7, start_s, 0, False)]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ((9, 0, 1, 1.0, 50.0), "origin_node"),
        ((0, 5, 1, 1.0, 50.0), "destination"),
        ((0, 0, 2, 1.0, 50.0), "mode"),
        ((0, 0, 0, 0.0, 50.0), "speed_mps"),
        ((0, 0, 1, 1.0, 49.0), "departure_s"),
        ((0, 0, 1, 1.0, float("nan")), "departure_s"),
    ],
)
def test_bad_departures_are_refused_by_name(row: Trip, fault: str) -> None:
    """The message names the column and the trip, and nothing departs."""
    movement = make_movement(make_roads(3, ROW), [2])
    movement.advance(50.0)
    with pytest.raises(InvalidMovement, match=f"{fault}.*trip 0"):
        movement.depart(make_trips([row]))
    assert len(movement.under_way()) == 0


@pytest.mark.parametrize("ids", [[3, 3], [1, 4]])
def test_ids_under_way_are_refused(ids: list[int]) -> None:
    """Neither twice in one call nor while the trip of that id is under way."""
    movement = make_movement(make_roads(3, ROW), [2])
    movement.depart(make_trips([(0, 0, 1, 1.0, 0.0)], [4]))
    with pytest.raises(InvalidMovement, match="taken"):
        movement.depart(make_trips([(0, 0, 1, 1.0, 0.0)] * 2, ids))


def test_time_does_not_run_backwards() -> None:
    """Advancing to an earlier time is refused."""
    movement = make_movement(make_roads(3, ROW), [2])
    movement.advance(10.0)
    with pytest.raises(InvalidMovement, match="10"):
        movement.advance(9.0)


def test_a_destination_must_be_a_node() -> None:
    """Destinations outside the roads are refused."""
    with pytest.raises(InvalidMovement, match=r"nodes 0\.\.2"):
        make_movement(make_roads(3, ROW), [3])


@pytest.mark.parametrize("expected", [0, 100, 5000, 10_000])
def test_room_grows_with_the_trips(expected: int) -> None:
    """Thousands of parties in small batches all arrive, however many were expected."""
    movement = make_movement(make_roads(3, ROW), [2])
    movement.expect(expected)
    for first in range(0, 5000, 50):
        movement.depart(make_trips([(0, 0, 0, 1.0, 0.0)] * 50, range(first, first + 50)))
    assert [row[0] for row in advance_all(movement, [LATE_S])] == list(range(5000))
