"""Roads: arrays inside, a graph outside, and what may not be."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InvalidTown
from twin.roads import Bends, Roads, bends_of

CLASSES = ("residential", "footway", "trunk")


@st.composite
def any_roads(draw: st.DrawFn) -> Roads:
    """Roads of a few nodes with any links, also parallel and one-way ones, with or without bends."""
    nodes = draw(st.integers(2, 8))
    places = draw(st.lists(st.tuples(st.integers(-999, 999), st.integers(-999, 999)), min_size=nodes, max_size=nodes))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda ends: ends[0] != ends[1])
    ends = draw(st.lists(pair, max_size=25))
    number = st.floats(0.1, 1e4)
    columns = [np.array(draw(st.lists(number, min_size=len(ends), max_size=len(ends)))) for _ in range(4)]
    flags = [np.array(draw(st.lists(st.booleans(), min_size=len(ends), max_size=len(ends))), bool) for _ in range(2)]
    lines = draw(
        st.lists(
            st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)).map(list), max_size=3),
            min_size=len(ends),
            max_size=len(ends),
        )
    )
    return Roads(
        node_x_m=np.array([place[0] for place in places], dtype=np.float64),
        node_y_m=np.array([place[1] for place in places], dtype=np.float64),
        link_from=np.array([end[0] for end in ends], dtype=np.int32),
        link_to=np.array([end[1] for end in ends], dtype=np.int32),
        length_m=columns[0],
        free_speed_mps=columns[1],
        lanes=columns[2],
        capacity_vps=columns[3],
        car_allowed=flags[0],
        walk_allowed=flags[1],
        highway=tuple(draw(st.lists(st.sampled_from(CLASSES), min_size=len(ends), max_size=len(ends)))),
        is_synthetic=draw(st.booleans()),
        bends=bends_of(lines) if ends and draw(st.booleans()) else None,
    )


def assert_same(one: Roads, other: Roads) -> None:
    """Every column is equal."""
    for name in one.__dataclass_fields__:
        if name != "bends":
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.bends is None) == (other.bends is None)
    for link in range(one.links):
        np.testing.assert_array_equal(one.link_points(link), other.link_points(link))


@given(any_roads())
def test_a_graph_and_back_is_the_same_roads(roads: Roads) -> None:
    """to_networkx and from_networkx lose nothing and keep the order of links."""
    assert_same(roads, Roads.from_networkx(roads.to_networkx()))


@given(any_roads())
def test_the_way_back_runs_between_the_same_nodes_and_pairs_off(roads: Roads) -> None:
    """The reverse of a link swaps its ends, is its own reverse's reverse, and exists as often as links run back."""
    back = roads.reverse
    has = np.flatnonzero(back >= 0)
    np.testing.assert_array_equal(roads.link_from[back[has]], roads.link_to[has])
    np.testing.assert_array_equal(roads.link_to[back[has]], roads.link_from[has])
    np.testing.assert_array_equal(back[back[has]], has)
    counts = nx.MultiDiGraph(zip(roads.link_from.tolist(), roads.link_to.tolist(), strict=True))
    expected = sum(min(counts.number_of_edges(a, b), counts.number_of_edges(b, a)) for a, b in set(counts.edges()))
    assert len(has) == expected


@given(any_roads(), st.integers(0, 255))
def test_kept_nodes_keep_exactly_the_links_between_them(roads: Roads, choice: int) -> None:
    """keep_nodes keeps the links with both ends kept, with all their facts."""
    keep = np.array([bool(choice >> node & 1) for node in range(roads.nodes)])
    kept = roads.keep_nodes(keep)
    links = [link for link in range(roads.links) if keep[roads.link_from[link]] and keep[roads.link_to[link]]]
    assert kept.nodes == keep.sum()
    np.testing.assert_array_equal(kept.length_m, roads.length_m[links])
    for new, old in enumerate(links):
        np.testing.assert_array_equal(kept.link_points(new), roads.link_points(old))


@given(any_roads(), st.floats(-2000, 2000), st.floats(-2000, 2000))
def test_no_node_is_nearer_than_the_nearest(roads: Roads, x_m: float, y_m: float) -> None:
    """nearest_node and distance_to_node_m agree with a search through all nodes."""
    away = np.hypot(roads.node_x_m - x_m, roads.node_y_m - y_m)
    assert away[roads.nearest_node(x_m, y_m)[0]] == pytest.approx(away.min())
    assert roads.distance_to_node_m(x_m, y_m)[0] == pytest.approx(away.min())


