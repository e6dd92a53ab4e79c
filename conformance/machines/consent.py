"""Consent machine: people agree, refuse, renew and take back while modes and time go on; all is as the model says.

After each step the whole table of a few cells is asked by the people themselves, in every mode and at the ends of their
consents, and read by the city office in the mode that holds. What every read showed must stand in the log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from conformance.accounts import PersonAccount
from conformance.city.caller import City, Who
from conformance.city.consents import Answer, Consents, Question, Record, instant_s
from conformance.city.records import withdraw_all
from conformance.city.town import Declaration, Town
from conformance.consent_model import MODES, Held, by_the_book
from conformance.machines.consent_kinds import Case, requirement_of
from conformance.machines.driving import Guide
from conformance.text import Text

OFFICE = "city_office"
SHOWN = ("profile.basic", "profile.contact", "support_flag")
"""Categories that getUser and listUsers show."""
PURPOSE = "disaster_support"
TABLE: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "disaster_support": (("profile.contact", "location", "safety", "checkin"), ("municipality", "association")),
    "evacuation_support": (("profile.contact", "location"), ("association", "municipality")),
    "safety_inquiry": (("safety",), ("family", "acquaintance", "public")),
}
"""Categories and recipients that consents of the walk are about, by purpose; all of their product is asked."""
LASTS_S = (None, 3_333.0, 90_000.0)
PASSES_S = (600.0, 7_200.0, 172_800.0)
"""How long consents last and how time goes on, in seconds: sums of the latter come never near to the former."""
PAGES = 4
"""So many pages of the list of users are read after each step."""
COPY_S = 172_800.0
"""After so many seconds no copy of an answer is used any more, whatever it was kept for. Confidence C."""
FIRST_S, APART_S = 200 * 86_400.0, 4 * 86_400.0
"""Where a walk's clock begins, and how far apart its runs are, in seconds: no copy of an earlier answer is used."""

CATEGORIES = tuple(dict.fromkeys(name for categories, _ in TABLE.values() for name in categories))
RECIPIENTS = tuple(dict.fromkeys(name for _, recipients in TABLE.values() for name in recipients))

CELLS = tuple(
    (recipient, purpose, category)
    for purpose, (categories, _) in TABLE.items()
    for category in categories
    for recipient in RECIPIENTS
)
"""Recipient, purpose and category of the table that is asked after each step."""


