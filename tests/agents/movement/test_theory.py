"""Movement against what theory says of every network: Newell's recursion, units, samples, who meets whom."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.movement.network import Network, network_of
from agents.movement.simulate import ARRIVED, Change, Moved, TripTable, simulate
from agents.movement.trips import Conditions
from tests.agents.movement.networks import cases, make_roads, table, textbook, trees

LATE_S = 50_000.0
QUICK = settings(max_examples=20)
CAR = 1


@st.composite
def rows_of_links(draw: st.DrawFn) -> tuple[Network, TripTable]:
    """Roads one after the other, of any capacities, and cars from the first end to the last."""
    quality = st.tuples(
        st.sampled_from([35.0, 120.0, 400.0]), st.sampled_from([7.0, 20.0]), st.sampled_from([0.1, 0.3, 0.7])
    )
    qualities = draw(st.lists(quality, min_size=1, max_size=4))
    roads = make_roads(len(qualities) + 1, [(row, row + 1, *one) for row, one in enumerate(qualities)])
    starts = sorted(draw(st.lists(st.integers(0, 240).map(float), min_size=1, max_size=60)))
    return network_of(roads, Conditions(), textbook()), table([(0, len(qualities), CAR, 1.0, at_s) for at_s in starts])


def newell_s(network: Network, starts_s: np.ndarray) -> list[float]:
    """When each car is through a row of roads, worked out car by car and road by road, without any event.

    Car n comes to the end of a road a headway behind car n - 1 there, and not before that is gone; it enters the next
    a headway after car n - 1, and one wave after car n - N has left it, N being what the road holds.

    Source: Newell (1993), "A simplified theory of kinematic waves in highway traffic".
    """
    flow_vps = network.jam_density_vpm / (1.0 / network.free_speed_mps + 1.0 / network.wave_speed_mps)
    free_s, room = network.length_m / network.free_speed_mps, np.round(network.jam_density_vpm * network.length_m)
    wave_s, headway_s = room / flow_vps - free_s, 1.0 / np.minimum(network.capacity_vps, flow_vps)
    into_s = np.full((len(starts_s), network.links + 1), -np.inf)
    at_end_s = np.full((len(starts_s), network.links), -np.inf)
    for car, start_s in enumerate(starts_s):
        before = max(car - 1, 0)
        for road in range(network.links):
            there_s = [at_end_s[car, road - 1] if road else start_s]
            if car:
                there_s.append(into_s[before, road] + headway_s[road])
            if car >= room[road]:
                there_s.append(into_s[int(car - room[road]), road + 1] + wave_s[road])
            into_s[car, road] = max(there_s)
            own_s = into_s[car, road] + free_s[road]
            held_s = max(at_end_s[before, road] + headway_s[road], into_s[before, road + 1]) if car else -np.inf
            at_end_s[car, road] = max(own_s, held_s)
        into_s[car, -1] = at_end_s[car, -1]
    return into_s[:, -1].tolist()


@QUICK
@given(rows_of_links())
def test_cars_follow_newells_recursion(case: tuple[Network, TripTable]) -> None:
    """On any row of roads, of any capacities, rooms and departures, each car arrives when the recursion says."""
    network, trips = case
    assert simulate(network, trips, until_s=LATE_S).arrival_s == pytest.approx(newell_s(network, trips.departure_s))


@QUICK
@given(rows_of_links(), st.data(), st.sampled_from([1.1, 2.0, 7.0]))
def test_more_capacity_of_a_bottleneck_makes_nobody_later(
    case: tuple[Network, TripTable], data: st.DataObject, factor: float
) -> None:
    """On a row of roads every single car arrives no later if one road lets more through."""
    network, trips = case
    wider = np.ones(network.links)
    wider[data.draw(st.integers(0, network.links - 1))] = factor
    columns = {name: getattr(network, name) * wider for name in ("capacity_vps", "in_capacity_vps")}
    before, after = (simulate(one, trips, until_s=LATE_S).arrival_s for one in (network, replace(network, **columns)))
    assert (after <= before + 1e-9).all()


@QUICK
@given(cases(), st.sampled_from([0.25, 2.0, 16.0]), st.sampled_from([0.5, 4.0]), st.floats(5.0, 60.0))
def test_units_of_cars_do_not_matter(
    case: tuple[Network, TripTable], time: float, length: float, reroute_s: float
) -> None:
    """Cars in other units of time and length do the same to the last bit, informed ones too."""
    network, trips = case
    trips = replace(trips, mode=np.ones_like(trips.mode))
    other = replace(
        network,
        length_m=network.length_m * length,
        free_speed_mps=network.free_speed_mps * length / time,
        wave_speed_mps=network.wave_speed_mps * length / time,
        jam_density_vpm=network.jam_density_vpm / length,
        capacity_vps=network.capacity_vps / time,
        in_capacity_vps=network.in_capacity_vps / time,
    )
    here = simulate(network, trips, until_s=2000.0, reroute_s=reroute_s)
    there = simulate(
        other, replace(trips, departure_s=trips.departure_s * time), until_s=2000.0 * time, reroute_s=reroute_s * time
    )
    assert there.arrival_s.tobytes() == (here.arrival_s * time).tobytes()
    assert there.distance_m.tobytes() == (here.distance_m * length).tobytes()


def used_links(network: Network, trips: TripTable, row: int) -> frozenset[tuple[int, int]]:
    """The links that a trip takes if it is alone, each with the mode."""
    moved = simulate(network, picked(trips, [row]), until_s=LATE_S)
    into = moved.entered if trips.mode[row] == CAR else moved.walked_in
    return frozenset((int(trips.mode[row]), int(link)) for link in np.flatnonzero(into[-1]))


def picked(trips: TripTable, rows: list[int]) -> TripTable:
    """Some trips, each with its rank."""
    names = ("origin_node", "destination_node", "departure_s", "mode", "speed_mps")
    return TripTable(**{name: getattr(trips, name)[rows] for name in names}, order=np.array(rows, dtype=np.int64))


@QUICK
@given(cases())
def test_one_more_changes_only_those_whom_it_meets(case: tuple[Network, TripTable]) -> None:
    """With one trip more, all change nothing who share no link with it, nor with any who do, and so on."""
    network, trips = case
    rows = list(range(min(12, len(trips.mode))))
    if not rows:
        return
    links = [used_links(network, trips, row) for row in rows]
    met = links[0]
    while (more := met.union(*(one for one in links if one & met))) != met:
        met = more
    apart = [row for row in rows[1:] if not links[row] & met]
    alone, both = (simulate(network, picked(trips, some), until_s=LATE_S) for some in (rows[1:], rows))
    others = [row - 1 for row in apart]
    assert both.arrival_s[apart].tobytes() == alone.arrival_s[others].tobytes()
    assert both.status[apart].tobytes() == alone.status[others].tobytes()


@QUICK
@given(cases(), st.floats(1.0, 300.0), st.floats(3.0, 50.0), st.floats(0.2, 3.0))
def test_everybody_is_somewhere_at_any_time(
    case: tuple[Network, TripTable], until_s: float, reroute_s: float, factor: float
) -> None:
    """With roads that change and close, and new ways sought: who set out has ended, is on a link or waits at home."""
    network, trips = case
    links = np.arange(network.links, dtype=np.int32)
    changes = [Change(links[::2], 7.0, 70.0, factor, factor), Change(links[:1], 20.0, 40.0, is_closed=True)]
    moved = simulate(network, trips, until_s=until_s, changes=changes, reroute_s=reroute_s)
    on_links = moved.entered - moved.left + moved.walked_in - moved.walked_out
    assert (on_links >= 0).all()
    set_out = trips.departure_s < until_s
    assert ((moved.status == 0) & set_out).sum() == on_links[-1].sum() + moved.queued
    assert (np.isfinite(moved.arrival_s) == (moved.status == ARRIVED)).all()


def arrived_by(moved: Moved, times_s: np.ndarray) -> np.ndarray:
    """How many arrived by each of the times."""
    return np.searchsorted(np.sort(moved.arrival_s[moved.status == ARRIVED]), times_s, side="right")


@QUICK
@given(trees(), st.sampled_from([4, 10]))
def test_a_sample_with_its_share_of_capacity_arrives_alike(case: tuple[Network, TripTable], times: int) -> None:
    """On a tree, ten times the cars and the lanes arrive as ten times the few by any time, but for a car a road."""
    network, trips = case
    cars = picked(trips, np.flatnonzero(trips.mode == CAR).tolist())
    names = ("capacity_vps", "in_capacity_vps", "jam_density_vpm", "merge_priority")
    wide = replace(network, **{name: getattr(network, name) * times for name in names})
    many = picked(trips, np.repeat(np.flatnonzero(trips.mode == CAR), times).tolist())
    many = replace(many, order=np.arange(len(many.mode)))
    few, all_of_them = simulate(network, cars, until_s=LATE_S), simulate(wide, many, until_s=LATE_S)
    ends_s = np.sort(np.concatenate((few.arrival_s, all_of_them.arrival_s)))
    apart = arrived_by(all_of_them, ends_s) / times - arrived_by(few, ends_s)
    assert np.abs(apart).max(initial=0.0) <= network.links + 1e-9
