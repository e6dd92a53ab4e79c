"""Lives: what became of each person of a run, and where the same person's life in two plans parts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenarios.outcomes import NEVER_S, first_arrival, first_departure, first_of
from scenarios.stays import stays_of
from twin.events import EventKind
from twin.trace import EventColumns

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NOTHING = -1
"""No event."""

OF_SAFETY = (
    EventKind.SAFETY_REPORTED,
    EventKind.SAFETY_CONFIRMED,
    EventKind.SOUGHT,
    EventKind.FOUND,
    EventKind.MISINFORMED,
)
"""What is said of people or to them, which moves nobody."""

AT_ONCE_S = 1.0
"""Times that differ by no more are the same (s): rounding and steps of a second part no lives. Confidence C."""

AT_ONCE = (
    EventKind.WARNED,
    EventKind.AWAY,
    EventKind.HELP_NEEDED,
    EventKind.HELP_REACHED,
    EventKind.DECIDED,
    EventKind.WENT_UPSTAIRS,
    EventKind.DIVERTED,
    EventKind.DEPARTED,
)
"""Which of several events of one moment comes first: what makes people act before what they do; all others after."""


@dataclass(frozen=True, slots=True)
class Lives:
    """Columns over people: when each was warned, helped, arrived, known to be safe (s, NEVER_S if not), and where.

    ``refuge`` is the code of the shelter arrived at, or minus the kind of event that was the arrival.
    """

    warned_s: FloatArray
    helped_s: FloatArray
    arrived_s: FloatArray
    safe_s: FloatArray
    refuge: IntArray


def lives_of(events: EventColumns, people: int, duration_s: float) -> Lives:
    """The lives of a run whose shelters are named by their codes already."""
    stays = stays_of(events, duration_s)
    arrived = first_arrival(stays, first_departure(stays, people))
    received = stays.where(stays.kind == EventKind.CHECKED_IN)
    refuge = -arrived.detail
    came = received.from_s == arrived.time_s[received.person]
    refuge[received.person[came]] = received.place[came]
    return Lives(
        warned_s=first_of(events.of(EventKind.WARNED), people).time_s,
        helped_s=first_of(events.of(EventKind.HELP_REACHED), people).time_s,
        arrived_s=arrived.time_s,
        safe_s=first_of(events.of(EventKind.SAFETY_CONFIRMED), people).time_s,
        refuge=np.where(arrived.time_s < NEVER_S, refuge, 0),
    )


def named_alike(events: EventColumns, shelters: list[str], codes: Mapping[str, int]) -> EventColumns:
    """The events with shelters by a code that both plans share, in place of the row that a shelter has in one."""
    code = np.array([codes[one] for one in shelters], np.int32)
    at_shelter = (events.place >= 0) & (events.kind != EventKind.STRANDED)
    place = events.place.copy()
    place[at_shelter] = code[events.place[at_shelter]]
    return EventColumns(events.time_s, events.kind, events.person, place, events.detail)


@dataclass(frozen=True, slots=True)
class Parting:
    """Where lives part, one row for each person: the first events that differ, NOTHING where there is none.

    ``same_place`` and ``same_detail`` compare the two events; ``a_s`` and ``b_s`` are their times (s).
    """

    a_kind: IntArray
    b_kind: IntArray
    a_s: FloatArray
    b_s: FloatArray
    same_place: BoolArray
    same_detail: BoolArray

    @property
    def parted(self) -> BoolArray:
        """Whose life is not the same to the end."""
        return np.asarray((self.a_kind != NOTHING) | (self.b_kind != NOTHING), np.bool_)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Events by person, each person's in order; person p has rows start[p] to start[p + 1] - 1."""

    events: EventColumns
    start: IntArray

    def count(self) -> IntArray:
        """Events of each person."""
        return np.diff(self.start)


def partings(a: EventColumns, b: EventColumns, people: int) -> Parting:
    """The first event of each person that is not the same in both: kind, time to AT_ONCE_S, place and detail count."""
    one, other = _sorted(a, people), _sorted(b, people)
    both = np.minimum(one.count(), other.count())
    at = both.copy()
    for step in range(int(both.max(initial=0)) - 1, -1, -1):  # backwards, so that the first difference stays
        rows = np.flatnonzero(both > step)
        at[rows[~_equal(one, other, rows, step)]] = step
    return _parting(one, other, at)


def _sorted(events: EventColumns, people: int) -> _Sorted:
    kept = ~np.isin(events.kind, OF_SAFETY)
    rank = np.full(len(EventKind), len(AT_ONCE))
    rank[list(AT_ONCE)] = np.arange(len(AT_ONCE))
    order = np.lexsort((rank[events.kind[kept]], events.time_s[kept], events.person[kept]))
    rows = np.flatnonzero(kept)[order]
    ordered = EventColumns(
        events.time_s[rows], events.kind[rows], events.person[rows], events.place[rows], events.detail[rows]
    )
    return _Sorted(ordered, np.searchsorted(ordered.person, np.arange(people + 1)).astype(np.int64))


def _equal(a: _Sorted, b: _Sorted, people: IntArray, step: int) -> BoolArray:
    i, j = a.start[people] + step, b.start[people] + step
    at_once = np.abs(a.events.time_s[i] - b.events.time_s[j]) <= AT_ONCE_S
    columns = ((a.events.kind, b.events.kind), (a.events.place, b.events.place), (a.events.detail, b.events.detail))
    same: BoolArray = np.logical_and.reduce([at_once, *(one[i] == other[j] for one, other in columns)])
    return same


def _parting(a: _Sorted, b: _Sorted, at: IntArray) -> Parting:
    people = len(at)
    kinds = [np.full(people, NOTHING, np.int64) for _ in range(2)]
    times = [np.full(people, NEVER_S) for _ in range(2)]
    others = [[np.full(people, NOTHING, np.int64) for _ in range(2)] for _ in range(2)]
    for side, run in enumerate((a, b)):
        there = np.flatnonzero(at < run.count())
        rows = run.start[there] + at[there]
        kinds[side][there] = run.events.kind[rows]
        times[side][there] = run.events.time_s[rows]
        others[0][side][there] = run.events.place[rows]
        others[1][side][there] = run.events.detail[rows]
    places, details = others
    return Parting(kinds[0], kinds[1], times[0], times[1], places[0] == places[1], details[0] == details[1])
