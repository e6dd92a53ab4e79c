"""The law of the contract as a model: the consent decision, slow and obvious, sentence by sentence from C4.

Written from contract C4, the acts and the safety form. Nothing here is taken from a server or from the contract's data:
codes, clauses and rings are typed by hand, so that a slip there is found here.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

PURPOSES = (
    "disaster_support", "evacuation_support", "family_sharing", "personal_service", "safety_inquiry", "shelter_life",
    "survey_analysis", "health_sharing", "procedures", "payments", "mobility", "tourism", "agri",
)  # fmt: skip
CATEGORIES = (
    "profile.basic", "profile.gender", "profile.contact", "profile.image", "profile.birth_year",
    "profile.residence_municipality", "family", "location", "support_flag", "safety", "medication_condition", "checkin",
    "survey", "survey.derived", "household", "payment_result", "lifelog", "rx_lab", "plan",
)  # fmt: skip
RECIPIENTS = (
    "self", "family", "supporter", "association", "association:0123", "welfare", "municipality", "medical",
    "service:care-app", "service:bus", "acquaintance", "employer", "public", "none",
)  # fmt: skip
MODES = ("normal", "drill", "disaster")
VALID = ("given", "renewed")
INVALID = ("unknown", "requested", "deferred", "refused", "withdrawn", "expired", "terminated", "invalidated")

ALL_ITEMS = (
    "name", "name_kana", "birth_date", "sex", "address", "nationality", "other_identifier", "injured", "condition",
    "whereabouts", "contact",
)  # fmt: skip

HELPERS = ("association", "welfare", "supporter")
LAW: dict[tuple[str, str, str], str] = {}
"""Clause by recipient, purpose and category, where the law speaks whatever the person said."""
for _who, _what in itertools.product(HELPERS, ("profile.basic", "profile.contact", "support_flag")):
    LAW[_who, "evacuation_support", _what] = "災害対策基本法49-11(3)"
for _who in HELPERS:
    LAW[_who, "evacuation_support", "plan"] = "災害対策基本法49-15(3)"
LAW["municipality", "disaster_support", "safety"] = "災害対策基本法86-15(3)"
for _what in ("profile.basic", "checkin", "support_flag"):
    LAW["municipality", "disaster_support", _what] = "災害対策基本法90-3"

LAW_UNLESS_REFUSED = {
    ("family", "family_sharing", "safety"): "災害対策基本法86-15(1)",
    ("family", "safety_inquiry", "safety"): "災害対策基本法86-15(1)",
}


class Record(Protocol):
    """A consent, as the server has it."""

    @property
    def purpose(self) -> str:
        """What for."""

    @property
    def categories(self) -> frozenset[str]:
        """What of the person."""

    @property
    def recipients(self) -> frozenset[str]:
        """To whom."""

    @property
    def modes(self) -> frozenset[str]:
        """In normal times, drills, disasters."""

    @property
    def state(self) -> str:
        """Given, renewed, refused, withdrawn ..."""

    @property
    def valid_from_s(self) -> float | None:
        """Its first instant."""

    @property
    def valid_until_s(self) -> float | None:
        """The instant at which it holds no longer."""


@dataclass(frozen=True)
class Held:
    """A consent as a walk or a check remembers it; times are Unix seconds, None is open."""

    purpose: str
    categories: frozenset[str]
    recipients: frozenset[str]
    modes: frozenset[str]
    state: str = "given"
    valid_from_s: float | None = None
    valid_until_s: float | None = None


class Verdict(NamedTuple):
    """What the book says."""

    permit: bool
    basis: str
    clause: str
    reason: str
    ring: int
    items: tuple[str, ...]


def by_the_book(
    consents: Sequence[Record] | None, recipient: str, purpose: str, category: str, mode: str, at_s: float
) -> Verdict:
    """What C4 says about one question."""
    if consents is None:
        return denied("unknown_subject")
    ring, items = ring_of(recipient) if category == "safety" else (0, ())
    asked = (category, recipient, purpose, mode)
    # (a) a consent in state given or renewed covers all five and is unexpired.
    if any(record.state in VALID and asked in tuples_of(record) and runs(record, at_s) for record in consents):
        return Verdict(permit=True, basis="consent", clause="", reason="", ring=ring, items=items)
    # (b) a disaster, and a clause for this recipient, purpose and category; a drill never.
    if mode == "disaster":
        clause = LAW.get((recipient, purpose, category), "")
        no = any(record.state in ("refused", "withdrawn") and asked in tuples_of(record) for record in consents)
        if not no:
            clause = clause or LAW_UNLESS_REFUSED.get((recipient, purpose, category), "")
        if clause:
            return Verdict(permit=True, basis="statutory", clause=clause, reason="", ring=ring, items=items)
    return denied(why_not(consents, asked))


def denied(reason: str) -> Verdict:
    """No, and why."""
    return Verdict(permit=False, basis="none", clause="", reason=reason, ring=0, items=())


def tuples_of(record: Record) -> set[tuple[str, str, str, str]]:
    """Every combination that a record covers, one by one."""
    return set(itertools.product(record.categories, record.recipients, [record.purpose], record.modes))


def runs(record: Record, at_s: float) -> bool:
    """From its first instant until just before its last."""
    start_s = -1e18 if record.valid_from_s is None else record.valid_from_s
    end_s = 1e18 if record.valid_until_s is None else record.valid_until_s
    return not at_s < start_s and not at_s >= end_s


def ring_of(recipient: str) -> tuple[int, tuple[str, ...]]:
    """Questions 12 to 14 of the form: kin 1-11, acquaintances 1, 7 and 8, everybody else 1-11."""
    if recipient == "family":
        return 1, ALL_ITEMS
    if recipient in ("acquaintance", "employer"):
        return 2, ("name", "other_identifier", "injured")
    if recipient == "public" or recipient.startswith("service:"):
        return 3, ALL_ITEMS
    return 0, ()


def why_not(consents: Iterable[Record], asked: tuple[str, str, str, str]) -> str:
    """The reason of the consent that comes nearest."""
    records = list(consents)
    category, recipient, purpose, _ = asked
    covering = [record for record in records if asked in tuples_of(record)]
    nearer = {
        "expired": any(record.state in VALID for record in covering),
        "withdrawn": bool(covering),
        "mode": any(
            category in record.categories and recipient in record.recipients and purpose == record.purpose
            for record in records
        ),
        "purpose": any(category in record.categories and recipient in record.recipients for record in records),
        "recipient": any(category in record.categories for record in records),
        "category": bool(records),
    }
    return next((reason for reason, applies in nearer.items() if applies), "no_consent")
