"""Which faults hit a call, and what they do to it: one decision for the proxy, in process and over HTTP.

A draw is keyed by (fault, subject, operation, number of the call), so that the same calls are hit wherever the faults
are put in, and in whatever order subjects call.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import blake2b

from scipy.special import ndtri

from conformance.contract.operations import Operation, load_operations
from scenarios.faults.form import (
    AddedLatency,
    CellLoss,
    CityHallLink,
    ClockSkew,
    DoubledWrite,
    ErrorAnswer,
    FaultFile,
    LostWrite,
    Outage,
    PowerLoss,
    SlowTrickle,
    StaleReads,
    TimedFault,
)
from twin.randomness import Stream

CITIZEN, ASSOCIATION, DESK, CITY_OFFICE, ANYBODY = "citizen_app", "association", "shelter_desk", "city_office", ""
"""Roles of callers. Source: the contract, roles.toml; ANYBODY is who shows no token, or one that tells nothing."""

PHONES = frozenset({CITIZEN, ASSOCIATION})
READS, WRITES = frozenset({"GET", "HEAD"}), frozenset({"POST", "PUT", "PATCH", "DELETE"})

DISCOVERY = frozenset(
    {
        "getCityOs",
        "getApiCatalog",
        "getProtectedResource",
        "getOpenapi",
        "getSmartConfiguration",
        "getOpenidConfiguration",
        "getAuthorizationServer",
    }
)
"""Operations of discovery: like the sandbox's own, hit only where a fault names them one by one."""

QUESTIONS = frozenset({"decideConsents", "searchFhirByPost"})
"""Operations that are posted and change nothing."""

NORMAL_P95 = float(ndtri(0.95))


@dataclass(frozen=True, slots=True)
class Asked:
    """One call as faults see it; "" stands for what is not known: operation, subject, role, district."""

    method: str
    operation: str
    subject: str
    role: str
    district: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault that hits a call, and how much of it: seconds of latency or skew, else 0."""

    fault: TimedFault
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Injection:
    """What is done to one call; the ``number``-th of its subject and operation, from 0."""

    asked: Asked
    number: int
    hits: tuple[Hit, ...] = ()

    def first(self, *kinds: type[TimedFault]) -> TimedFault | None:
        """The first fault of some kinds, in the order of the file."""
        return next((one.fault for one in self.hits if isinstance(one.fault, kinds)), None)

    @property
    def names(self) -> str:
        """Names of the faults, for a header and the log."""
        return ", ".join(one.fault.name for one in self.hits)

    @property
    def stop(self) -> TimedFault | None:
        """The fault that keeps the call from reaching the service."""
        return self.first(Outage, CellLoss, PowerLoss, CityHallLink)

    @property
    def is_silent(self) -> bool:
        """Whether nobody answers, rather than that the connection breaks off."""
        return isinstance(self.stop, Outage) and self.stop.how == "silent"

    @property
    def error(self) -> ErrorAnswer | None:
        """The error that is answered."""
        found = self.first(ErrorAnswer)
        return found if isinstance(found, ErrorAnswer) else None

    @property
    def is_lost(self) -> bool:
        """Whether a write is answered and not done."""
        return self.first(LostWrite) is not None

    @property
    def doubled(self) -> DoubledWrite | None:
        """Whether a write is done twice."""
        found = self.first(DoubledWrite)
        return found if isinstance(found, DoubledWrite) else None

    @property
    def age_s(self) -> float:
        """How old an answer may seem; 0 where it is fresh."""
        return max((one.fault.age_s for one in self.hits if isinstance(one.fault, StaleReads)), default=0.0)

    @property
    def latency_s(self) -> float:
        """Time added, of all faults together."""
        return sum(one.amount for one in self.hits if isinstance(one.fault, AddedLatency))

    @property
    def skew_s(self) -> float:
        """By how much the caller's clock is wrong."""
        return sum(one.amount for one in self.hits if isinstance(one.fault, ClockSkew))

    @property
    def bytes_per_s(self) -> float:
        """Speed at which the answer comes; inf where nothing holds it up."""
        speeds = [one.fault.bytes_per_s for one in self.hits if isinstance(one.fault, SlowTrickle)]
        return min(speeds, default=math.inf)


