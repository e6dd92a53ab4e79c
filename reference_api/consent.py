"""The consent decision: may a recipient see a category of a person's data, for a purpose, in a mode, at a time.

Pure and table-driven. A consent counts if it covers recipient, purpose, category and mode and is valid at that time; a
consent for normal times says nothing of a disaster. Failing that, in mode disaster only, a clause of the contract's
statutory table may permit. Source: contract C4; clauses in ``conformance/contract/consent.toml``, audience rings in
``consent/rings.toml``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple, Protocol

from conformance.contract.catalogue import StatutoryRule, load_consent_catalogue, load_rings

REFUSALS = ("refused", "withdrawn")
"""States in which a person has said no. Source: ISO/IEC TS 27560 event states."""
OBLIGATIONS = ("audit", "notify_after", "minimum_necessary")
"""What must be done about a disclosure by law. Source: contract C4."""
RINGED = "safety"
"""The category of which the rings pick items. Source: ``consent/rings.toml``."""
_REMEMBERED = 4096
"""Cells of the tables kept ready: more than there are clients of a town. Source: none. Confidence C."""


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """One consent of a person, covering every combination of its codes.

    It holds from ``valid_from_s`` to just before ``valid_until_s`` (Unix seconds, None is open). ``state`` is one of
    the catalogue's states.
    """

    purpose: str
    categories: frozenset[str]
    recipients: frozenset[str]
    modes: frozenset[str]
    state: str = "given"
    valid_from_s: float | None = None
    valid_until_s: float | None = None


class Question(NamedTuple):
    """What is asked for: a category, by whom, what for, in which mode, at which time (Unix seconds)."""

    recipient: str
    purpose: str
    category: str
    mode: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. ``basis`` is own, consent, statutory or none; ``clause`` names the law; ``reason`` says why not.

    ``ring`` is the audience ring that a permission falls under, 0 for none; ``items`` are then the only ones of the
    category that may be shown.
    """

    permit: bool
    basis: str
    clause: str = ""
    reason: str = ""
    ring: int = 0
    items: tuple[str, ...] = ()

    @property
    def obligations(self) -> tuple[str, ...]:
        """What must be done about the disclosure."""
        return OBLIGATIONS if self.basis == "statutory" else ()


BY_CONSENT = Decision(permit=True, basis="consent")
OWN = Decision(permit=True, basis="own")
UNKNOWN = Decision(permit=False, basis="none", reason="unknown_subject")


class Decide(Protocol):
    """The decision as a function, so that a test can put a broken one in its place."""

    def __call__(
        self,
        consents: Sequence[ConsentRecord] | None,
        recipient: str,
        purpose: str,
        category: str,
        mode: str,
        at_s: float,
    ) -> Decision:
        """Decide on one question about one person, given all of the person's consents; None for nobody we know."""


def decide(
    consents: Sequence[ConsentRecord] | None, recipient: str, purpose: str, category: str, mode: str, at_s: float
) -> Decision:
    """Decide on one question about one person, given all of the person's consents; None for nobody we know.

    Codes are those of the contract's consent catalogue; ``at_s`` is Unix seconds.
    """
    if consents is None:
        return UNKNOWN
    question = Question(recipient, purpose, category, mode, at_s)
    furthest = 0 if consents else -1
    for consent in consents:
        # Most consents are of other categories, and pass nothing.
        if category not in consent.categories:
            continue
        passed = _passed(consent, question)
        if passed == _ALL_PASSED:
            return _by_consent(recipient, category)
        furthest = max(furthest, passed)
    return _statutory(consents, question) or _denied(furthest)


@cache
def _counting() -> frozenset[str]:
    return load_consent_catalogue().valid_states


_CRITERIA = ("category", "recipient", "purpose", "mode", "withdrawn", "expired")
"""What a consent must pass, in order; the name is the reason given where the best consent of the person fails."""
_COVERED = _CRITERIA.index("withdrawn")
_ALL_PASSED = len(_CRITERIA)


def _passed(consent: ConsentRecord, question: Question) -> int:
    """Number of criteria that a consent passes before it fails one."""
    if question.category not in consent.categories:
        return 0
    if question.recipient not in consent.recipients:
        return 1
    if question.purpose != consent.purpose:
        return 2
    if question.mode not in consent.modes:
        return 3
    if consent.state not in _counting():
        return _COVERED
    return _ALL_PASSED if _is_running(consent, question) else _COVERED + 1


def _is_running(consent: ConsentRecord, question: Question) -> bool:
    started = consent.valid_from_s is None or consent.valid_from_s <= question.at_s
    return started and (consent.valid_until_s is None or question.at_s < consent.valid_until_s)


@cache
def _denied(furthest: int) -> Decision:
    return Decision(permit=False, basis="none", reason="no_consent" if furthest < 0 else _CRITERIA[furthest])


@lru_cache(_REMEMBERED)
def _clauses(purpose: str, recipient: str, category: str) -> tuple[StatutoryRule, ...]:
    return tuple(
        rule
        for rule in load_consent_catalogue().statutory
        if rule.purpose == purpose and recipient in rule.recipients and category in rule.categories
    )


def _statutory(consents: Sequence[ConsentRecord], question: Question) -> Decision | None:
    if question.mode != "disaster":
        return None
    for rule in _clauses(question.purpose, question.recipient, question.category):
        if not (rule.unless_refused and _refused(consents, question)):
            return _by_clause(rule.clause, question.recipient, question.category)
    return None


def _refused(consents: Sequence[ConsentRecord], question: Question) -> bool:
    return any(consent.state in REFUSALS and _passed(consent, question) >= _COVERED for consent in consents)


@lru_cache(_REMEMBERED)
def _by_consent(recipient: str, category: str) -> Decision:
    return _in_ring(BY_CONSENT, recipient, category)


@lru_cache(_REMEMBERED)
def _by_clause(clause: str, recipient: str, category: str) -> Decision:
    return _in_ring(Decision(permit=True, basis="statutory", clause=clause), recipient, category)


def _in_ring(decision: Decision, recipient: str, category: str) -> Decision:
    """The same permission, held to the items of the recipient's ring where the category has rings."""
    ring, items = _rings().get(recipient.partition(":")[0], (0, ())) if category == RINGED else (0, ())
    return replace(decision, ring=ring, items=items) if ring else decision


@cache
def _rings() -> Mapping[str, tuple[int, tuple[str, ...]]]:
    """Number and items of the ring of each recipient that is in one."""
    return MappingProxyType(
        {recipient: (ring.number, ring.items) for ring in load_rings() for recipient in ring.recipients}
    )
