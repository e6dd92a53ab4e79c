"""The heap of events."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agents.movement.events import EVENT, pop, push

EVENTS = st.lists(st.tuples(st.sampled_from([0.0, 1.5]) | st.floats(0.0, 9.0), st.integers(0, 2**40)), unique=True)


@given(EVENTS)
def test_events_come_by_time_and_key(pairs: list[tuple[float, int]]) -> None:
    """Whatever the order of insertion, events leave the heap sorted by time, then key, with their rows."""
    heap = np.zeros(len(pairs), dtype=EVENT)
    counts = np.zeros(1, dtype=np.int64)
    for row, (time_s, key) in enumerate(pairs):
        push(heap, counts, time_s, key, row)
    taken = [pop(heap, counts) for _ in pairs]
    assert taken == sorted((time_s, key, row) for row, (time_s, key) in enumerate(pairs))
