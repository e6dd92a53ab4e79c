"""Headcounts that may have been seen while a load runs."""

from hypothesis import given
from hypothesis import strategies as st
from load_values import measured

from scenarios.load.watching import FRESH_S, Look, Move, against_board, bounds

TIMES = st.floats(0.0, 300.0)


@given(st.lists(st.tuples(TIMES, TIMES, st.floats(0.0, 20.0)), max_size=20), TIMES, st.floats(0.0, FRESH_S))
def test_a_true_service_is_never_found_wrong(
    stays: list[tuple[float, float, float]], asked_s: float, age_s: float
) -> None:
    """People come and go, each taking effect between sending and acknowledgement; any count of the last minute fits."""
    moves, effects = [], []
    for first_s, stay_s, takes_s in stays:
        for step, sent_s in ((1, first_s), (-1, first_s + takes_s + stay_s)):
            moves.append(Move(step, sent_s, sent_s + takes_s))
            effects.append((sent_s + takes_s / 2, step))
    seen_s = asked_s - age_s
    count = sum(step for at_s, step in effects if at_s <= seen_s)
    low, high = bounds(moves, Look(asked_s, asked_s + 0.1, {}))
    assert low <= count <= high


def test_a_lost_and_a_doubled_check_in_are_found() -> None:
    """A minute after the acknowledgement the headcount is exact."""
    received = [Move(1, 0.0, 0.1), Move(1, 1.0, 1.1)]
    assert bounds(received, Look(120.0, 120.1, {})) == (2, 2)


def test_what_was_never_acknowledged_may_be_counted_or_not() -> None:
    """Nobody knows of a request without an answer."""
    assert bounds([Move(1, 0.0, float("inf"))], Look(120.0, 120.1, {})) == (0, 1)


def test_check_ins_against_the_targets_own_board_are_counted() -> None:
    """By what it said last before the check-in was sent; before its first word nobody knows."""
    looks = [Look(1.0, 2.0, {}, frozenset({0})), Look(5.0, 6.0, {}, frozenset({1}))]
    rows = [measured(number, operation="checkIn", sent_s=at_s) for number, at_s in enumerate((1.5, 3.0, 7.0, 8.0))]
    stays = {0: (0, 0), 1: (1, 0), 2: (2, 0), 3: (3, 1)}
    assert against_board(looks, rows, stays) == 2
