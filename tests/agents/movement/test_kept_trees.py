"""Kept trees: recalled they are those that would have been grown, and none is kept that no other run could find."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.movement import routes as routes_module
from agents.movement.kept_trees import KeptTrees
from agents.movement.routes import Routes
from tests.agents.movement.networks import networks
from tests.agents.movement.test_routes import grid, grow_all, times_of
from twin.roads import Roads


def _routes(roads: Roads, costs: list[np.ndarray], kept: KeptTrees | None) -> Routes:
    ends, goals = (roads.link_from, roads.link_to), np.arange(roads.nodes, dtype=np.int32)
    return Routes(ends, roads.nodes, goals, np.stack(costs), None, kept)


def _live(routes: Routes, nodes: int, changes: list[tuple[bool, np.ndarray]]) -> list[np.ndarray]:
    """All trees at the beginning and after each closing (True) or opening of links."""
    grow_all(routes, nodes)
    seen = [routes.next_link]
    for closes, links in changes:
        if closes:
            routes.close(links, (0,))
        else:
            routes.open(links)
        seen.append(routes.next_link)
    return seen


@given(networks(), st.data())
def test_runs_that_share_trees_have_the_trees_of_one_that_does_not(roads: Roads, data: st.DataObject) -> None:
    """Through any closings and openings, other in each run, of which the second finds what the first kept."""
    costs, kept = [times_of(data, roads)], KeptTrees()
    some = st.sets(st.integers(0, roads.links - 1), min_size=1).map(lambda rows: np.array(sorted(rows), np.int32))
    for _ in range(2):
        changes = data.draw(st.lists(st.tuples(st.booleans(), some), max_size=3))
        alone = _live(_routes(roads, costs, None), roads.nodes, changes)
        together = _live(_routes(roads, costs, kept), roads.nodes, changes)
        assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def _grown(monkeypatch: pytest.MonkeyPatch, routes: Routes, nodes: int) -> int:
    """How many trees are searched for all nodes."""
    rows: list[int] = []
    grow_each = routes_module.grow_each

    def watched(*words: object) -> None:
        rows.extend(words[-1][0].tolist())  # type: ignore[index]
        grow_each(*words)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(routes_module, "grow_each", watched)
        grow_all(routes, nodes)
    return len(rows)


def test_what_is_kept_is_not_searched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same times; by others all is searched."""
    (roads, times_s), kept = grid(6, 1), KeptTrees()
    assert _grown(monkeypatch, _routes(roads, [times_s], kept), roads.nodes) == roads.nodes
    assert _grown(monkeypatch, _routes(roads, [times_s], kept), roads.nodes) == 0
    assert _grown(monkeypatch, _routes(roads, [times_s * 2.0], kept), roads.nodes) == roads.nodes


def test_trees_by_times_of_the_moment_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody comes to them again, and they would take the room of others."""
    (roads, times_s), kept = grid(6, 1), KeptTrees()
    routes = _routes(roads, [times_s], kept)
    routes.replan((times_s * 2.0)[np.newaxis])
    grow_all(routes, roads.nodes)
    assert _grown(monkeypatch, _routes(roads, [times_s * 2.0], kept), roads.nodes) == roads.nodes


def test_no_more_is_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 36 trees of 64 nodes at most, those that came first."""
    (roads, times_s), kept = grid(6, 1), KeptTrees(room_bytes=10 * 64 * 4)
    _grown(monkeypatch, _routes(roads, [times_s], kept), roads.nodes)
    assert _grown(monkeypatch, _routes(roads, [times_s], kept), roads.nodes) == roads.nodes - 10
