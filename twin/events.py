"""What can happen to a person, and the state that it leaves them in. Nothing else."""

import enum
from dataclasses import dataclass


class State(enum.IntEnum):
    """Where a person is, seen by the twin. Everybody is in exactly one state at any time."""

    HOME = 0
    MOVING = 1
    QUEUEING = 2
    SHELTERED = 3
    ELSEWHERE = 4
    STRANDED = 5


class EventKind(enum.IntEnum):
    """Kind of an event; the docstring of each says what ``place`` and ``detail`` mean.

    ``place`` is a row of the town's shelters unless said otherwise, -1 where there is none.
    """

    WARNED = 0
    """Heard the first warning. place -1; detail: WarningChannel."""
    DECIDED = 1
    """The household decided. place: chosen shelter or -1; detail: Intent."""
    DEPARTED = 2
    """Set out. place: shelter or -1; detail: TravelMode."""
    QUEUED = 3
    """Stands at a shelter's reception. detail: ReceptionChannel."""
    CHECKED_IN = 4
    """Was received at a shelter (避難所受付). detail: ReceptionChannel."""
    CHECKED_OUT = 5
    """Left a shelter for good. detail: 0."""
    DIVERTED = 6
    """Was sent on, the shelter being full or closed. place: the shelter left; detail: how often so far."""
    SETTLED = 7
    """Reached a place other than a shelter. place -1; detail: Refuge."""
    RETURNED = 8
    """Is home again. place -1; detail: 0."""
    STRANDED = 9
    """No way leads on. place: a node of the roads; detail: TravelMode."""
    SAFETY_REPORTED = 10
    """Own safety told through the app. detail: SafetyStatus."""
    SAFETY_CONFIRMED = 11
    """The city office came to know of their safety. detail: SafetyChannel."""
    HELP_NEEDED = 12
    """Cannot leave, or stay, without help. detail: 0."""
    HELP_REACHED = 13
    """Somebody who helps is there. detail: HelpKind."""
    WENT_UPSTAIRS = 14
    """Moved to the upper floor of the own home (垂直避難). place -1; detail: 0."""
    AWAY = 15
    """Is away from home (work, school, errand) when the disaster strikes. place -1; detail: neighbourhood."""
    SOUGHT = 16
    """A member of the household who is elsewhere begins to ask whether they are safe. place -1; detail: 0."""
    FOUND = 17
    """Who asked for them knows that they are safe. place -1; detail: FamilyChannel."""
    ASKING = 18
    """Stands at a shelter's reception to ask for a member of the household. detail: 0."""
    MISINFORMED = 19
    """Set out for a shelter that the city OS said was open, and that was not. detail: 1 if full, 0 if shut."""


class WarningChannel(enum.IntEnum):
    """How a first warning was heard."""

    SHAKING = 0
    PUSH = 1
    MAIL = 2
    BROADCAST = 3
    LOUDSPEAKER = 4
    VAN = 5
    NEIGHBOUR = 6


class Intent(enum.IntEnum):
    """What a household decides to do."""

    STAY = 0
    UPSTAIRS = 1
    RELATIVES = 2
    CAR = 3
    SHELTER = 4
    OUT_OF_TOWN = 5


class TravelMode(enum.IntEnum):
    """How people travel."""

    FOOT = 0
    CAR = 1
    WELFARE_VEHICLE = 2


class ReceptionChannel(enum.IntEnum):
    """How a shelter's desk takes people in."""

    PAPER = 0
    APP = 1
    CARD = 2
    TABLET = 3


class Refuge(enum.IntEnum):
    """Where people stay who are neither at home nor in a shelter."""

    RELATIVES = 0
    CAR = 1
    OUT_OF_TOWN = 2
    AWAY = 3


class SafetyStatus(enum.IntEnum):
    """What a person says of themselves (安否)."""

    SAFE = 0
    INJURED = 1
    NEEDS_HELP = 2


class SafetyChannel(enum.IntEnum):
    """How the city office came to know that a person is safe."""

    APP = 0
    CHECK_IN = 1
    ASSOCIATION = 2
    ASSOCIATION_PAPER = 3
    SHELTER_LIST_PAPER = 4


class FamilyChannel(enum.IntEnum):
    """How somebody learned that a member of the household is safe."""

    TOGETHER = 0
    APP = 1
    PHONE = 2
    SHELTER = 3


class HelpKind(enum.IntEnum):
    """Who helps a person who cannot leave alone."""

    SUPPORTER = 0
    ASSOCIATION = 1
    WELFARE_VEHICLE = 2
    FAMILY = 3


STATE_AFTER: dict[EventKind, State] = {
    EventKind.AWAY: State.ELSEWHERE,
    EventKind.DEPARTED: State.MOVING,
    EventKind.QUEUED: State.QUEUEING,
    EventKind.ASKING: State.QUEUEING,
    EventKind.CHECKED_IN: State.SHELTERED,
    EventKind.CHECKED_OUT: State.MOVING,
    EventKind.DIVERTED: State.MOVING,
    EventKind.SETTLED: State.ELSEWHERE,
    EventKind.RETURNED: State.HOME,
    EventKind.STRANDED: State.STRANDED,
}
"""The state that an event leaves a person in; events not named here leave it as it was."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one person at ``time_s`` since the scenario's start."""

    time_s: float
    kind: EventKind
    person: int
    place: int
    detail: int
