"""FaultyLine: the faults of FaultyTransport on the line of a modelled city OS; they hit the very same calls.

There are no bodies, so that a slow trickle has nothing to slow down: see ``check_for_line``.
"""

from collections.abc import Callable
from functools import partial

from msgspec import structs

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.line import Deed, Line, LineCall, Reply
from scenarios.errors import NoTrickleOnLine
from scenarios.faults.answers import success_status
from scenarios.faults.callers import Who
from scenarios.faults.effects import Terms, slowed_s, stop_call
from scenarios.faults.form import FaultFile, SlowTrickle
from scenarios.faults.injection import ANYBODY, ASSOCIATION, CITIZEN, CITY_OFFICE, DESK, Asked, Injection, Injector
from scenarios.faults.log import FaultLog
from scenarios.faults.memory import Outbox, PastAnswers, wanted_age_s
from scenarios.seeding import home_district, person_ids
from twin.population import Population
from twin.town import Town

OFFICE_CLIENT, DESK_CLIENT, ASSOCIATION_CLIENT = "city-office", "shelter-desk", "association-{code}"
"""Clients as the sandbox of the reference calls them: chance hits whoever it hits by name."""

UNAUTHORISED = 401
"""Answer to a token that has ended."""

_NOBODY = Who("", ANYBODY)


def check_for_line(file: FaultFile) -> None:
    """Refuse faults that nothing but bytes on a wire can have.

    Raises:
        NoTrickleOnLine: answers are to come in drops.
    """
    names = [one.name for one in file.fault if isinstance(one, SlowTrickle)]
    if names:
        raise NoTrickleOnLine(names)


class Askers:
    """What faults know of those who ask: by which name, in which role, in which district."""

    def __init__(self, town: Town, population: Population) -> None:
        self._districts = [one.code for one in town.districts]
        self._ids = person_ids(population)
        self._homes = home_district(town, population).tolist()
        self._areas = town.neighbourhoods
        self._shelters = town.shelters
        self._kept: dict[tuple[Asker, int], tuple[Who, str]] = {}

    def asked(self, call: LineCall) -> Asked:
        """A call as faults see it."""
        key = (call.asker, call.shelter)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._who(*key)
        who, district = found
        return Asked(call.use.method, call.use.operation, who.subject, who.role, district, call.at_s)

    def _who(self, asker: Asker, shelter: int) -> tuple[Who, str]:
        if asker.kind is AskerKind.CITIZEN:
            return Who(self._ids[asker.row], CITIZEN), self._districts[self._homes[asker.row]]
        if asker.kind is AskerKind.ASSOCIATION:
            area = self._areas[asker.row]
            return Who(ASSOCIATION_CLIENT.format(code=area.code), ASSOCIATION), self._districts[area.district]
        if asker.kind is AskerKind.CITY_OFFICE:
            return Who(OFFICE_CLIENT, CITY_OFFICE), ""
        if asker.kind is AskerKind.ANYBODY:
            return _NOBODY, ""
        if shelter < 0:
            return Who(DESK_CLIENT, DESK), ""
        place = self._shelters[shelter]
        return Who(f"{DESK_CLIENT}/{place.id}", DESK), self._districts[place.district]


class FaultyLine:
    """Carries calls through faults; added time is simulated time."""

    def __init__(self, inner: Line, injector: Injector, askers: Askers, *, log: FaultLog, terms: Terms) -> None:
        self._inner = inner
        self._injector = injector
        self._askers = askers
        self._log = log
        self._terms = terms
        self._past: PastAnswers[Reply] = PastAnswers()
        self._outbox: Outbox[tuple[LineCall, Deed]] = Outbox(injector)
        self.late: Callable[[LineCall, Reply], None] = _unheard

    def send(self, call: LineCall, do: Deed) -> Reply:
        """Let the service do what is asked; what hits it is logged.

        Raises:
            NoConnection: a fault broke the connection off.
            NoReplyInTime: a fault let the caller wait too long.
        """
        self._send_late(call.at_s)
        if not self._injector.faults_of(call.use.method, call.use.operation):
            return self._inner.send(call, do)
        injection = self._injector.next(self._askers.asked(call))
        self._log.add(injection)
        if injection.stop is not None:
            is_repeatable = call.use.method == "PUT" or call.use.keyed
            # As it is now: a second attempt may come with another token.
            self._outbox.keep(injection, (structs.replace(call), do), is_repeatable=is_repeatable)
            stop_call(injection, self._terms)
        reply = self._answer(injection, call, do)
        elapsed_s = slowed_s(injection, self._terms, reply.elapsed_s)
        return reply if elapsed_s == reply.elapsed_s else reply._replace(elapsed_s=elapsed_s)

    def _answer(self, injection: Injection, call: LineCall, do: Deed) -> Reply:
        error = injection.error
        if error is not None and not error.delivered:
            return Reply(error.status)
        if injection.skew_s:
            do = partial(_skewed, do, injection.skew_s)
        if injection.is_lost:
            return Reply(success_status(call.use.operation), call.made_up)
        reply = self._read(injection, call, do)
        # What is said again under the same key is answered again and not done again.
        if injection.doubled is not None and (injection.doubled.new_key or not call.use.keyed):
            self._inner.send(call, do)
        return reply if error is None else Reply(error.status)

    def _read(self, injection: Injection, call: LineCall, do: Deed) -> Reply:
        """What the service says now, or said some time ago."""
        asked = injection.asked
        reply = self._inner.send(call, do)
        age_s = wanted_age_s(self._injector, asked)
        if not age_s:
            return reply
        question = (asked.subject, asked.operation, call.question)
        if reply.status == 200:
            self._past.remember(question, asked.at_s, reply, age_s)
        old = self._past.recall(question, asked.at_s, injection.age_s) if injection.age_s else None
        return reply if old is None else old._replace(elapsed_s=reply.elapsed_s)

    def _send_late(self, at_s: float) -> None:
        for due_s, (call, do), _ in self._outbox.due(at_s):
            # It goes out with the token that it was written with, and tells of the time when it was written.
            reply = do(due_s, call.at_s) if due_s < call.holds_until_s else Reply(UNAUTHORISED)
            self.late(call, reply)


def _skewed(do: Deed, skew_s: float, received_s: float, observed_s: float) -> Reply:
    return do(received_s, observed_s + skew_s)


def _unheard(_call: LineCall, _reply: Reply) -> None:
    """Nobody asks what came of writes that were sent late."""
