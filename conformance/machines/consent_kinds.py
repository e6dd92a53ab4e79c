"""Kinds: which requirement a decision breaks that is not the model's, by what differed."""

from collections.abc import Sequence
from dataclasses import dataclass

from conformance.city.consents import Answer, Question
from conformance.consent_model import Held, Verdict, tuples_of, why_not

FRIENDS = ("acquaintance", "employer")
BY_STATE = {"withdrawn": "CONS-004", "requested": "CONS-027"}
"""Requirement that is broken where a consent counts in a state in which it must not."""


@dataclass(frozen=True)
class Case:
    """A decision beside the model's verdict.

    ``question`` names recipient and mode. ``held``: it was asked for the mode that holds. ``ended``: a disaster was
    declared before and has ended. ``last`` is what was done last, ``was_open`` whether the cell was open before that.
    """

    question: Question
    got: Answer
    said: Verdict
    consents: Sequence[Held]
    held: bool = False
    ended: bool = False
    last: str = ""
    was_open: bool = False

    @property
    def differs(self) -> bool:
        """Whether the decision is not the model's."""
        return (self.got.permit, self.got.basis) != (self.said.permit, self.said.basis)

    @property
    def expected(self) -> str:
        """What the model says, in the words of an answer."""
        said = " ".join(filter(None, (self.said.basis, self.said.clause, self.said.reason)))
        return f"{'permit' if self.said.permit else 'deny'} ({said})"


def requirement_of(case: Case) -> str:
    """The requirement that a decision breaks which differs from the model's."""
    if case.got.permit and case.said.basis not in {case.got.basis, "consent"}:
        return _by_law(case) if case.got.basis == "statutory" else _too_much(case)
    return _too_little(case) if case.said.permit else "CONS-001"


def _by_law(case: Case) -> str:
    if case.question.mode == "drill":
        return "CONS-003"
    if case.question.mode == "disaster":
        return "CONS-001"
    return "CONS-014" if case.held and case.ended else "CONS-002"


def _too_much(case: Case) -> str:
    if case.last == "withdraw" and not case.was_open:
        return "CONS-010"
    reason = why_not(case.consents, _asked(case.question))
    if reason == "withdrawn":
        states = {one.state for one in case.consents if _asked(case.question) in tuples_of(one)}
        return next((broken for state, broken in BY_STATE.items() if state in states), "CONS-001")
    if reason == "expired":
        return "CONS-005"
    if reason == "mode":
        return _of_mode(case)
    return "CONS-012" if case.question.recipient in FRIENDS else "CONS-001"


def _of_mode(case: Case) -> str:
    if case.question.mode == "drill":
        return "CONS-025"
    return "CONS-014" if case.held and case.ended and case.question.mode == "normal" else "CONS-002"


def _too_little(case: Case) -> str:
    if case.was_open and case.last in ("agree", "confirm"):
        return "CONS-010"
    if case.last in ("confirm", "renew") and case.said.basis == "consent":
        return "CONS-027"
    return "CONS-025" if case.question.mode == "drill" else "CONS-001"


def _asked(question: Question) -> tuple[str, str, str, str]:
    return question.category, question.recipient, question.purpose, question.mode
