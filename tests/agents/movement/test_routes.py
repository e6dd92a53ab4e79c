"""Routes: shortest, decided by link where equal, and true after closures."""

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.movement.routes import Routes
from tests.agents.movement.networks import make_roads, networks
from twin.roads import Roads


def make_routes(roads: Roads) -> Routes:
    """Routes by length to every node, for one mode."""
    goals = np.arange(roads.nodes, dtype=np.int32)
    return Routes((roads.link_from, roads.link_to), roads.nodes, goals, roads.length_m[np.newaxis].copy())


@given(networks())
def test_times_are_shortest(roads: Roads) -> None:
    """The sum along each tree is the shortest time of another implementation, inf where there is no way."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(roads.nodes))
    graph.add_weighted_edges_from(
        zip(roads.link_from.tolist(), roads.link_to.tolist(), roads.length_m.tolist(), strict=True)
    )
    expected = np.full((roads.nodes, roads.nodes), np.inf)
    for start, ends in nx.all_pairs_dijkstra_path_length(graph):
        for end, length_m in ends.items():
            expected[end, start] = length_m
    routes = make_routes(roads)
    assert [routes.time_s(0, goal).tolist() for goal in range(roads.nodes)] == expected.tolist()


@given(networks(), st.data())
def test_changed_trees_equal_fresh_trees(roads: Roads, data: st.DataObject) -> None:
    """After any closing and opening, kept trees are those that a network with just these links would grow."""
    every_goal = np.arange(roads.nodes, dtype=np.int32)
    kept = make_routes(roads)
    kept.need(np.zeros(roads.nodes, dtype=np.int8), every_goal)
    links = st.lists(st.integers(0, roads.links - 1), unique=True)
    closed = data.draw(links)
    opened = data.draw(links.map(lambda some: [link for link in some if link in closed]))
    kept.close(np.array(closed, dtype=np.int32), (0,))
    kept.open(np.array(opened, dtype=np.int32))
    fresh = make_routes(roads)
    fresh.close(np.array([link for link in closed if link not in opened], dtype=np.int32), (0,))
    fresh.need(np.zeros(roads.nodes, dtype=np.int8), every_goal)
    assert kept.next_link.tolist() == fresh.next_link.tolist()


def test_equal_ways_are_decided_by_the_lower_link() -> None:
    """Of two ways of equal time the one that begins with the lower link is taken, whatever the search met first."""
    roads = make_roads(
        4, [(0, 2, 50.0, 10.0, 1.0), (0, 1, 50.0, 10.0, 1.0), (1, 3, 50.0, 10.0, 1.0), (2, 3, 50.0, 10.0, 1.0)]
    )
    routes = make_routes(roads)
    routes.need(np.zeros(1, dtype=np.int8), np.array([3], dtype=np.int32))
    assert routes.next_link[0, 3].tolist() == [0, 2, 3, -1]
