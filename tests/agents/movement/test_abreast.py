"""Trees many at a time: as another implementation finds their times, however many there are."""

import numpy as np
import pytest

from agents.movement.relaxing import ABREAST
from tests.agents.movement.test_routes import grid, grow_all, make_routes, shortest


@pytest.mark.parametrize("goals", [1, ABREAST - 1, ABREAST, ABREAST + 1])
def test_times_to_any_number_of_goals(goals: int) -> None:
    """Lanes that are not used, and groups that are not full, leave the others right."""
    roads, times_s = grid(9, 0)
    some = np.arange(goals, dtype=np.int32) * 4
    assert make_routes(roads, times_s).least_s(0, some).tolist() == [shortest(roads, times_s)[goal] for goal in some]


def test_groups_leave_nothing_behind() -> None:
    """The room of one group is the next one's: asked again and otherwise, all is as in a room of its own."""
    roads, times_s = grid(9, 1)
    routes = make_routes(roads, times_s)
    goals = np.arange(roads.nodes, dtype=np.int32)
    first = routes.least_s(0, goals)
    assert routes.least_s(0, goals[::-1])[::-1].tolist() == first.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_searched_and_grown_over_the_hierarchy_ways_are_the_same(seed: int) -> None:
    """In a city where every fourth street is missing, from every node to some goals."""
    roads, times_s = grid(12, seed)
    times_s[:: 4 + seed] = np.inf
    nodes = np.arange(roads.nodes, dtype=np.int32)
    searched, whole = make_routes(roads, times_s), make_routes(roads, times_s)
    grow_all(whole, roads.nodes)
    for goal in range(0, roads.nodes, 7):
        searched.need(np.zeros(roads.nodes, np.int8), np.full(roads.nodes, goal, np.int32), nodes)
        assert searched.next_link[0, goal].tolist() == whole.next_link[0, goal].tolist()
    assert searched._hierarchy is None


def test_times_that_differ_by_less_than_half_a_tick_tie() -> None:
    """The noise of a mean decides no way: the link of lower rank leads on."""
    roads, times_s = grid(6, 0)
    even = np.ones(roads.links)
    noise = even + 1e-12 * (times_s - times_s.mean())
    one, other = make_routes(roads, even), make_routes(roads, noise)
    grow_all(one, roads.nodes)
    grow_all(other, roads.nodes)
    assert one.next_link.tolist() == other.next_link.tolist()
