"""Scene: a sandbox set back to its start, its people without consents, and what they agree to during a check."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from conformance.accounts import PersonAccount
from conformance.city.caller import City, Who
from conformance.city.consents import Answer, Consents, Question, Record
from conformance.city.records import withdraw_all
from conformance.city.town import Town
from conformance.consent_model import Held, Verdict, by_the_book
from conformance.context import Context
from conformance.text import Text
from conformance.wire import Line, Reply

OFFICE = "city_office"
"""The role that stands for the recipient municipality."""

SHOWN = ("profile.basic", "profile.contact", "support_flag")
"""Categories that getUser and listUsers show. Source: contract, schema UserData."""

LAW_CELL = ("municipality", "disaster_support", "safety")
"""Recipient, purpose and category that the law opens in a disaster. Source: 災対法 86-15(3)."""

CONSENT_CELL = ("municipality", "disaster_support", "location")
"""Recipient, purpose and category that nothing but a consent opens: no clause names a position."""

FRIENDS = ("acquaintance", "employer")
"""Recipients that are denied whatever mode holds. Source: contract C4, default_deny."""

LOOKED_AT = 12
"""So many associations' registers are looked at; a town may have hundreds."""

STEP_S = 3 * 86_400.0
"""How far a scene's clock is set ahead of that of the scene before, in seconds: beyond any copy that a server keeps of
what it decided for earlier checks. Source: none, longer than the day that tokens may live. Confidence C."""

_numbers: WeakKeyDictionary[Line, Any] = WeakKeyDictionary()


