"""Routes: shortest, decided by order where equal, and true after closures and new times."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.movement.routes import TICK_S, Routes
from agents.movement.trees import NO_LINK
from agents.movement.trips import FloatArray
from tests.agents.movement.networks import make_roads, networks
from twin.randomness import Stream
from twin.roads import Roads

TIMES_S = st.sampled_from([1.0, 2.0, 3.0, 40.0, np.inf]) | st.integers(1, 2**46).map(lambda ticks: ticks * TICK_S)
"""Times of links that tie often, are missing sometimes, and differ without measure; in ticks, as routes take them."""


def make_routes(roads: Roads, costs: FloatArray | None = None, order: list[int] | None = None) -> Routes:
    """Routes to every node for one kind of traveller, by length unless times are given."""
    goals = np.arange(roads.nodes, dtype=np.int32)
    times_s = roads.length_m if costs is None else costs
    ranks = None if order is None else np.array(order, dtype=np.int64)
    return Routes((roads.link_from, roads.link_to), roads.nodes, goals, times_s[np.newaxis].copy(), ranks)


def grow_all(routes: Routes, nodes: int) -> None:
    """Make all trees of the first kind."""
    routes.need(np.zeros(nodes, dtype=np.int8), np.arange(nodes, dtype=np.int32))


def times_of(data: st.DataObject, roads: Roads) -> FloatArray:
    """Any times of the links."""
    return np.array(data.draw(st.lists(TIMES_S, min_size=roads.links, max_size=roads.links)))


def grid(side: int, seed: int) -> tuple[Roads, FloatArray]:
    """A square of streets with times that vary a thousandfold, larger than the buckets of a search hold at once."""
    place = np.arange(side * side).reshape(side, side)
    pairs = [*zip(place[:, :-1].ravel(), place[:, 1:].ravel(), strict=True)]
    pairs += [*zip(place[:-1].ravel(), place[1:].ravel(), strict=True)]
    both = [(int(a), int(b), 100.0, 10.0, 1.0) for a, b in [*pairs, *((b, a) for a, b in pairs)]]
    times_s = 10.0 ** (3.0 * Stream(seed).uniform("time", np.arange(len(both))))
    return make_roads(side * side, both), np.round(times_s / TICK_S) * TICK_S


def shortest(roads: Roads, times_s: FloatArray) -> list[list[float]]:
    """Times from each node (column) to each goal (row) of another implementation."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(roads.nodes))
    # Summed from the goal back, as trees are.
    ends = zip(roads.link_to.tolist(), roads.link_from.tolist(), times_s.tolist(), strict=True)
    graph.add_weighted_edges_from(end for end in ends if end[2] < np.inf)
    expected = np.full((roads.nodes, roads.nodes), np.inf)
    for goal, starts in nx.all_pairs_dijkstra_path_length(graph):
        for start, time_s in starts.items():
            expected[goal, start] = time_s
    return expected.tolist()


@given(networks(), st.data())
def test_times_are_shortest(roads: Roads, data: st.DataObject) -> None:
    """The sum along each tree is exactly the least time of another implementation, inf where there is no way."""
    times_s = times_of(data, roads)
    routes = make_routes(roads, times_s)
    assert [routes.time_s(0, goal).tolist() for goal in range(roads.nodes)] == shortest(roads, times_s)


@given(networks(), st.data())
def test_least_times_are_those_along_the_trees(roads: Roads, data: st.DataObject) -> None:
    """Searched without trees, to any goals in any order and closed links too, times are the same to the last bit."""
    routes = make_routes(roads, times_of(data, roads))
    routes.close(np.array(data.draw(st.lists(st.integers(0, roads.links - 1), max_size=3)), np.int32), (0,))
    goals = data.draw(st.lists(st.integers(0, roads.nodes - 1)))
    found = routes.least_s(0, np.array(goals, np.int32))
    assert found.shape == (len(goals), roads.nodes)
    assert found.tolist() == [routes.time_s(0, goal).tolist() for goal in goals]


@pytest.mark.parametrize("seed", range(3))
def test_times_are_shortest_in_a_city(seed: int) -> None:
    """So they are where times differ a thousandfold and most nodes wait in the far bucket."""
    roads, times_s = grid(12, seed)
    routes = make_routes(roads, times_s)
    assert [routes.time_s(0, goal).tolist() for goal in range(roads.nodes)] == shortest(roads, times_s)


@given(networks(), st.data())
def test_trees_do_not_depend_on_rows(roads: Roads, data: st.DataObject) -> None:
    """With links in any other rows and nodes of any other numbers, but of the same order, all trees are the same."""
    times_s = times_of(data, roads)
    order = data.draw(st.permutations(range(roads.links)))
    rows = data.draw(st.permutations(range(roads.links)))
    number = np.array(data.draw(st.permutations(range(roads.nodes))), dtype=np.int32)
    first = make_routes(roads, times_s, order)
    goals = number[np.arange(roads.nodes, dtype=np.int32)]
    ends = number[roads.link_from[rows]], number[roads.link_to[rows]]
    other = Routes(ends, roads.nodes, goals, times_s[rows][np.newaxis], np.array(order, dtype=np.int64)[rows])
    grow_all(first, roads.nodes)
    grow_all(other, roads.nodes)
    row_of = np.append(rows, -1)
    assert row_of[other.next_link[0][:, number]].tolist() == first.next_link[0].tolist()


