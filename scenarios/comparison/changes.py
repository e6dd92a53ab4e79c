"""Changes: how many people's outcome differs between two plans, in which way, from which cause, and where they live."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scenarios.comparison.causes import ORDER, by_way, causes_of
from scenarios.comparison.folders import FinishedRun
from scenarios.comparison.lives import Lives, Parting, lives_of, named_alike, partings
from scenarios.outcomes import NEVER_S
from scenarios.statistics import LEVEL, Interval, median_interval, median_of

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

TOLERANCE_S = 60.0
"""Times that differ by no more count as the same (s): the least that a report in minutes can show. Confidence C."""


class Outcome(enum.StrEnum):
    """What can come to a person, and when."""

    ARRIVED = "arrived"
    HELPED = "helped"
    WARNED = "warned"
    SAFE = "safe"


class Way(enum.StrEnum):
    """In which way an outcome differs in B from A."""

    ONLY_A = "only_a"
    ONLY_B = "only_b"
    EARLIER = "earlier"
    LATER = "later"


class Turn(enum.StrEnum):
    """Whether B is better for a person: more comes to them or earlier, in the order arrived, helped, warned."""

    BETTER = "better"
    WORSE = "worse"
    OTHER = "other"
    """Neither: another refuge, reached at the same time."""


DECIDING = (Outcome.ARRIVED, Outcome.HELPED, Outcome.WARNED)
"""Outcomes that make a person count as changed. That an office knows of somebody's safety changes not that person."""


@dataclass(frozen=True, slots=True)
class Count:
    """People in a group (``what``, ``key``, ``way``) in each pair of runs, with their median and its interval."""

    what: str
    key: str
    way: str
    people: tuple[int, ...]

    @property
    def median(self) -> float | None:
        """The median over the pairs."""
        return median_of(self.people)

    @property
    def interval(self) -> Interval:
        """The interval of the median."""
        return median_interval(self.people, LEVEL)


Group = tuple[str, str, str]


def counts_of(pairs: tuple[tuple[FinishedRun, FinishedRun], ...]) -> Iterator[tuple[int, dict[Group, int]]]:
    """The counts of each pair, with the number of pairs done so far."""
    for done, (a, b) in enumerate(pairs, 1):
        yield done, pair_counts(a, b)


def gathered(counts: list[dict[Group, int]]) -> tuple[Count, ...]:
    """One Count for each group of any pair; a pair in which nobody was in it counts 0."""
    groups = dict.fromkeys(group for one in counts for group in one)
    return tuple(Count(*group, tuple(one.get(group, 0) for one in counts)) for group in groups)


def pair_counts(a: FinishedRun, b: FinishedRun) -> dict[Group, int]:
    """Everything that is counted of one pair of runs of the same people."""
    people = a.people.people
    codes = {one: row for row, one in enumerate(dict.fromkeys([*a.shelter_ids(), *b.shelter_ids()]))}
    events = [named_alike(run.events(), run.shelter_ids(), codes) for run in (a, b)]
    lives = [lives_of(one, people, run.duration_s) for one, run in zip(events, (a, b), strict=True)]
    turns = turns_of(*lives)
    parting = partings(events[0], events[1], people)
    districts = list(a.districts())
    counts: dict[Group, int] = {
        ("life", "same", ""): int(np.count_nonzero(~parting.parted)),
        ("life", "parted", ""): int(np.count_nonzero(parting.parted & (turns == 0))),
        ("life", "changed", ""): int(np.count_nonzero(turns)),
    }
    for outcome in Outcome:
        for way, rows in _ways(*(getattr(one, f"{outcome}_s") for one in lives)).items():
            counts["outcome", outcome, way] = int(np.count_nonzero(rows))
    counts["outcome", "refuge", "other"] = int(np.count_nonzero(_other_refuge(*lives)))
    counts |= _by("cause", [str(one) for one in ORDER], _causes(parting, a, b), turns)
    return counts | _by("district", districts, a.people.district.astype(np.int64), turns)


def _causes(parting: Parting, a: FinishedRun, b: FinishedRun) -> IntArray:
    trips = a.trips(), b.trips()
    causes = causes_of(parting)
    return causes if trips[0] is None or trips[1] is None else by_way(causes, parting, trips[0], trips[1])


def turns_of(a: Lives, b: Lives) -> IntArray:
    """For each person 0 if the outcome is the same, else 1, 2, 3 for better, worse, other."""
    turns = np.where(_other_refuge(a, b), 3, 0)
    for outcome in reversed(DECIDING):  # the first decides
        ways = _ways(getattr(a, f"{outcome}_s"), getattr(b, f"{outcome}_s"))
        turns[ways[Way.ONLY_B] | ways[Way.EARLIER]] = 1
        turns[ways[Way.ONLY_A] | ways[Way.LATER]] = 2
    return turns


def _ways(a_s: FloatArray, b_s: FloatArray) -> dict[Way, BoolArray]:
    a, b = a_s < NEVER_S, b_s < NEVER_S
    gap = np.zeros(len(a_s))
    gap[a & b] = b_s[a & b] - a_s[a & b]
    return {
        Way.ONLY_A: a & ~b,
        Way.ONLY_B: b & ~a,
        Way.EARLIER: gap < -TOLERANCE_S,
        Way.LATER: gap > TOLERANCE_S,
    }


def _other_refuge(a: Lives, b: Lives) -> BoolArray:
    return np.asarray((a.refuge != b.refuge) & (a.refuge != 0) & (b.refuge != 0), np.bool_)


def _by(what: str, names: list[str], row: IntArray, turns: IntArray) -> dict[Group, int]:
    counts: dict[Group, int] = {}
    for number, turn in enumerate(Turn, 1):
        here = np.bincount(row[turns == number], minlength=len(names))
        counts |= {(what, name, str(turn)): int(here[place]) for place, name in enumerate(names)}
    return counts
