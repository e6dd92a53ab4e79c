"""Outcomes: what became of each person, read from the events once, for metrics, files and report alike."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenarios.record import RunRecord
from scenarios.stays import Occupancy, Stays, occupancy, stays_of
from twin.events import STATE_AFTER, EventKind, Refuge, State
from twin.shelters import ShelterKind
from twin.town import Town
from twin.trace import EventColumns

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NEVER_S = np.inf
"""Time of what did not happen."""

ELSEWHERE = (EventKind.RETURNED, EventKind.ASKING)
"""Ends of trips that were no evacuation: home again, or at a reception to ask for somebody."""


@dataclass(frozen=True, slots=True)
class First:
    """First event of some kinds for each person: ``time_s`` NEVER_S and ``detail`` -1 where there was none."""

    time_s: FloatArray
    detail: IntArray

    @property
    def happened(self) -> BoolArray:
        """For whom there was one."""
        return np.isfinite(self.time_s)


@dataclass(frozen=True, slots=True)
class Waits:
    """Completed receptions: who waited how long (s) at which shelter, by which channel."""

    person: IntArray
    shelter: IntArray
    channel: IntArray
    wait_s: FloatArray


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of each person; columns of shape (people,) in ``First``, rows of stays, receptions and occupancy.

    ``departed`` (detail: TravelMode) is the first departure for a refuge, ``arrived`` the first refuge reached after
    it; ``help_needed`` is of support-needing people only. ``district`` is the row of each person's home district.
    """

    stays: Stays
    occupancy: Occupancy
    occupancy_total: Occupancy
    waits: Waits
    departed: First
    arrived: First
    warned: First
    confirmed: First
    help_needed: First
    help_reached: First
    final_state: IntArray
    district: IntArray

    @property
    def unassisted(self) -> BoolArray:
        """Support-needing people who needed help and got none until the end."""
        return self.help_needed.happened & ~self.help_reached.happened


def follow(record: RunRecord) -> Outcomes:
    """Follow every person through the events of a run."""
    people = record.population.people
    stays = stays_of(record.events, record.scenario.duration_s)
    departed = first_departure(stays, people)
    needed = first_of(record.events.of(EventKind.HELP_NEEDED), people)
    without_need = ~record.population.needs_support
    needed.time_s[without_need] = NEVER_S
    return Outcomes(
        stays=stays,
        occupancy=occupancy(stays),
        occupancy_total=occupancy(stays, np.zeros(len(stays.person), np.int32)),
        waits=_waits(stays),
        departed=departed,
        arrived=first_arrival(stays, departed),
        warned=first_of(record.events.of(EventKind.WARNED), people),
        confirmed=first_of(record.events.of(EventKind.SAFETY_CONFIRMED), people),
        help_needed=needed,
        help_reached=first_of(record.events.of(EventKind.HELP_REACHED), people),
        final_state=_final_state(stays, people),
        district=home_district(record),
    )


def home_district(record: RunRecord) -> IntArray:
    """Row of the home district of each person, shape (people,)."""
    district = np.array([one.district for one in record.town.neighbourhoods], np.int64)
    return district[record.population.neighbourhood[record.population.household]]


def indoor(town: Town) -> BoolArray:
    """Which places have rooms: shelters, not open-air sites."""
    return np.array([shelter.kind is not ShelterKind.SITE for shelter in town.shelters], bool)


def first_of(events: EventColumns, people: int) -> First:
    """The first of the given events for each person."""
    return _first(events.person, events.time_s, events.detail, people)


def _first(person: npt.NDArray[np.integer], time_s: FloatArray, detail: npt.NDArray[np.integer], people: int) -> First:
    first = First(np.full(people, NEVER_S), np.full(people, -1, np.int64))
    # Of several values for one index numpy keeps the last, so backwards the earliest stays.
    first.time_s[person[::-1]] = time_s[::-1]
    first.detail[person[::-1]] = detail[::-1]
    return first


def first_departure(stays: Stays, people: int) -> First:
    """The first departure for a refuge; a departure on the way (on foot after the car) goes on with it.

    A trip that led home, or to a reception to ask for somebody, is none.
    """
    leads_to = stays.ended_by.copy()
    for row in np.flatnonzero(stays.ended_by == EventKind.DEPARTED)[::-1]:
        leads_to[row] = leads_to[row + 1]
    trips = stays.where((stays.kind == EventKind.DEPARTED) & ~np.isin(leads_to, ELSEWHERE))
    return _first(trips.person, trips.from_s, trips.detail, people)


def first_arrival(stays: Stays, departed: First) -> First:
    """The first refuge reached after a departure for one; detail: the kind of event that it was."""
    elsewhere = (stays.kind == EventKind.SETTLED) & (stays.detail != Refuge.AWAY)
    reached = (stays.kind == EventKind.CHECKED_IN) | elsewhere
    ends = stays.where(reached & (stays.from_s >= departed.time_s[stays.person]))
    return _first(ends.person, ends.from_s, ends.kind, len(departed.time_s))


def _waits(stays: Stays) -> Waits:
    done = stays.where((stays.kind == EventKind.QUEUED) & (stays.ended_by == EventKind.CHECKED_IN))
    return Waits(
        done.person.astype(np.int64),
        done.place.astype(np.int64),
        done.detail.astype(np.int64),
        done.until_s - done.from_s,
    )


def _final_state(stays: Stays, people: int) -> IntArray:
    after = np.zeros(len(EventKind), np.int64)
    for kind, state in STATE_AFTER.items():
        after[kind] = state
    final = np.full(people, State.HOME, np.int64)
    final[stays.person] = after[stays.kind]
    return final