class Injector:
    """Decides call by call; remembers only how often each subject called each operation."""

    def __init__(self, file: FaultFile) -> None:
        self.file = file
        self._stream = Stream(file.seed)
        self._numbers: Counter[tuple[str, str]] = Counter()
        self._by_operation: dict[tuple[str, str], tuple[TimedFault, ...]] = {}
        self.concerned: Counter[str] = Counter()
        """Calls that each fault could have hit, by its name."""
        self.hit: Counter[str] = Counter()
        """Calls that each fault hit."""

    def next(self, asked: Asked) -> Injection:
        """What is done to the next call."""
        key = (asked.subject, asked.operation)
        number = self._numbers[key]
        self._numbers[key] = number + 1
        in_force = [one for one in self.faults_of(asked.method, asked.operation) if is_in_force(one, asked)]
        if not in_force:
            return Injection(asked, number)
        # A draw is below 1: where all are hit, none is needed.
        struck = [one for one in in_force if one.share >= 1.0 or self._draw(one, "", asked, number) < one.share]
        for one in in_force:
            self.concerned[one.name] += 1
        for one in struck:
            self.hit[one.name] += 1
        return Injection(asked, number, tuple(Hit(one, self._amount(one, asked, number)) for one in struck))

    def faults_of(self, method: str, operation: str) -> tuple[TimedFault, ...]:
        """Faults that can concern an operation at all."""
        found = self._by_operation.get((method, operation))
        if found is None:
            found = tuple(one for one in self.file.fault if concerns(one, method, operation))
            self._by_operation[method, operation] = found
        return found

    def draw(self, fault: TimedFault, what: str, injection: Injection) -> float:
        """A draw in (0, 1) of something else about a fault and a call."""
        return self._draw(fault, what, injection.asked, injection.number)

    def _amount(self, fault: TimedFault, asked: Asked, number: int) -> float:
        if isinstance(fault, AddedLatency):
            return latency_s(fault, self._draw(fault, ".amount", asked, number))
        if isinstance(fault, ClockSkew):
            return fault.low_s + (fault.high_s - fault.low_s) * self._draw(fault, ".amount", asked, number)
        return 0.0

    def _draw(self, fault: TimedFault, what: str, asked: Asked, number: int) -> float:
        # Who has no name cannot be met again: there, each call is drawn anew.
        is_by_subject = fault.by == "subject" and asked.subject != ""
        entity = entity_of(asked.subject, "" if is_by_subject else asked.operation)
        return self._stream.one(f"fault.{fault.name}{what}", entity, 0 if is_by_subject else number)


def is_in_force(fault: TimedFault, asked: Asked) -> bool:
    """Whether a fault can hit a call of this caller at this time and place."""
    if not fault.from_s <= asked.at_s < fault.until_s or not concerns_caller(fault, asked):
        return False
    return not fault.districts or asked.district in fault.districts


def latency_s(fault: AddedLatency, draw: float) -> float:
    """The latency at a uniform draw in (0, 1), in seconds: by inversion, so that 0.5 is the median and 0.95 the p95."""
    if fault.constant_s is not None:
        return fault.constant_s
    median_s, p95_s = fault.median_s or 0.0, fault.p95_s or 0.0
    return median_s * math.exp(math.log(p95_s / median_s) / NORMAL_P95 * float(ndtri(draw)))


def concerns(fault: TimedFault, method: str, operation: str) -> bool:
    """Whether a fault can hit an operation ("" is none of the contract)."""
    known = operations().get(operation)
    if operation in fault.operations:
        return _fits_method(fault, method, known)
    if known is not None and (known.profile == "sandbox" or operation in DISCOVERY):
        return False
    if fault.operations and (known is None or known.service_class not in fault.operations):
        return False
    return _fits_method(fault, method, known)


def concerns_caller(fault: TimedFault, asked: Asked) -> bool:
    """Whether a fault can hit a caller of this role."""
    if isinstance(fault, CellLoss | PowerLoss) and fault.burst_s is not None and asked.operation == "issueToken":
        return False  # an app that keeps what it could not send has held a token since before
    if isinstance(fault, CellLoss | ClockSkew):
        return asked.role in (PHONES if isinstance(fault, CellLoss) else {CITIZEN})
    if isinstance(fault, PowerLoss):
        return asked.role in {*PHONES, DESK}
    if isinstance(fault, CityHallLink):
        known = operations().get(asked.operation)
        return asked.role == CITY_OFFICE or (known is not None and known.profile == "lgwan-bridge")
    return True


def _fits_method(fault: TimedFault, method: str, known: Operation | None) -> bool:
    if isinstance(fault, LostWrite | DoubledWrite):
        return method in WRITES and known is not None and known.profile != "core-oidc" and not _is_question(known)
    if isinstance(fault, StaleReads):
        return method == "GET" and known is not None and known.profile != "core-oidc"
    return True


def _is_question(known: Operation) -> bool:
    return known.operation_id in QUESTIONS


@cache
def operations() -> Mapping[str, Operation]:
    """Operations of the contract by their ID."""
    return {one.operation_id: one for one in load_operations()}


@lru_cache(maxsize=1 << 16)
def entity_of(subject: str, operation: str) -> int:
    """A subject, or a subject with an operation, as draws know them."""
    return int.from_bytes(blake2b(f"{subject} {operation}".encode(), digest_size=8).digest(), "little")
