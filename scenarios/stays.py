"""Stays: the events of a run as intervals, one for each time that a person spent in one state."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.events import STATE_AFTER, EventKind
from twin.trace import EventColumns
from twin.units import SECONDS_PER_HOUR

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

UNENDED = -1
"""``ended_by`` of a stay that lasted until the run's end."""


@dataclass(frozen=True, slots=True)
class Stays:
    """Intervals in columns, sorted by person, then time.

    ``kind``, ``place`` and ``detail`` are those of the event that began the stay, ``ended_by`` the kind of the event
    that ended it. The time at home before a person's first event is no stay.
    """

    person: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int8]
    place: npt.NDArray[np.int32]
    detail: npt.NDArray[np.int16]
    from_s: FloatArray
    until_s: FloatArray
    ended_by: npt.NDArray[np.int8]

    def where(self, rows: BoolArray) -> "Stays":
        """Only the rows that are True."""
        return Stays(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


def stays_of(events: EventColumns, duration_s: float) -> Stays:
    """The stays of a run that lasted ``duration_s`` (s); the same fold as TownState, kept over time."""
    moves = events.of(*STATE_AFTER)
    order = np.argsort(moves.person, kind="stable")
    person, kind, from_s = moves.person[order], moves.kind[order], moves.time_s[order]
    until_s = np.full(len(person), duration_s)
    ended_by = np.full(len(person), UNENDED, np.int8)
    followed = np.flatnonzero(person[1:] == person[:-1])
    until_s[followed] = from_s[followed + 1]
    ended_by[followed] = kind[followed + 1]
    return Stays(person, kind, moves.place[order], moves.detail[order], from_s, until_s, ended_by)


@dataclass(frozen=True, slots=True)
class Occupancy:
    """People in shelters as a step function, sorted by shelter, then time.

    From ``time_s`` (s) on, ``people`` are in ``shelter``, for ``lasts_s``; a shelter that was never used has no row.
    """

    shelter: IntArray
    time_s: FloatArray
    lasts_s: FloatArray
    people: IntArray

    def peak(self, shelters: int) -> IntArray:
        """Most people at one time in each shelter, shape (shelters,)."""
        peaks = np.zeros(shelters, np.int64)
        np.maximum.at(peaks, self.shelter, self.people)
        return peaks

    def excess_person_h(self, capacity: IntArray) -> FloatArray:
        """Person-hours above each shelter's capacity (persons), shape of ``capacity``."""
        excess = np.maximum(0, self.people - capacity[self.shelter]) * self.lasts_s / SECONDS_PER_HOUR
        return np.bincount(self.shelter, weights=excess, minlength=len(capacity)).astype(np.float64)


def occupancy(stays: Stays, place: npt.NDArray[np.int32] | None = None) -> Occupancy:
    """How many were in each shelter when; with ``place`` (one value for each stay), by that instead of the shelter."""
    inside = (stays.kind == EventKind.CHECKED_IN) & (stays.until_s > stays.from_s)
    where = (stays.place if place is None else place)[inside].astype(np.int64)
    shelter = np.concatenate((where, where))
    time_s = np.concatenate((stays.from_s[inside], stays.until_s[inside]))
    change = np.repeat(np.array((1, -1), np.int64), len(where))
    order = np.lexsort((change, time_s, shelter))  # leaves before arrivals: a swap at one moment adds nobody
    shelter, time_s = shelter[order], time_s[order]
    # Every stay adds one and takes one away, so the running sum is 0 again where the next shelter begins.
    people = np.cumsum(change[order])
    lasts_s = np.append(np.diff(time_s), 0.0)[: len(time_s)]
    lasts_s[people == 0] = 0.0  # nobody inside; also the seam between two shelters
    return Occupancy(shelter, time_s, lasts_s, people)