@given(networks(), st.data())
def test_changed_trees_equal_fresh_trees(roads: Roads, data: st.DataObject) -> None:
    """After any closing and opening, kept trees are those that a network with just these links would grow."""
    order = data.draw(st.permutations(range(roads.links)))
    kept = make_routes(roads, order=order)
    grow_all(kept, roads.nodes)
    links = st.lists(st.integers(0, roads.links - 1), unique=True)
    closed = data.draw(links)
    opened = data.draw(links.map(lambda some: [link for link in some if link in closed]))
    kept.close(np.array(closed, dtype=np.int32), (0,))
    kept.open(np.array(opened, dtype=np.int32))
    fresh = make_routes(roads, order=order)
    fresh.close(np.array([link for link in closed if link not in opened], dtype=np.int32), (0,))
    grow_all(fresh, roads.nodes)
    assert kept.next_link.tolist() == fresh.next_link.tolist()


@given(networks(), st.data())
def test_new_times_make_fresh_trees(roads: Roads, data: st.DataObject) -> None:
    """After new times the trees are those that they would have been from the start, closures kept."""
    times_s = times_of(data, roads)
    closed = np.array(data.draw(st.lists(st.integers(0, roads.links - 1), unique=True)), dtype=np.int32)
    kept = make_routes(roads)
    grow_all(kept, roads.nodes)
    kept.close(closed, (0,))
    kept.replan(times_s[np.newaxis])
    fresh = make_routes(roads, np.where(np.isin(np.arange(roads.links), closed), np.inf, times_s))
    grow_all(fresh, roads.nodes)
    assert kept.next_link.tolist() == fresh.next_link.tolist()


def ways(routes: Routes, roads: Roads, goal: int, starts: list[int]) -> list[list[int]]:
    """The links driven from each start."""
    driven = []
    for start in starts:
        links, node = [], start
        while routes.next_link[0, goal, node] != -1:
            links.append(int(routes.next_link[0, goal, node]))
            node = int(roads.link_to[links[-1]])
        driven.append(links)
    return driven


@given(networks(), st.data())
def test_part_of_a_tree_has_the_same_ways(roads: Roads, data: st.DataObject) -> None:
    """Trees needed for some nodes only, bit by bit and after new times, lead those as whole trees do."""
    times_s = times_of(data, roads)
    some = st.lists(st.integers(0, roads.nodes - 1), min_size=1)
    goal, starts, later = data.draw(st.integers(0, roads.nodes - 1)), data.draw(some), data.draw(some)
    part, whole = make_routes(roads), make_routes(roads, times_s)

    def wanted(nodes: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        mode, destination = np.zeros(len(nodes), dtype=np.int8), np.full(len(nodes), goal, dtype=np.int32)
        return mode, destination, np.array(nodes, dtype=np.int32)

    part.need(*wanted(later))
    part.replan(times_s[np.newaxis], wanted(starts))
    part.need(*wanted(later))
    grow_all(whole, roads.nodes)
    assert ways(part, roads, goal, starts + later) == ways(whole, roads, goal, starts + later)


@given(networks(), st.data())
def test_a_way_leads_on_where_the_time_is_finite(roads: Roads, data: st.DataObject) -> None:
    """Asked for one node after another, whether there is a route is what the times along the whole tree say."""
    times_s = times_of(data, roads)
    goal, nodes = data.draw(st.integers(0, roads.nodes - 1)), range(roads.nodes)
    asked, whole = make_routes(roads, times_s), make_routes(roads, times_s)
    assert [asked.leads_on(0, goal, node) for node in nodes] == np.isfinite(whole.time_s(0, goal)).tolist()


def test_what_is_not_needed_is_not_searched() -> None:
    """A tree needed near its goal leaves the rest of the city untouched."""
    roads, times_s = grid(20, 0)
    routes = make_routes(roads, times_s)
    routes.need(np.zeros(1, dtype=np.int8), np.zeros(1, dtype=np.int32), np.ones(1, dtype=np.int32))
    assert np.count_nonzero(routes.next_link[0, 0] >= NO_LINK) < roads.nodes / 2


def test_kinds_have_their_own_times() -> None:
    """New times of one kind of traveller leave the trees of another as they were."""
    roads = make_roads(
        4, [(0, 2, 50.0, 10.0, 1.0), (0, 1, 60.0, 10.0, 1.0), (1, 3, 50.0, 10.0, 1.0), (2, 3, 50.0, 10.0, 1.0)]
    )
    routes = Routes((roads.link_from, roads.link_to), 4, np.array([3], np.int32), np.vstack([roads.length_m] * 2))
    routes.need(np.arange(2), np.zeros(2, dtype=np.int32))
    routes.replan(np.vstack((roads.length_m, np.array([550.0, 60.0, 50.0, 50.0]))))
    assert routes.next_link[:, 0].tolist() == [[0, 2, 3, -1], [1, 2, 3, -1]]


def test_equal_ways_are_decided_by_the_lower_order() -> None:
    """Of two ways of equal time the one that begins with the link of lower order is taken."""
    roads = make_roads(
        4, [(0, 2, 50.0, 10.0, 1.0), (0, 1, 50.0, 10.0, 1.0), (1, 3, 50.0, 10.0, 1.0), (2, 3, 50.0, 10.0, 1.0)]
    )
    for order, first in ((None, 0), ([5, 4, 3, 2], 1)):
        routes = make_routes(roads, order=order)
        grow_all(routes, 4)
        assert routes.next_link[0, 3].tolist() == [first, 2, 3, -1]
