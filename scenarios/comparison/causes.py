"""Causes: why a person's outcome differs, read from the first event in which the person's two lives differ.

One cause for each person, by the order of that person's own life: what happened later follows from it. A delay that
came from somebody else (a household that waits for a member, a full desk) is told as it reached this person.
"""

import enum

import numpy as np
import numpy.typing as npt

from scenarios.comparison.lives import AT_ONCE_S, NOTHING, Parting
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
    WAY = "way"
    """The way took longer or shorter: traffic, closed roads, another route."""
    RECEPTION = "reception"
    """Stood in line for a longer or shorter time, or was received otherwise."""
    STAY = "stay"
    """Left a shelter at another time."""


ORDER = tuple(Cause)
"""Rows of ``causes_of``."""

DOING = (EventKind.DEPARTED, EventKind.WENT_UPSTAIRS, EventKind.AWAY)
ARRIVING = (EventKind.QUEUED, EventKind.SETTLED, EventKind.DIVERTED, EventKind.CHECKED_IN, EventKind.RETURNED)


def causes_of(parting: Parting) -> IntArray:
    """The row of ORDER for each person, NOTHING for whom nothing differs."""
    leading = np.where(parting.a_s <= parting.b_s, parting.a_kind, parting.b_kind)
    found = np.full(len(leading), ORDER.index(Cause.STAY), np.int64)
    # The last that holds wins, so the most general stands first.
    for cause, holds in _rules(parting, leading):
        found[holds] = ORDER.index(cause)
    found[~parting.parted] = NOTHING
    return found


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