@given(any_roads())
def test_strong_parts_are_those_of_networkx(roads: Roads) -> None:
    """Nodes share a number exactly if each can be reached from the other over the allowed links."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(roads.nodes))
    rows = np.flatnonzero(roads.walk_allowed)
    graph.add_edges_from(zip(roads.link_from[rows].tolist(), roads.link_to[rows].tolist(), strict=True))
    parts = roads.strong_parts(roads.walk_allowed)
    found = {frozenset(np.flatnonzero(parts == part).tolist()) for part in set(parts.tolist())}
    assert found == {frozenset(part) for part in nx.strongly_connected_components(graph)}


@given(any_roads())
def test_the_length_matrix_holds_the_shortest_of_parallel_links(roads: Roads) -> None:
    """Parallel links do not add up: the matrix has the shortest allowed one."""
    matrix = roads.length_matrix(roads.car_allowed).toarray()
    expected = np.zeros((roads.nodes, roads.nodes))
    for link in np.flatnonzero(roads.car_allowed).tolist():
        cell = (roads.link_from[link], roads.link_to[link])
        expected[cell] = min(roads.length_m[link], expected[cell] or np.inf)
    np.testing.assert_array_equal(matrix, expected)


@given(any_roads())
def test_bends_seen_from_the_other_end_are_the_same_line(roads: Roads) -> None:
    """with_reversed appends the lines of the links, turned round."""
    if roads.bends is None:
        return
    links = np.arange(roads.links)
    both = roads.bends.with_reversed(links)
    for link in links.tolist():
        np.testing.assert_array_equal(both.of(link), roads.bends.of(link))
        np.testing.assert_array_equal(both.of(roads.links + link), roads.bends.of(link)[::-1])


def triangle() -> Roads:
    """Three nodes in a ring, 100 m links, one lane."""
    return Roads(
        node_x_m=np.array([0.0, 100.0, 0.0]),
        node_y_m=np.array([0.0, 0.0, 100.0]),
        link_from=np.array([0, 1, 2], dtype=np.int32),
        link_to=np.array([1, 2, 0], dtype=np.int32),
        length_m=np.array([100.0, 150.0, 100.0]),
        free_speed_mps=np.full(3, 8.0),
        lanes=np.ones(3),
        capacity_vps=np.full(3, 0.2),
        car_allowed=np.ones(3, dtype=np.bool_),
        walk_allowed=np.ones(3, dtype=np.bool_),
        highway=("residential",) * 3,
    )


def test_all_bad_values_are_named_at_once() -> None:
    """A length of 0, a link to nowhere, a car without speed and a node at no place are all in one message."""
    with pytest.raises(InvalidTown) as fault:
        replace(
            triangle(),
            node_x_m=np.array([0.0, np.nan, 0.0]),
            link_to=np.array([1, 7, 2], dtype=np.int32),
            length_m=np.array([0.0, 150.0, 100.0]),
            free_speed_mps=np.array([8.0, 8.0, 0.0]),
            lanes=np.array([1.0, 0.0, 1.0]),
        )
    text = str(fault.value)
    for words in ("not a finite", "does not exist", "where it begins", "above 0 m:", "speed", "lanes"):
        assert words in text, words


def test_columns_of_unequal_length_are_named() -> None:
    """Each column that has too few rows is named with its count."""
    with pytest.raises(InvalidTown, match=r"(?s)length_m has 2 rows for 3.*bends are for 1 links"):
        replace(
            triangle(),
            length_m=np.array([100.0, 150.0]),
            bends=Bends(np.array([0, 0], dtype=np.int32), np.empty(0), np.empty(0)),
        )


def test_a_graph_without_attributes_is_refused_by_name() -> None:
    """from_networkx names the attributes that are missing at nodes and edges."""
    graph = triangle().to_networkx()
    del graph.nodes[1]["x_m"]
    del graph[0][1][0]["length_m"]
    with pytest.raises(InvalidTown, match=r"(?s)node 1 .*'x_m'.*edge \(0, 1, 0\).*'length_m'"):
        Roads.from_networkx(graph)
