"""The fold of events."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.events import STATE_AFTER, EventKind, State
from twin.state import TownState

PEOPLE, SHELTERS = 6, 3
EVENTS = st.lists(
    st.tuples(st.sampled_from(EventKind), st.integers(0, PEOPLE - 1), st.integers(0, SHELTERS - 1)), max_size=40
)


@given(events=EVENTS)
def test_everybody_is_in_exactly_one_state(events: list[tuple[EventKind, int, int]]) -> None:
    """Whatever happens, the counts add up to everybody, and shelters hold who is sheltered."""
    state = TownState.all_at_home(PEOPLE, SHELTERS)
    for kind, person, place in events:
        state.apply(kind, np.array([person]), place)
        assert state.counts().sum() == PEOPLE
        assert state.headcount().sum() == state.count(State.SHELTERED)
        assert state.queue_length().sum() == state.count(State.QUEUEING)


@given(events=EVENTS)
def test_the_last_event_that_places_a_person_decides(events: list[tuple[EventKind, int, int]]) -> None:
    """The fold agrees with looking up each person's last event that leaves a state."""
    state = TownState.all_at_home(PEOPLE, SHELTERS)
    for kind, person, place in events:
        state.apply(kind, np.array([person]), place)
    for person in range(PEOPLE):
        last = [STATE_AFTER[kind] for kind, who, _ in events if who == person and kind in STATE_AFTER]
        assert state.person_state[person] == (last[-1] if last else State.HOME)
