"""The hierarchy: every street has its arc, any two places above one are joined, and weights are least times."""

from itertools import pairwise

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.movement.hierarchy import Hierarchy, make_hierarchy, weigh
from tests.agents.movement.networks import networks
from tests.agents.movement.test_routes import grid, times_of
from twin.roads import Roads


def hierarchy_of(roads: Roads) -> Hierarchy:
    """The hierarchy of a town's roads, ranked by their rows."""
    return make_hierarchy((roads.link_from, roads.link_to), roads.nodes, np.arange(roads.links))


def above(hierarchy: Hierarchy) -> list[list[int]]:
    """The places above each place."""
    return [hierarchy.above[first:end].tolist() for first, end in pairwise(hierarchy.start.tolist())]


def holds(roads: Roads) -> None:
    """The arcs of a hierarchy are complete and in order."""
    hierarchy = hierarchy_of(roads)
    highs = above(hierarchy)
    assert all(low < high for low, places in enumerate(highs) for high in places)
    assert all(places == sorted(set(places)) for places in highs)
    for ends in zip(roads.link_from.tolist(), roads.link_to.tolist(), strict=True):
        low, high = sorted(hierarchy.place[list(ends)].tolist())
        assert low == high or high in highs[low]
    for places in highs:
        assert all(other in highs[one] for row, one in enumerate(places) for other in places[row + 1 :])


@given(networks())
def test_streets_have_arcs_and_any_two_places_above_one_are_joined(roads: Roads) -> None:
    """So the least way between two nodes leads up and then down, whatever the times are."""
    holds(roads)


def test_so_they_have_in_a_city() -> None:
    """Where most arcs are shortcuts."""
    roads, _ = grid(12, 0)
    holds(roads)
    assert len(hierarchy_of(roads).above) > roads.links / 2


@given(networks(), st.data())
def test_links_leave_their_places_by_rank(roads: Roads, data: st.DataObject) -> None:
    """Each link once, at the place where it begins, of lower rank first, with the place where it ends."""
    order = np.array(data.draw(st.permutations(range(roads.links))), dtype=np.int64)
    hierarchy = make_hierarchy((roads.link_from, roads.link_to), roads.nodes, order)
    assert sorted(hierarchy.link.tolist()) == list(range(roads.links))
    assert hierarchy.place[roads.link_to][hierarchy.link].tolist() == hierarchy.end.tolist()
    for place, (first, end) in enumerate(pairwise(hierarchy.out.tolist())):
        links = hierarchy.link[first:end]
        assert (roads.link_from[links] == hierarchy.node[place]).all()
        assert order[links].tolist() == sorted(order[links].tolist())


@given(networks(), st.data())
def test_a_weight_is_the_least_time_through_places_below(roads: Roads, data: st.DataObject) -> None:
    """Up and down each arc, as another implementation finds it among the lower places alone."""
    times_s = times_of(data, roads)
    hierarchy = hierarchy_of(roads)
    weights = weigh(hierarchy, times_s)
    ends = zip(hierarchy.place[roads.link_from].tolist(), hierarchy.place[roads.link_to].tolist(), strict=True)
    streets: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    streets.add_nodes_from(range(roads.nodes))
    streets.add_weighted_edges_from(
        (*end, time) for end, time in zip(ends, times_s.tolist(), strict=True) if time < np.inf
    )
    arc = 0
    for low, places in enumerate(above(hierarchy)):
        for high in places:
            below = streets.subgraph([*range(low), low, high])
            for start, end, weight_s in ((low, high, weights.up_s[arc]), (high, low, weights.down_s[arc])):
                least = nx.single_source_dijkstra_path_length(below, start).get(end, np.inf)
                assert weight_s == least
            arc += 1
