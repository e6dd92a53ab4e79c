"""Consents at a city OS: given, changed and withdrawn as people and staff do, and asked about. Nothing here judges."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from conformance.accounts import PersonAccount
from conformance.city.caller import City, Who
from conformance.outcomes import Unmet
from conformance.text import Text
from conformance.wire import Reply

BATCH = 100
"""Most questions in one request. Source: contract, schema DecisionBatch."""

Record = Mapping[str, Any]
"""A consent record as the city OS answers it."""


class Question(NamedTuple):
    """May a recipient see a category of a person's data; empty ``recipient``, ``mode`` and ``time`` are left out.

    ``subject`` is the identifier by which the asker knows the person.
    """

    subject: str
    purpose: str
    category: str
    recipient: str = ""
    mode: str = ""
    time: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """As it is sent."""
        context = {name: value for name, value in (("mode", self.mode), ("time", self.time)) if value}
        asked: dict[str, Any] = {"subject": {"type": "person", "id": self.subject}, "purpose": self.purpose}
        asked |= {"category": self.category, "action": {"name": "read"}}
        asked |= {"recipient": {"type": "recipient", "id": self.recipient}} if self.recipient else {}
        return asked | ({"context": context} if context else {})

    def __str__(self) -> str:
        told = f"{self.recipient or 'the asker'}, {self.purpose}, {self.category}"
        return f"{told}, {self.mode or 'the mode that holds'}" + (f", at {self.time}" if self.time else "")


@dataclass(frozen=True)
class Answer:
    """A decision as it was answered; ``context`` holds whatever came with it."""

    permit: bool
    context: Mapping[str, Any]

    @property
    def basis(self) -> str:
        """own, consent, statutory or none."""
        return str(self.context.get("basis", ""))

    @property
    def clause(self) -> str:
        """The clause of law, empty where there is none."""
        return str(self.context.get("clause", ""))

    @property
    def reason(self) -> str:
        """Why not, empty where nothing is said."""
        return str(self.context.get("reason", ""))

    def __str__(self) -> str:
        said = " ".join(filter(None, (self.basis, self.clause, self.reason)))
        return f"{'permit' if self.permit else 'deny'} ({said})"


class Consents:
    """What people and staff do with consents at a city OS."""

    def __init__(self, city: City) -> None:
        self.city = city

    def record(
        self, who: Who, purpose: str, categories: Iterable[str], recipients: Iterable[str], **more: Any
    ) -> Reply:
        """Ask to record a consent; ``more`` are further members (modes, state, valid_until, subject, method ...)."""
        body = {"purpose": purpose, "data_categories": list(categories), "recipients": list(recipients), **more}
        return self.city.call("createConsent", who, body)

    def give(self, who: Who, purpose: str, categories: Iterable[str], recipients: Iterable[str], **more: Any) -> Record:
        """A consent that was recorded.

        Raises:
            Unmet: It was not.
        """
        reply = self.record(who, purpose, categories, recipients, **more)
        return needed(reply, "createConsent", 200, 201)

    def act(self, operation_id: str, who: Who, record: Record, json_body: Any = None) -> Reply:
        """Something that happens to a record: giveConsent, refuseConsent, renewConsent, withdrawConsent."""
        return self.city.call(operation_id, who, json_body or {}, path={"consent_id": str(record["record_id"])})

    def withdraw(self, who: Who, record: Record) -> Record:
        """A consent that was withdrawn.

        Raises:
            Unmet: It was not.
        """
        return needed(self.act("withdrawConsent", who, record), "withdrawConsent", 200)

    def of(self, person: PersonAccount) -> list[Record]:
        """All records of a person, as the person sees them."""
        return self.city.items("listConsents", person, {"limit": 100})

    def decide(self, who: Who, questions: Sequence[Question]) -> list[Answer]:
        """The decisions on questions, in their order.

        Raises:
            Unmet: They were not answered.
        """
        answers: list[Answer] = []
        for start in range(0, len(questions), BATCH):
            part = questions[start : start + BATCH]
            reply = self.city.call("decideConsents", who, {"evaluations": [one.body for one in part]})
            found = needed(reply, "decideConsents", 200).get("evaluations")
            if not isinstance(found, list) or len(found) != len(part):
                text = f"decideConsents: {len(part)} questions, answered by {reply.text[:160]}"
                raise Unmet(Text(text, f"decideConsents: 問い{len(part)}件への答えが {reply.text[:160]}"))
            answers += [_answer(one) for one in found]
        return answers

    def decide_one(self, who: Who, question: Question) -> Answer:
        """The decision on one question."""
        reply = self.city.call("decideConsents", who, question.body)
        return _answer(needed(reply, "decideConsents", 200))


def _answer(found: Any) -> Answer:
    members = found if isinstance(found, dict) else {}
    context = members.get("context")
    return Answer(members.get("decision") is True, context if isinstance(context, dict) else {})


def needed(reply: Reply, what: str, *statuses: int) -> Record:
    """The members of an answer that a check cannot do without.

    Raises:
        Unmet: It has another status.
    """
    if reply.status not in statuses:
        said = f"{what}: {reply.status} {reply.text[:160]}"
        raise Unmet(Text(said, said))
    return reply.members


def instant_s(text: str) -> float:
    """Unix seconds of an RFC 3339 instant.

    Raises:
        ValueError: It is none.
    """
    return datetime.fromisoformat(text).timestamp()
