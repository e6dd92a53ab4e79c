"""Causes: why a person's outcome differs, read from the first event in which the person's two lives differ.

One cause for each person, by the order of that person's own life: what happened later follows from it. A delay that
came from somebody else (a household that waits for a member, a full desk) is told as it reached this person.
"""

import enum

import numpy as np
import numpy.typing as npt

from scenarios.comparison.lives import AT_ONCE_S, NOTHING, Parting
from scenarios.trips_table import TripsTable
from twin.events import EventKind

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Cause(enum.StrEnum):
    """What first differed."""

    WARNING = "warning"
    """Heard the first warning at another time, through another channel, or in one plan only."""
    HELP = "help"
    """Needed or got help at another time, by others, or in one plan only."""
    DECISION = "decision"
    """The household decided otherwise, or at another time."""
    SHELTER = "shelter"
    """The same decision, but another shelter."""
    DEPARTURE = "departure"
    """Set out at another time, or by other means, or in one plan only."""
    BLOCKED = "blocked"
    """No way led on in one of the plans: closed or jammed roads."""
    DIVERTED = "diverted"
    """Was sent on by a full or closed shelter in one of the plans."""
    TRAFFIC = "traffic"
    """The same way took longer or shorter: others on it; or snow, where the plans differ in it."""
    ROADS = "roads"
    """Another way, by somebody who knows nothing of the traffic: roads closed, opened or cleared."""
    ROUTE = "route"
    """Another way, by a car with the app in it: by the traffic, or by roads closed, opened or cleared."""
    WAY = "way"
    """The way, of which nothing more is known: it did not end in one of the plans, or the runs hold no trips."""
    RECEPTION = "reception"
    """Stood in line for a longer or shorter time, or was received otherwise."""
    STAY = "stay"
    """Left a shelter at another time."""


ORDER = tuple(Cause)
"""Rows of ``causes_of``."""

SAME_WAY_M = 0.01
"""Ways whose lengths differ by no more are the same (m): hardly any two ways share a sum of lengths. Confidence C."""

DOING = (EventKind.DEPARTED, EventKind.WENT_UPSTAIRS, EventKind.AWAY)
ARRIVING = (
    EventKind.QUEUED,
    EventKind.SETTLED,
    EventKind.DIVERTED,
    EventKind.CHECKED_IN,
    EventKind.RETURNED,
    EventKind.ASKING,
)


def causes_of(parting: Parting) -> IntArray:
    """The row of ORDER for each person, NOTHING for whom nothing differs."""
    leading = np.where(parting.a_s <= parting.b_s, parting.a_kind, parting.b_kind)
    found = np.full(len(leading), ORDER.index(Cause.STAY), np.int64)
    # The last that holds wins, so the most general stands first.
    for cause, holds in _rules(parting, leading):
        found[holds] = ORDER.index(cause)
    found[~parting.parted] = NOTHING
    return found


def by_way(causes: IntArray, parting: Parting, a: TripsTable, b: TripsTable) -> IntArray:
    """The causes with those of WAY told apart, by the trips of both plans that ended where the lives part."""
    people = np.flatnonzero(causes == ORDER.index(Cause.WAY))
    rows = [trips.row_of(people, at_s[people]) for trips, at_s in ((a, parting.a_s), (b, parting.b_s))]
    known = (rows[0] >= 0) & (rows[1] >= 0)
    one, other = a.trips, b.trips
    i, j = rows[0][known], rows[1][known]
    same = np.abs(one.length_m[i] - other.length_m[j]) <= SAME_WAY_M
    informed = one.informed[i] | other.informed[j]
    traffic, route, roads = (ORDER.index(cause) for cause in (Cause.TRAFFIC, Cause.ROUTE, Cause.ROADS))
    found = np.select([same, informed], [traffic, route], roads)
    told = causes.copy()
    told[people[known]] = found
    return told


def _rules(parting: Parting, leading: IntArray) -> list[tuple[Cause, BoolArray]]:
    a, b = parting.a_kind, parting.b_kind
    both = a == b
    elsewhere = both & parting.same_detail & ~parting.same_place
    # Who stands in line to the end of one plan has no further event there.
    received = np.isin(a, (EventKind.CHECKED_IN, NOTHING)) & np.isin(b, (EventKind.CHECKED_IN, NOTHING))
    with np.errstate(invalid="ignore"):  # who has no further event in either plan
        at_once = np.abs(parting.a_s - parting.b_s) <= AT_ONCE_S
    otherwise = both & (a == EventKind.QUEUED) & at_once
    return [
        (Cause.WAY, np.isin(leading, ARRIVING)),
        (Cause.RECEPTION, received | otherwise),
        (Cause.DIVERTED, ~both & _either(a, b, EventKind.DIVERTED)),
        (Cause.BLOCKED, ~both & _either(a, b, EventKind.STRANDED)),
        (Cause.DEPARTURE, np.isin(leading, DOING)),
        (Cause.DECISION, leading == EventKind.DECIDED),
        (Cause.SHELTER, elsewhere & np.isin(a, (EventKind.DECIDED, EventKind.DEPARTED))),
        (Cause.HELP, np.isin(leading, (EventKind.HELP_NEEDED, EventKind.HELP_REACHED))),
        (Cause.WARNING, leading == EventKind.WARNED),
    ]


def _either(a: IntArray, b: IntArray, kind: EventKind) -> BoolArray:
    return np.asarray((a == kind) | (b == kind), np.bool_)
