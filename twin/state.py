"""TownState, the fold of events: who is where and how full each shelter is. This is the twin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.events import STATE_AFTER, EventKind, State

IntArray = npt.NDArray[np.int64]

# By the event's number: a list is read much faster than a dictionary of enumeration members, and numpy takes plain
# numbers much faster than members.
_STATE_AFTER = [None if (state := STATE_AFTER.get(kind)) is None else int(state) for kind in sorted(EventKind)]
_AT_SHELTER = [state in (State.QUEUEING, State.SHELTERED) for state in _STATE_AFTER]


@dataclass(slots=True)
class TownState:
    """Where everybody is (現況).

    ``person_state`` holds a State for each person, ``person_shelter`` the shelter in whose queue or rooms they are
    (-1 if none). Live data and simulated data feed the same fold.
    """

    person_state: npt.NDArray[np.int8]
    person_shelter: npt.NDArray[np.int32]
    shelters: int

    @classmethod
    def all_at_home(cls, people: int, shelters: int) -> "TownState":
        """Everybody at home, every shelter empty."""
        return cls(np.zeros(people, np.int8), np.full(people, -1, np.int32), shelters)

    def apply(self, kind: EventKind, people: npt.NDArray[np.integer], place: npt.NDArray[np.integer] | int) -> None:
        """Fold events of one kind; ``people`` has one row for each event, ``place`` as well or one for all."""
        after = _STATE_AFTER[kind]
        if after is None:
            return
        self.person_state[people] = after
        self.person_shelter[people] = place if _AT_SHELTER[kind] else -1

    def count(self, state: State) -> int:
        """Number of people in a state."""
        return int(np.count_nonzero(self.person_state == state))

    def counts(self) -> IntArray:
        """Number of people in each state, in the order of State; sums to everybody."""
        return np.bincount(self.person_state, minlength=len(State)).astype(np.int64)

    def headcount(self) -> IntArray:
        """People sheltered (received and not gone) in each shelter."""
        inside = self.person_shelter[self.person_state == State.SHELTERED]
        return np.bincount(inside, minlength=self.shelters).astype(np.int64)

    def queue_length(self) -> IntArray:
        """People who stand at the reception of each shelter."""
        waiting = self.person_shelter[self.person_state == State.QUEUEING]
        return np.bincount(waiting, minlength=self.shelters).astype(np.int64)
