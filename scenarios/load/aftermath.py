"""Aftermath: what was left unanswered is asked again with its key, then the oracle's questions are asked."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
import numpy as np

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.calendar import Calendar
from agents.city_os.directory import Directory
from agents.city_os.messages import Person
from agents.city_os.port import Failure
from agents.city_os.recorder import ExchangeRecorder, Observation
from agents.city_os.rest import RestCityOS
from agents.city_os.transport import Request
from scenarios.load.calls import DueCall, Measured, Setup, idempotency_key
from scenarios.load.recording import LEAVES, RECEIVES
from scenarios.load.sender import ISSUE_TOKEN, NO_TOKEN, UNSENT
from scenarios.load.target import Target, sender, token_book
from scenarios.oracle import Oracle
from scenarios.record import Finding
from twin.events import EventKind, State
from twin.state import TownState

ATTEMPTS = 3
"""How often a write without an answer is asked again once the load is over. Source: none. Confidence C."""

REPORTS = "reportSafety"
REMEMBERED = (RECEIVES, LEAVES, REPORTS, "declareDisaster", "setShelterStatus", "issueEvacuationOrder")
"""Operations whose words the oracle needs, or that may be asked again."""

NEVER_LEFT = (UNSENT, NO_TOKEN, "refused", "name")
"""Faults of requests that the service cannot have seen."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Writes that had no answer and were asked again with the same key: how many, and how many then had one."""

    asked: int = 0
    answered: int = 0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the oracle found; what the service had acknowledged; ``unsure`` people of whom it never said.

    ``is_asked`` unless somebody stopped it before all was asked.
    """

    findings: tuple[Finding, ...]
    settled: Settled
    check_ins: int
    reports: int
    unsure: int
    is_asked: bool = True


class _Told(msgspec.Struct):
    """Whom a check-in or a report is about; schemas CheckInRequest and SafetyReportRequest."""

    sub: str | None = None
    unregistered: Person | None = None
    subject: Person | None = None

    @property
    def person(self) -> str:
        """Local ID or temp_id, "" for the speaker."""
        other = self.unregistered or self.subject
        return self.sub or (other and (other.sub or other.temp_id)) or ""


def settle(
    target: Target, setup: Setup, calls: Mapping[int, DueCall], rows: Sequence[Measured]
) -> tuple[list[Measured], Settled]:
    """Ask again what was written and not answered, with the key that makes asking twice safe; what came of it.

    People do the same when their phone has a network again.
    """
    doubtful = {one.call for one in rows if is_doubtful(one)} - {one.call for one in rows if one.succeeded}
    book, send = token_book(target), sender(target)
    again = [calls[number] for number in sorted(doubtful) if number in calls and calls[number].keyed]
    end_s = max((one.done_s for one in rows), default=0.0)
    found = []
    for call in again:
        token = book.bearer(asker_of(call.actor, target), 0.0, send)
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json", "accept": "application/json"}
        headers["idempotency-key"] = idempotency_key(setup, call.number)
        for _ in range(ATTEMPTS if isinstance(token, str) else 0):
            answer = send(Request(call.method, call.url, headers=headers, body=call.body.encode()))
            if not isinstance(answer, Failure) and answer.status < 500 and answer.status != 429:
                found.append(_settled(call, end_s, answer.status, answer.body))
                break
    return found, Settled(len(again), len(found))


def is_doubtful(one: Measured) -> bool:
    """Whether a request may have been done although nobody said so."""
    return one.operation != ISSUE_TOKEN and (one.status >= 500 or (one.status == 0 and one.fault not in NEVER_LEFT))


def _settled(call: DueCall, at_s: float, status: int, body: bytes) -> Measured:
    return Measured(call.number, call.operation, call.actor, call.due_s, at_s, at_s, at_s, status, body=body)


def ask_oracle(
    target: Target,
    calendar: Calendar,
    calls: Mapping[int, DueCall],
    rows: Sequence[Measured],
    settled: Settled,
) -> Aftermath:
    """Hold what the service says now against what it acknowledged; ``rows`` in the order of answers, all of them."""
    recorder = ExchangeRecorder()
    city_os = RestCityOS(
        target.transport, target.service, target.directory, calendar, recorder=recorder, latency_factor=1.0
    )
    oracle = Oracle(target.town, target.population, city_os)
    recorder.observe(oracle.watch)
    for one in rows:
        if one.status and one.operation != ISSUE_TOKEN:
            oracle.watch(_observed(one, calls.get(one.call), target))
    end_s = max((one.done_s for one in rows), default=0.0)
    state, doubtful = presence(calls, rows, target)
    unsure = _believe_lists(state, doubtful, city_os, end_s)
    unsure |= _believe_reports(oracle, city_os, calls, rows, target)
    oracle.check_headcounts(end_s, state.headcount())
    oracle.check_lists(end_s, state)
    oracle.check_safety(end_s)
    acknowledged = [one.operation for one in rows if one.succeeded]
    return Aftermath(
        oracle.findings,
        settled,
        check_ins=acknowledged.count(RECEIVES),
        reports=acknowledged.count(REPORTS),
        unsure=len(unsure),
    )


def presence(
    calls: Mapping[int, DueCall], rows: Iterable[Measured], target: Target
) -> tuple[TownState, dict[int, set[int]]]:
    """Who is in which shelter by what was acknowledged; and of whom nobody knows, with the shelters concerned."""
    state = TownState.all_at_home(target.population.people, len(target.town.shelters))
    doubtful: dict[int, set[int]] = defaultdict(set)
    latest, stays = _latest(rows), stays_of(calls.values(), target.directory)
    for number, (person, shelter) in sorted(stays.items()):
        one, call = latest.get(number), calls[number]
        if one is not None and one.succeeded:
            kind = EventKind.CHECKED_IN if call.operation == RECEIVES else EventKind.CHECKED_OUT
            state.apply(kind, np.array([person]), shelter)
            doubtful.pop(person, None)
        elif one is not None and is_doubtful(one):
            doubtful[person].add(shelter)
    return state, doubtful


def stays_of(calls: Iterable[DueCall], directory: Directory) -> dict[int, tuple[int, int]]:
    """Person and shelter (rows) of each reception and leaving, by its number; who leaves is known by the reception."""
    stays: dict[int, tuple[int, int]] = {}
    for call in sorted(calls, key=lambda one: one.number):
        if call.operation == RECEIVES:
            shelter = unquote(call.url.rsplit("/", 2)[1])
            stays[call.number] = directory.person_row[person_in(call)], directory.shelter_row[shelter]
        elif call.operation == LEAVES:
            stays[call.number] = stays[call.after]
    return stays


def _latest(rows: Iterable[Measured]) -> dict[int, Measured]:
    """The last word on each call; a success is not undone by a later fault."""
    latest: dict[int, Measured] = {}
    for one in rows:
        if one.operation != ISSUE_TOKEN and not (one.call in latest and latest[one.call].succeeded):
            latest[one.call] = one
    return latest


def _believe_lists(state: TownState, doubtful: Mapping[int, set[int]], city_os: RestCityOS, at_s: float) -> set[int]:
    """Where nobody knows, what the service says is taken as true."""
    for shelter in sorted({shelter for shelters in doubtful.values() for shelter in shelters}):
        said = city_os.evacuees(at_s, shelter).value
        listed = set(said.people.tolist()) if said else set()
        for person in (person for person, shelters in doubtful.items() if shelter in shelters):
            inside = state.person_state[person] == State.SHELTERED and state.person_shelter[person] == shelter
            if person in listed and not inside:
                state.apply(EventKind.CHECKED_IN, np.array([person]), shelter)
            elif inside and person not in listed:
                state.apply(EventKind.CHECKED_OUT, np.array([person]), -1)
    return set(doubtful)


def _believe_reports(
    oracle: Oracle, city_os: RestCityOS, calls: Mapping[int, DueCall], rows: Iterable[Measured], target: Target
) -> set[int]:
    latest = _latest(rows)
    open_reports = [one for one in latest.values() if one.operation == REPORTS and is_doubtful(one)]
    if not open_reports:
        return set()
    said = city_os.known_safe(max(one.done_s for one in open_reports)).value
    listed = set(said.people.tolist()) if said else set()
    unsure = set()
    for one in open_reports:
        call = calls[one.call]
        person = target.directory.person_row[person_in(call) or call.actor.partition(":")[2]]
        unsure.add(person)
        if person in listed:
            oracle.watch(_observed(msgspec.structs.replace(one, status=201, body=b""), call, target))
    return unsure


def person_in(call: DueCall) -> str:
    """Whom a check-in or a report names, "" for the speaker."""
    return msgspec.json.decode(call.body, type=_Told).person if call.body else ""


def asker_of(actor: str, target: Target) -> Asker:
    """Who asks, as the twin speaks of them."""
    kind, _, name = actor.partition(":")
    if kind == "citizen":
        return Asker(AskerKind.CITIZEN, target.directory.person_row[name])
    if kind == "association":
        return Asker(AskerKind.ASSOCIATION, target.directory.neighbourhood_codes.index(name))
    return Asker(AskerKind(kind), int(name) if name else -1)


def _observed(one: Measured, call: DueCall | None, target: Target) -> Observation:
    sent = call.body.encode() if call is not None else b""
    return Observation(asker_of(one.actor, target), one.operation, one.done_s, sent, one.status, one.body)
