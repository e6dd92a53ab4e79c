"""What the informed know of links: means of who passed, no less than who stands there has waited; each told once."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.movement.crowding import FREE_SPEED_MPS
from agents.movement.experience import car_times_s, walk_times_s
from agents.movement.state import LINK, NOBODY, PARTY, WAY

Rows = npt.NDArray[np.void]
FREE_S, LENGTH_M, NOW_S = 50.0, 100.0, 1000.0

FRONT = next(name for name in ("first", "heap") if name in (WAY.names or ()))
"""Column of the walker who gets to the end of a way first."""


def links_of(count: int) -> Rows:
    """Links without anybody."""
    links = np.zeros(count, LINK)
    links["free_s"] = FREE_S
    links["head"] = links["wanted"] = NOBODY
    return links


def ways_of(count: int) -> Rows:
    """Ways without anybody."""
    ways = np.zeros(count, WAY)
    ways["length_m"], ways["speed_factor"] = LENGTH_M, 1.0
    ways[FRONT] = ways["wait_head"] = NOBODY
    return ways


def parties_since(*since_s: float, speed_mps: float = 1.0) -> Rows:
    """Parties that entered their links, or asked to, at these times."""
    parties = np.zeros(len(since_s), PARTY)
    parties["since_s"] = parties["reach_s"] = since_s
    parties["speed_mps"] = speed_mps
    return parties


NOBODY_THERE = parties_since(0.0)


def test_without_anybody_links_are_free() -> None:
    """Free time of cars; a walker of 1 m/s needs as many seconds as metres, more on stairs."""
    ways = ways_of(2)
    ways["speed_factor"][1] = 0.5
    assert car_times_s(links_of(2), NOBODY_THERE, NOW_S).tolist() == [FREE_S, FREE_S]
    assert walk_times_s(ways, NOBODY_THERE, NOW_S).tolist() == [LENGTH_M, 2 * LENGTH_M]


@given(spent=st.lists(st.floats(1, 1e3), max_size=5), held=st.lists(st.floats(0, 1e3), max_size=5))
def test_who_passed_counts_with_the_mean(spent: list[float], held: list[float]) -> None:
    """Times on the link and before it, each the mean of its own parties; nobody on it means free."""
    links, ways = links_of(1), ways_of(1)
    for rows in (links, ways):
        rows["passed"], rows["spent_s"] = len(spent), sum(spent)
        rows["let_in"], rows["held_s"] = len(held), sum(held)
    waited = np.mean(held) if held else 0.0
    on_link = np.mean(spent) if spent else FREE_S
    assert car_times_s(links, NOBODY_THERE, NOW_S)[0] == pytest.approx(on_link + waited)
    on_way = np.mean(spent) if spent else LENGTH_M
    assert walk_times_s(ways, NOBODY_THERE, NOW_S)[0] == pytest.approx(on_way + waited * FREE_SPEED_MPS)


def test_what_was_told_is_forgotten() -> None:
    """The next plan knows only of those who pass after this one."""
    links, ways = links_of(1), ways_of(1)
    for rows in (links, ways):
        rows["passed"], rows["spent_s"], rows["let_in"], rows["held_s"] = 2, 800.0, 1, 300.0
    assert car_times_s(links, NOBODY_THERE, NOW_S)[0] == 400.0 + 300.0
    assert walk_times_s(ways, NOBODY_THERE, NOW_S)[0] == 400.0 + 300.0 * FREE_SPEED_MPS
    assert car_times_s(links, NOBODY_THERE, NOW_S)[0] == FREE_S
    assert walk_times_s(ways, NOBODY_THERE, NOW_S)[0] == LENGTH_M


@pytest.mark.parametrize(("since_s", "expected_s"), [(990.0, FREE_S), (700.0, 300.0)])
def test_who_is_stuck_on_a_link_makes_it_known(since_s: float, expected_s: float) -> None:
    """A link counts with no less than its first car has been on it, or its first walker at 1 m/s."""
    links, ways = links_of(2), ways_of(2)
    links["head"][0] = ways[FRONT][0] = 0
    assert car_times_s(links, parties_since(since_s), NOW_S).tolist() == [expected_s, FREE_S]
    times_s = walk_times_s(ways, parties_since(since_s, speed_mps=1.5), NOW_S)
    assert times_s.tolist() == [max(LENGTH_M, 1.5 * (NOW_S - since_s)), LENGTH_M]


def test_a_head_that_waits_weighs_on_the_link_that_it_waits_for() -> None:
    """Not on its own, which it has left behind; of several heads the longest wait counts, or the mean if it is more."""
    links = links_of(4)
    links["head"][:2], links["wanted"][:2], links["asked_s"][:2] = (0, 1), 2, (900.0, 600.0)
    times_s = car_times_s(links, parties_since(0.0, 0.0), NOW_S)
    assert times_s.tolist() == [FREE_S, FREE_S, FREE_S + 400.0, FREE_S]
    links["let_in"][2], links["held_s"][2] = 2, 1200.0
    assert car_times_s(links, parties_since(0.0, 0.0), NOW_S)[2] == FREE_S + 600.0


def test_walkers_at_a_narrow_door_make_it_known() -> None:
    """The first who waits for a way weighs on it as at Weidmann's free speed; others before it see the same."""
    ways = ways_of(2)
    ways["wait_head"][1] = 0
    assert walk_times_s(ways, parties_since(400.0), NOW_S).tolist() == [
        LENGTH_M,
        pytest.approx(LENGTH_M + 600.0 * FREE_SPEED_MPS),
    ]
    ways["let_in"][1], ways["held_s"][1] = 1, 900.0
    assert walk_times_s(ways, parties_since(400.0), NOW_S)[1] == pytest.approx(LENGTH_M + 900.0 * FREE_SPEED_MPS)
