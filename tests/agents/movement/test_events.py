"""The queue of events."""

from hypothesis import given
from hypothesis import strategies as st

from agents.movement.events import KIND_BITS, first_s, look_ahead, make_queue, pending, pop, push, queue_with_room

TIMES = st.sampled_from([0.0, 1.5, 1.53]) | st.floats(0.0, 9.0) | st.floats(0.0, 1e5)
EVENTS = st.lists(st.tuples(TIMES, st.integers(0, 2**40)), unique=True)


@given(EVENTS)
def test_events_come_by_time_and_key(pairs: list[tuple[float, int]]) -> None:
    """Whatever the order of insertion, events leave the queue sorted by time, then key, with their rows."""
    queue = make_queue(len(pairs))
    for row, (time_s, key) in enumerate(pairs):
        push(queue, time_s, key, row)
    taken = []
    while pending(queue):
        time_s = first_s(queue)
        taken.append(pop(queue))
        assert taken[-1][0] == time_s
    assert taken == sorted((time_s, key, row) for row, (time_s, key) in enumerate(pairs))


@given(EVENTS, st.lists(st.floats(0.0, 1e4), min_size=1))
def test_events_may_come_while_others_go(pairs: list[tuple[float, int]], waits_s: list[float]) -> None:
    """An event that leads to a later one, in a queue that grows meanwhile, still leaves in its turn."""
    queue = make_queue(len(pairs) + 1)
    for row, (time_s, key) in enumerate(pairs):
        push(queue, time_s, key, row)
    last_s = 0.0
    for wait_s in waits_s:
        if first_s(queue) == float("inf"):
            break
        time_s, key, row = pop(queue)
        assert time_s >= last_s
        last_s = time_s
        push(queue, time_s + wait_s, key, row)
        queue = queue_with_room(queue, len(queue.waiting) + 1)
    assert pending(queue) == len(pairs)


@given(st.lists(st.tuples(st.floats(0.0, 9.0) | st.floats(0.0, 4000.0), st.integers(0, 2)), max_size=200))
def test_each_event_is_looked_at_once_before_it_comes(timed: list[tuple[float, int]]) -> None:
    """Looking ahead tells the kind and row of each event of the wheel once, and never later than the event comes."""
    queue = make_queue(len(timed))
    for row, (time_s, kind) in enumerate(timed):
        push(queue, time_s, (kind << KIND_BITS) | row, row)
    told: list[tuple[int, int]] = []
    while pending(queue):
        first_s(queue)
        told += [(int(event["kind"]), int(event["row"])) for event in queue.soon[: look_ahead(queue)]]
        row = pop(queue)[2]
        assert (timed[row][1], row) in told
    assert sorted(told) == sorted((kind, row) for row, (_, kind) in enumerate(timed))
