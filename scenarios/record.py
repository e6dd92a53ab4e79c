"""RunRecord: all that a run hands to metrics, files and report; filled by the composition root, never changed."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from scenarios.language import Text
from twin.parameters import Parameters
from twin.population import Population
from twin.shelters import Hazard
from twin.town import Provenance, Town
from twin.trace import EventColumns
from twin.trips import EndedTrips

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

NO_ANSWER = -1
"""Headcount said by a city OS that gave no answer."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One circumstance of a scenario, e.g. label "snow", value "20 cm"."""

    label: Text
    value: Text


@dataclass(frozen=True, slots=True)
class ScenarioFacts:
    """What was asked: ``start`` is an aware datetime (JST); ``facts`` are season, snow and the like, in order."""

    key: str
    title: Text
    hazard: Hazard
    start: datetime
    duration_s: float
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What run this is.

    With the same header all files are byte-equal, but for the wall time in metrics.json and what a city OS makes up
    anew in exchanges.jsonl (tokens, references).
    ``input_hashes`` maps each input's name to its hash. ``connected`` is False when there is no city OS,
    ``is_searched`` when nobody could search its answers for personal data shown to somebody without a right to them.
    """

    command: str
    version: str
    seed: int
    city_os: str
    connected: bool
    input_hashes: Mapping[str, str] = field(default_factory=dict)
    is_searched: bool = True


@dataclass(frozen=True, slots=True)
class StepSeries:
    """Samples in steps of equal length, the first at 0 s, n rows.

    ``time_s`` shape (n,); ``counts`` people in each State, shape (n, 6); ``headcount_true`` and ``headcount_said``
    people in each shelter by the twin and by the city OS, shape (n, shelters), the latter NO_ANSWER where it said
    nothing.
    """

    time_s: FloatArray
    counts: IntArray
    headcount_true: IntArray
    headcount_said: IntArray


class FindingKind(enum.StrEnum):
    """How a city OS was found to differ from the truth."""

    HEADCOUNT = "headcount"
    """A shelter's headcount is not the true one."""
    LOST = "lost"
    """Somebody who is in a shelter, or reported safety, is not on the list."""
    GHOST = "ghost"
    """Somebody is on a list who should not be there, or is nobody at all."""
    RECIPIENT = "recipient"
    """A message reached somebody it should not have, or missed somebody."""
    LEAK = "leak"
    """Personal data were shown to somebody without a right to them."""
    UNANSWERED = "unanswered"
    """A question of the oracle got no answer."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between what the city OS said and what was true.

    ``subject`` says where (a shelter, a list), ``operation`` which call of the contract. ``people`` are the rows
    concerned and ``strangers`` identifiers that are nobody's; ``cases`` is the number of single cases it stands for.
    """

    kind: FindingKind
    at_s: float
    subject: Text
    expected: str
    actual: str
    operation: str
    people: tuple[int, ...] = ()
    strangers: tuple[str, ...] = ()
    cases: int = 1


@dataclass(frozen=True, slots=True)
class NotificationResult:
    """Recipients of one message: how many should have got it, got it, were missed, got it without being meant."""

    at_s: float
    title: Text
    should: int
    reached: int
    missed: int
    extra: int


@dataclass(frozen=True, slots=True)
class OperationCalls:
    """Calls of one operation of the contract, and how many of them ended in an error."""

    operation: str
    calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class InjectedFault:
    """A fault put between the town and its city OS: when and where it was in force, and what it hit.

    ``until_s`` is inf for good; no ``operations`` or ``districts`` means all. ``concerned`` counts the calls that it
    could hit, of which it hit ``hit``.
    """

    name: str
    kind: str
    from_s: float
    until_s: float
    operations: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    share: float = 1.0
    concerned: int = 0
    hit: int = 0


@dataclass(frozen=True, slots=True)
class OfficeMessage:
    """A push message that the city office wanted to send: how long after that it left (s), None if it never did."""

    wanted_s: float
    title: str
    late_s: float | None


@dataclass(frozen=True, slots=True)
class BoardLooks:
    """Looks of people at the shelter board: all, those shown a wrong status within reach, and these by shelter."""

    looks: int
    wrong: int
    wrong_at: IntArray


@dataclass(frozen=True, slots=True)
class LinkClosure:
    """A link (row of the roads) closed from ``from_s`` until ``until_s``, None if it stayed closed."""

    link: int
    from_s: float
    until_s: float | None = None


class Topic(enum.StrEnum):
    """What a line of the timeline is about."""

    HAZARD = "hazard"
    ORDER = "order"
    SHELTER = "shelter"
    ROAD = "road"
    CITY_OS = "city_os"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One order or event of the scenario, as it happened."""

    at_s: float
    topic: Topic
    text: Text


@dataclass(frozen=True)
class RunRecord:
    """One finished run.

    ``opened`` tells for each shelter whether it was open at any time. ``gridlocked_links`` are rows of the roads whose
    cars could never move on, ``trips`` those that ended. ``met_s`` is when the association of each person first knew
    that they are safe (s, inf if not). ``parameters`` are those in force. ``wall_s`` is the time that
    the run took on the wall; it enters metrics.json and nothing else, because it differs from run to run.
    """

    header: RunHeader
    scenario: ScenarioFacts
    town: Town
    population: Population
    parameters: Parameters
    events: EventColumns
    steps: StepSeries
    opened: BoolArray
    findings: tuple[Finding, ...] = ()
    notifications: tuple[NotificationResult, ...] = ()
    calls: tuple[OperationCalls, ...] = ()
    faults: tuple[InjectedFault, ...] = ()
    closures: tuple[LinkClosure, ...] = ()
    gridlocked_links: Int32Array = field(default_factory=lambda: np.empty(0, np.int32))
    timeline: tuple[TimelineEntry, ...] = ()
    trips: EndedTrips | None = None
    messages: tuple[OfficeMessage, ...] = ()
    board: BoardLooks | None = None
    met_s: FloatArray | None = None
    wall_s: float = 0.0

    @property
    def provenance(self) -> tuple[Provenance, ...]:
        """Where the parts of the town and of the population come from."""
        return (*self.town.provenance, *self.population.provenance)