def some(codes: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Some of the codes, in their order."""
    return st.sets(st.sampled_from(codes), min_size=1).map(lambda chosen: [one for one in codes if one in chosen])


class Grant(NamedTuple):
    """What somebody agrees to or is asked for."""

    purpose: str
    categories: Sequence[str]
    recipients: Sequence[str]
    modes: Sequence[str]

    def __str__(self) -> str:
        codes = (", ".join(one) for one in (self.categories, self.recipients, self.modes))
        return f"{self.purpose} ({' | '.join(codes)})"


GRANTS = st.sampled_from(sorted(TABLE)).flatmap(
    lambda purpose: st.builds(Grant, st.just(purpose), some(TABLE[purpose][0]), some(TABLE[purpose][1]), some(MODES))
)


class ConsentMachine(RuleBasedStateMachine):
    """A walk over the consents of two people whose homes lie where modes are declared."""

    def __init__(self, guide: Guide, people: Sequence[PersonAccount]) -> None:
        super().__init__()
        self.guide, self.people = guide, tuple(people)
        self.left: dict[str, list[Held]] = {}
        guide.asked(self._take_all_back)
        self.held: dict[str, tuple[PersonAccount, Record, Held]] = {}
        self.mode, self.ended, self.last = "normal", False, ""
        self.declared: Declaration | None = None
        self.open: dict[Question, bool] = {}
        self.shown: dict[str, set[tuple[str, frozenset[tuple[str, str]]]]] = {one.user: set() for one in people}
        self.failed = False
        guide.asked(lambda: guide.sandbox.advance(FIRST_S + guide.run * APART_S))
        self._call_anew()
        self._look()
        if self._wrong() or self._shown_wrong():
            self.guide.stop(
                "decisions are not the model's before the first step; the checks of single rules tell",
                "最初の手順の前から判定がモデルと違う。個々の検査を見る",
            )

    def _take_all_back(self) -> None:
        """Have the people withdraw what they agreed to before the walk; the records stay with them."""
        consents = Consents(self.guide.city)
        for one in self.people:
            self.left[one.user] = withdraw_all(consents, one, consents.of(one))

    def _call_anew(self) -> None:
        self.city = City(self.guide.target, self.guide.wire)
        self.consents, self.town = Consents(self.city), Town(self.city)

    # Steps.

    @rule(
        who=st.integers(0, 1),
        grant=GRANTS,
        lasts_s=st.sampled_from(LASTS_S),
        state=st.sampled_from(["given", "given", "given", "refused"]),
    )
    def agree(self, who: int, grant: Grant, lasts_s: float | None, state: str) -> None:
        """Somebody agrees to something, or refuses it."""
        person, more = self.people[who], {"state": state}
        if lasts_s is not None:
            more["valid_until"] = _iso(self.now_s + lasts_s)
        self._record(person, person, grant, more)
        ending = f", for {lasts_s:g} s" if lasts_s else ""
        self._done("agree" if state == "given" else "refuse", f"{person.user}: {state} {grant}{ending}")

    @rule(who=st.integers(0, 1), grant=GRANTS)
    def ask_for(self, who: int, grant: Grant) -> None:
        """The city office asks somebody for a consent."""
        person = self.people[who]
        self._record(self.city.role(OFFICE), person, grant, {"state": "requested", "subject": {"sub": person.user}})
        self._done("ask", f"asked of {person.user}: {grant}")

    @precondition(lambda self: self._some("requested"))
    @rule(pick=st.integers(0, 9), event=st.sampled_from(["giveConsent", "refuseConsent"]))
    def answer(self, pick: int, event: str) -> None:
        """Whoever was asked gives or refuses."""
        self._happen(pick, event, ("requested",), "given" if event == "giveConsent" else "refused")

    @precondition(lambda self: self._some("given", "renewed"))
    @rule(pick=st.integers(0, 9))
    def withdraw(self, pick: int) -> None:
        """Somebody takes a consent back."""
        self._happen(pick, "withdrawConsent", ("given", "renewed"), "withdrawn")

    @precondition(lambda self: self._some("given", "renewed"))
    @rule(pick=st.integers(0, 9))
    def renew(self, pick: int) -> None:
        """Somebody lets a consent run on, also after its end."""
        self._happen(pick, "renewConsent", ("given", "renewed"), "renewed")

    @rule(mode=st.sampled_from(["drill", "disaster"]))
    def declare(self, mode: str) -> None:
        """The city declares; where a disaster holds, no drill."""
        if self.mode == "disaster" and mode == "drill":
            return
        self.guide.asked(lambda: self._declare(mode))
        self._done("declare", f"declared: {mode}")

    @precondition(lambda self: self.declared is not None)
    @rule()
    def end(self) -> None:
        """What was declared ends."""
        declared = self.declared
        if declared is not None:
            self.guide.asked(lambda: self.town.end(declared))
        self.ended = self.ended or self.mode == "disaster"
        self.mode, self.declared = "normal", None
        self._done("end", "ended")

    @rule(passes_s=st.sampled_from(PASSES_S))
    def time_goes_on(self, passes_s: float) -> None:
        """Consents end at their instants."""
        self.guide.asked(lambda: self.guide.sandbox.advance(passes_s))
        self._call_anew()
        self._done("time", f"{passes_s:g} s later")

    # What must hold after each step.

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        """Every decision and every read is the model's."""
        wrong = self._wrong()
        if wrong:
            self.failed = True
            case = min(wrong, key=lambda one: (requirement_of(one), str(one.question)))
            self.guide.mismatch(
                self._requirement(case),
                Text(
                    f"decision of {case.question.subject}: {case.question}",
                    f"{case.question.subject} の判定: {case.question}",
                ),
                expected=case.expected,
                actual=str(case.got),
            )
        self._reads()

    def teardown(self) -> None:
        """At the end, the log of each person holds what was shown of them, and nothing else."""
        if self.failed or self.guide.over:
            return
        for person in self.people:
            entries = self._items("listAccessLog", person, {"limit": 100})
            seen = {
                (
                    str(one.get("operation")),
                    frozenset((str(row.get("category")), str(row.get("basis"))) for row in one.get("disclosures", ())),
                )
                for one in entries
                if isinstance(one, dict) and one.get("disclosures")
            }
            wanted = self.shown[person.user]
            if seen != wanted:
                self.guide.mismatch(
                    "CONS-011",
                    Text(f"access log of {person.user}", f"{person.user} のアクセス記録"),
                    expected=_sorted(wanted),
                    actual=_sorted(seen),
                )

    # How it looks.

    def _wrong(self) -> list[Case]:
        """Decisions that are not the model's."""
        found: list[Case] = []
        for person in self.people:
            held = self._held_by(person)
            asked = [
                Question(person.user, what, category, who, mode) for who, what, category in CELLS for mode in MODES
            ]
            for end in _ends(held):
                asked += [Question(person.user, what, category, who, "normal", end) for who, what, category in CELLS]
            found += self._cases(person, asked, held)
            found += self._office_cases(person, held)
        return [case for case in found if case.differs]

    def _cases(self, person: PersonAccount, asked: Sequence[Question], held: Sequence[Held]) -> list[Case]:
        cases = []
        for question, got in zip(asked, self._decided(person, asked), strict=True):
            at_s = instant_s(question.time) if question.time else self.now_s
            said = by_the_book(held, question.recipient, question.purpose, question.category, question.mode, at_s)
            was_open = self.open.get(question, False)
            cases.append(Case(question, got, said, held, last=self.last, was_open=was_open))
            self._next[question] = got.permit
        return cases

    def _office_cases(self, person: PersonAccount, held: Sequence[Held]) -> list[Case]:
        """Decisions that the city office is given, in the mode that holds."""
        asked = [Question(person.user, PURPOSE, category) for category in (*CATEGORIES, *SHOWN)]
        cases = []
        for question, got in zip(asked, self._decided(OFFICE, asked), strict=True):
            named = question._replace(recipient="municipality", mode=self.mode)
            said = by_the_book(held, named.recipient, named.purpose, named.category, named.mode, self.now_s)
            key = question
            cases.append(
                Case(
                    named,
                    got,
                    said,
                    held,
                    held=True,
                    ended=self.ended,
                    last=self.last,
                    was_open=self.open.get(key, False),
                )
            )
            self._next[key] = got.permit
        return cases

    def _decided(self, who: Any, asked: Sequence[Question]) -> list[Answer]:
        found: list[Answer] = []
        self.guide.asked(lambda: found.extend(self.consents.decide(who, asked)))
        return found

    def _reads(self) -> None:
        """The user API and the list of users show what decisions permit."""
        wrong = self._shown_wrong()
        if not wrong:
            return
        self.failed = True
        operation, case = wrong[0]
        broken = "CONS-008" if operation == "listUsers" else self._requirement(case)
        person, category = case.question.subject, case.question.category
        self.guide.mismatch(
            broken,
            Text(f"{operation} of {person}: {category}", f"{operation}({person})の {category}"),
            expected=case.said.basis if case.said.permit else "not shown",
            actual=case.got.basis if case.got.permit else "not shown",
        )

    def _shown_wrong(self) -> list[tuple[str, Case]]:
        """What reads show that is not the model's; what they show is remembered for the log."""
        listed, whole = self._listed()
        wrong = []
        for person in self.people:
            reply = self.city.call("getUser", OFFICE, query={"purpose": PURPOSE}, path={"sub": person.user})
            shown = _bases(reply.members) if reply.status == 200 else {}
            for operation, seen in (("getUser", shown), ("listUsers", _bases(listed.get(person.user, {})))):
                if whole or operation != "listUsers":
                    wrong += [(operation, case) for case in self._read_cases(person, seen) if case.differs]
                if seen:
                    self.shown[person.user].add((operation, frozenset(seen.items())))
        return wrong

    def _listed(self) -> tuple[dict[str, Any], bool]:
        """Users that the city office is listed, and whether these tell enough: all, or the people of the walk.

        Under load, lists are put off first (C7), and the list of a whole town is too long to be read at each step.
        """
        found: dict[str, Any] = {}
        query: dict[str, Any] = {"purpose": PURPOSE, "limit": 500}
        wanted = {one.user for one in self.people}
        for _ in range(PAGES):
            reply = self.city.call("listUsers", OFFICE, query=query, patient=False)
            found |= {str(one.get("sub")): one for one in reply.members.get("items", ()) if isinstance(one, dict)}
            query["cursor"] = reply.members.get("next_cursor")
            if reply.status != 200 or not query["cursor"] or wanted <= found.keys():
                return found, reply.status == 200
        return found, False

    def _read_cases(self, person: PersonAccount, seen: Mapping[str, str]) -> list[Case]:
        held = self._held_by(person)
        cases = []
        for category in SHOWN:
            said = by_the_book(held, "municipality", PURPOSE, category, self.mode, self.now_s)
            got = Answer(category in seen, {"basis": seen.get(category, "none")})
            named = Question(person.user, PURPOSE, category, "municipality", self.mode)
            was_open = self.open.get(Question(person.user, PURPOSE, category), False)
            cases.append(Case(named, got, said, held, held=True, ended=self.ended, last=self.last, was_open=was_open))
        return cases

    def _items(self, operation_id: str, who: Any, query: Mapping[str, Any]) -> list[Any]:
        found: list[Any] = []
        self.guide.asked(lambda: found.extend(self.city.items(operation_id, who, query)))
        return [one for one in found if isinstance(one, dict)]

    def _held_by(self, person: PersonAccount) -> list[Held]:
        return [*self.left[person.user], *(one for owner, _, one in self.held.values() if owner == person)]

    def _requirement(self, case: Case) -> str:
        """The requirement that a case breaks; what is right two days later was a copy that was kept too long."""
        lacks_consent = case.said.basis == "consent" and case.got.basis != "consent" and not case.question.time
        return "CONS-004" if lacks_consent and self._is_right_later(case) else requirement_of(case)

    def _is_right_later(self, case: Case) -> bool:
        """Whether the same question, for the same time, is answered by consent two days later."""
        person = next(one for one in self.people if one.user == case.question.subject)
        question = case.question._replace(time=datetime.fromtimestamp(self.now_s, UTC).isoformat())
        self.guide.asked(lambda: self.guide.sandbox.advance(COPY_S))
        self._call_anew()
        return self._decided(person, [question])[0].basis == "consent"

    # What it remembers.

    def _record(self, who: Who, person: PersonAccount, grant: Grant, more: Mapping[str, Any]) -> None:
        """Have a consent recorded, and remember it."""
        found: dict[str, Any] = {}
        modes = {"modes": list(grant.modes)}
        self.guide.asked(
            lambda: found.update(
                self.consents.give(who, grant.purpose, grant.categories, grant.recipients, **modes, **more)
            )
        )
        begin_s, end_s = _when(found)
        codes = (frozenset(grant.categories), frozenset(grant.recipients), frozenset(grant.modes))
        held = Held(grant.purpose, *codes, str(more["state"]), begin_s, end_s)
        self.held[str(found.get("record_id"))] = (person, found, held)

    def _some(self, *states: str) -> list[str]:
        return [name for name, (_, _, one) in self.held.items() if one.state in states]

    def _happen(self, pick: int, event: str, states: Sequence[str], state: str) -> None:
        names = self._some(*states)
        name = names[pick % len(names)]
        person, record, held = self.held[name]
        reply = self.consents.act(event, person, record)
        if reply.status != 200:
            self.guide.stop(
                f"{event}: {reply.status} {reply.text[:120]}", f"{event}: {reply.status} {reply.text[:120]}"
            )
        _, end_s = _when(reply.members)
        kept = replace(held, state=state, valid_until_s=end_s if event == "renewConsent" else held.valid_until_s)
        self.held[name] = (person, record, kept)
        last = {"giveConsent": "confirm", "withdrawConsent": "withdraw", "renewConsent": "renew"}.get(event, "refuse")
        number = 1 + list(self.held).index(name)
        self._done(
            last,
            f"{person.user}: {event} {number} ({held.purpose} {sorted(held.categories)} to {sorted(held.recipients)})",
        )

    def _declare(self, mode: str) -> None:
        self.declared, self.mode = self.town.declare(mode), mode

    def _done(self, last: str, told: str) -> None:
        self.last, self.open = last, self._next
        self.guide.step(told)
        self._look()

    def _look(self) -> None:
        """See what the time is; what is open now is remembered for the next step."""
        self._next: dict[Question, bool] = {}
        self.guide.asked(self._tell_time)

    def _tell_time(self) -> None:
        self.now_s = instant_s(self.town.now())


def _when(record: Record) -> tuple[float | None, float | None]:
    begin, end = record.get("valid_from"), record.get("valid_until")
    return (None if begin is None else instant_s(str(begin)), None if end is None else instant_s(str(end)))


def _ends(held: Sequence[Held]) -> list[str]:
    """The first instants at which consents end, of those that end at a whole second, as questions name them."""
    ends = {one.valid_until_s for one in held if one.valid_until_s is not None and one.valid_until_s % 1 == 0}
    return [_iso(one) for one in sorted(ends)[:2]]


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(round(at_s), UTC).isoformat()


def _bases(item: Mapping[str, Any]) -> dict[str, str]:
    rows = [one for one in item.get("disclosure", ()) if isinstance(one, dict) and one.get("decision") == "permit"]
    return {str(one.get("category")): str(one.get("basis")) for one in rows}


def _sorted(entries: set[tuple[str, frozenset[tuple[str, str]]]]) -> list[Any]:
    return sorted((operation, sorted(shown)) for operation, shown in entries)
