"""Headcounts that may have been seen while a load runs."""

from hypothesis import given
from hypothesis import strategies as st

from scenarios.load.watching import FRESH_S, Look, Move, bounds

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
