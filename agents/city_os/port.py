"""CityOS, the port: what people and organisations ask of a city OS, in the twin's own terms.

People, shelters, neighbourhoods and districts are rows of the town and the population; an adapter translates them into
the identifiers of the service that it talks to. Every verb returns an Answer: a value, or a Failure that the asking
agent deals with as people do (retry, give up, paper, voice). No verb raises because a service misbehaves.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from twin.events import ReceptionChannel, SafetyStatus
from twin.population import Mode
from twin.shelters import Hazard

T = TypeVar("T")
RowArray = npt.NDArray[np.int32]


class FailureKind(enum.StrEnum):
    """Why there is no answer."""

    ABSENT = "absent"
    """There is no city OS."""
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    STATUS = "status"
    """Answered with an error status."""
    MALFORMED = "malformed"
    """Answered something that the contract does not allow."""
    NO_ACCOUNT = "no_account"
    """The person has no city-OS ID."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer, and why; ``status`` is the HTTP status or 0."""

    kind: FailureKind
    status: int = 0
    detail: str = ""


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """What came back: exactly one of ``value`` and ``failure``.

    ``latency_s`` is how long the asker waited, in simulated seconds (wall time by the declared factor).
    """

    value: T | None
    failure: Failure | None = None
    latency_s: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the service did what it was asked."""
        return self.failure is None


class ShelterStatus(enum.StrEnum):
    """Opening status of a shelter.

    Source: EEI 災害対応基本共有情報 v1.1, 避難所 開設状況; "full" after geolonia datamodels EvacuationShelter.
    """

    UNOPENED = "unopened"
    OPEN = "open"
    FULL = "full"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ShelterBoard:
    """What the city OS says of all shelters: one row for each shelter of the town.

    ``status`` has None where the city OS said nothing of a shelter, ``headcount`` -1.
    """

    status: tuple[ShelterStatus | None, ...]
    headcount: RowArray


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A list of people: ``people`` are the rows recognised, ``strangers`` identifiers that are nobody's.

    ``withheld`` counts entries that stand for somebody without saying whom.
    """

    people: RowArray
    strangers: tuple[str, ...] = ()
    withheld: int = 0


class CityOS(Protocol):
    """A city OS as its users see it. ``at_s`` is the time of asking since the scenario's start."""

    @property
    def name(self) -> str:
        """What to call it in a report."""

    @property
    def connected(self) -> bool:
        """False when there is none (paper and voice only)."""

    # -- the city office
    def declare(self, at_s: float, mode: Mode, hazard: Hazard, districts: Sequence[int]) -> Answer[None]:
        """Declare a disaster or drill for districts, or go back to normal."""

    def issue_order(self, at_s: float, level: int, districts: Sequence[int], reason: str) -> Answer[None]:
        """Issue an evacuation order of level 3, 4 or 5 (避難情報)."""

    def set_shelter_status(self, at_s: float, shelter: int, status: ShelterStatus) -> Answer[None]:
        """Say that a shelter is open, full or closed."""

    def notify(self, at_s: float, title: str, body: str, districts: Sequence[int]) -> Answer[str]:
        """Ask for a push message to everybody of the districts who has the app; the value names the message."""

    def deliveries(self, at_s: float, notification: str) -> Answer[Disclosed]:
        """Whose devices a message was delivered to."""

    def evacuees(self, at_s: float, shelter: int) -> Answer[Disclosed]:
        """Who is in a shelter, as the city office is told."""

    def known_safe(self, at_s: float) -> Answer[Disclosed]:
        """Of whom the city office knows that they reported their safety."""

    def positions(self, at_s: float) -> Answer[Disclosed]:
        """Whose position the city office may see."""

    # -- citizens
    def shelter_board(self, at_s: float) -> Answer[ShelterBoard]:
        """Status and headcount of all shelters, as anybody may read them."""

    def report_safety(self, at_s: float, person: int, status: SafetyStatus) -> Answer[None]:
        """A citizen tells their own safety."""

    def family_safety(self, at_s: float, person: int) -> Answer[Disclosed]:
        """Members of the own household whose safety report the person may see."""

    def put_position(self, at_s: float, person: int, point_m: tuple[float, float]) -> Answer[None]:
        """A citizen shares where they are (metres)."""

    # -- shelter desks
    def check_in(self, at_s: float, shelter: int, person: int, channel: ReceptionChannel) -> Answer[None]:
        """Receive a person, with or without ID; saying it twice is saying it once."""

    def check_out(self, at_s: float, shelter: int, person: int) -> Answer[None]:
        """A person leaves a shelter for good."""

    # -- associations
    def support_list(self, at_s: float, neighbourhood: int) -> Answer[Disclosed]:
        """Support-needing people of the association's area whom it may know now."""

    def confirm_safety(self, at_s: float, neighbourhood: int, person: int, status: SafetyStatus) -> Answer[None]:
        """The association tells the safety of a person it has seen (with or without ID)."""

    def association_safety(self, at_s: float, neighbourhood: int) -> Answer[Disclosed]:
        """People of the association's area whose safety report it may see."""