class Scene:
    """People, consents and modes of one check; everything is as before when the check ends.

    ``fresh_clock``: the clock is set where it never was before, so that no copy of an earlier answer is still used.
    """

    def __init__(self, ctx: Context, *, fresh_clock: bool = False) -> None:
        self.ctx = ctx
        self.fresh_clock = fresh_clock and ctx.target.has_sandbox
        self._ahead_s = 0.0
        self._left: dict[str, list[Held]] = {}
        if ctx.target.has_sandbox:
            ctx.sandbox.reset()
        self.city = City(ctx.target, ctx.wire)
        self.consents = Consents(self.city)
        self.town = Town(self.city)
        self.associations = ctx.draws.shuffled(ctx.target.of_role("association"))[:LOOKED_AT]

    def people(self, number: int, *, reached: bool = False) -> list[PersonAccount]:
        """So many people without any consent, drawn by the seed; the clock is fresh from then on.

        Who never said anything comes first. In a sandbox others withdraw what they agreed to: the records stay with
        them (``left``), and a reset gives the consents back. ``reached``: a disaster can be declared where they live.

        Raises:
            NotApplicable: There are not so many.
        """
        silent, others = self._by_silence(number, reached)
        found = self.town.reached(silent) if reached else silent
        if len(found) < number and self.ctx.target.has_sandbox:
            found += self._made_blank(others, number - len(found), reached)
        if self.fresh_clock:
            self.later()
        if len(found) < number:
            self.ctx.omit(
                f"needs {number} made-up people without any consent"
                + (" who live where a disaster can be declared" if reached else "")
                + f"; there are {len(found)}",
                f"同意のない架空の住民が{number}人要る"
                + ("(災害を宣言できる地区に住む人)" if reached else "")
                + f"が、{len(found)}人しかいない",
            )
        return found[:number]

    def _made_blank(
        self,
        others: Mapping[PersonAccount, list[Record]],
        number: int,
        reached: bool,  # noqa: FBT001
    ) -> list[PersonAccount]:
        """So many of those who said something, after they have withdrawn it: the law opens them then, or nothing."""
        waiting, found = list(others), list[PersonAccount]()
        while waiting and len(found) < number:
            some, waiting = waiting[: number + 1], waiting[number + 1 :]
            for one in some:
                self._left[one.user] = withdraw_all(self.consents, one, others[one])
            found += self.town.reached(some) if reached else some
        return found

    def _by_silence(self, number: int, reached: bool) -> tuple[list[PersonAccount], dict[PersonAccount, list[Record]]]:  # noqa: FBT001
        """People who never said anything, until there are enough of them, and those who did, with their records."""
        silent: list[PersonAccount] = []
        others: dict[PersonAccount, list[Record]] = {}
        for one in self.ctx.draws.shuffled(self.ctx.target.people):
            records = self.consents.of(one)
            if records:
                others[one] = records
            else:
                silent.append(one)
            if len(silent) >= number and not reached:
                break
        return silent, others

    def left(self, person: PersonAccount) -> list[Held]:
        """Records of a person that were there before the check and open nothing any more."""
        return self._left.get(person.user, [])

    def person(self, *, reached: bool = False) -> PersonAccount:
        """One of them."""
        return self.people(1, reached=reached)[0]

    def give(self, who: Who, purpose: str, categories: Iterable[str], recipients: Iterable[str], **more: Any) -> Record:
        """A consent that was recorded; without a sandbox it is withdrawn when the check ends."""
        record = self.consents.give(who, purpose, categories, recipients, **more)
        if not self.ctx.target.has_sandbox:
            self.ctx.afterwards(lambda: self.consents.act("withdrawConsent", who, record))
        return record

    def ask(self, person: PersonAccount, cell: Sequence[str], mode: str = "normal", at: str = "") -> Answer:
        """The decision on recipient, purpose and category of a person, asked by the person."""
        recipient, purpose, category = cell
        return self.consents.decide(person, [Question(person.user, purpose, category, recipient, mode, at)])[0]

    def asked_by(self, who: Who, person: PersonAccount, cell: Sequence[str]) -> Answer:
        """The same asked by a client, in the mode that holds, now."""
        return self.consents.decide(who, [Question(person.user, cell[1], cell[2])])[0]

    def user(self, who: Who, person: PersonAccount, purpose: str = "disaster_support") -> Reply:
        """What a client is shown of a person."""
        return self.city.call("getUser", who, query={"purpose": purpose}, path={"sub": person.user})

    def expect(self, what: Text, asked: Sequence[Question], got: Sequence[Answer], said: Sequence[Verdict]) -> None:
        """Demand that decisions are what the model says: permitted or not, and on which basis."""
        for question, answer, verdict in zip(asked, got, said, strict=True):
            right = (answer.permit, answer.basis, answer.clause) == (verdict.permit, verdict.basis, verdict.clause)
            self.ctx.require(
                Text(f"{what.en}: {question}", f"{what.ja}: {question}"),
                right,
                expected=told(verdict),
                actual=str(answer),
            )

    def closed(self, person: PersonAccount, *cells: Sequence[str], mode: str = "normal") -> None:
        """A control: nothing of these was agreed to, and they are denied."""
        with self.ctx.control(Text("what nobody agreed to is denied", "同意のないものは開示しない")):
            for cell in cells:
                self.denied(Text("asked without any consent", "同意なしに尋ねる"), self.ask(person, cell, mode))

    def listed(self, person: PersonAccount, purpose: str = "disaster_support") -> dict[str, str]:
        """On which basis each category of a person stands in the city office's list of users; empty if not listed."""
        for page in self.city.pages("listUsers", OFFICE, {"purpose": purpose, "limit": 500}):
            for one in page.members.get("items", ()):
                if isinstance(one, dict) and one.get("sub") == person.user:
                    return bases(one)
        return {}

    def law_reads(self, person: PersonAccount) -> dict[str, bool]:
        """By which operations the city office is shown something of a person by law, now."""
        answer = self.asked_by(OFFICE, person, LAW_CELL)
        return {
            "decideConsents": answer.permit and answer.basis == "statutory",
            "getUser": "statutory" in basis_of(self.user(OFFICE, person)).values(),
            "listUsers": "statutory" in self.listed(person).values(),
        }

    def no_law(self, *replies: Reply) -> None:
        """Demand that nothing of these rests on law, as befits normal times; to be asked in a control."""
        for reply in replies:
            by_law = [category for category, basis in basis_of(reply).items() if basis == "statutory"]
            what = Text("shown by law in normal times", "平時に法令を根拠として示された項目")
            self.ctx.expect(what, expected=[], actual=by_law)

    def later(self) -> None:
        """Set the clock where it never was in this run, so that no copy of an earlier answer is used any more."""
        if not self.ctx.target.has_sandbox:
            return
        ahead_s = next(_numbers.setdefault(self.ctx.target.line, count(1))) * STEP_S
        self.advance(ahead_s - self._ahead_s)
        self._ahead_s = ahead_s

    def advance(self, seconds: float) -> None:
        """Set the sandbox's clock forward; tokens are fetched anew from then on."""
        self.ctx.sandbox.advance(seconds)
        self.city = City(self.ctx.target, self.ctx.wire)
        self.consents, self.town = Consents(self.city), Town(self.city)

    def permitted(self, what: Text, answer: Answer, basis: str = "consent") -> None:
        """Demand a permission on a basis."""
        self.ctx.require(
            what, answer.permit and answer.basis == basis, expected=f"permit ({basis})", actual=str(answer)
        )

    def denied(self, what: Text, answer: Answer) -> None:
        """Demand a denial."""
        self.ctx.require(what, not answer.permit, expected="deny", actual=str(answer))


def said_of(consents: Sequence[Held], asked: Sequence[Question], at_s: float) -> list[Verdict]:
    """What the model says on questions that name recipient and mode."""
    return [by_the_book(consents, one.recipient, one.purpose, one.category, one.mode, at_s) for one in asked]


def told(verdict: Verdict) -> str:
    """A verdict of the model, in the words of an answer."""
    said = " ".join(filter(None, (verdict.basis, verdict.clause, verdict.reason)))
    return f"{'permit' if verdict.permit else 'deny'} ({said})"


def basis_of(reply: Reply) -> dict[str, str]:
    """On which basis each category of a person was shown; empty where nothing was."""
    return bases(reply.members) if reply.status == 200 else {}


def bases(item: Mapping[str, Any]) -> dict[str, str]:
    """The same of an item with its member ``disclosure``."""
    return {
        str(one.get("category")): str(one.get("basis"))
        for one in item.get("disclosure", ())
        if isinstance(one, dict) and one.get("decision") == "permit"
    }


PAUSE_S = 0.5
"""Between two looks of ``wait_until``, in seconds. Source: none; a tenth of the shortest limit. Confidence C."""


def wait_until(holds: Callable[[], bool], limit_s: float) -> bool:
    """Look again and again until something holds, or the time (seconds) is up; whether it held."""
    end_s = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > end_s:
            return False
        time.sleep(PAUSE_S)
    return True
