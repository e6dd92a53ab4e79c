"""The consent decision against an independent, slow, obvious formulation."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from reference_api.consent import ConsentRecord, decide

PURPOSES = ("disaster_support", "evacuation_support", "family_sharing")
CATEGORIES = ("profile.basic", "safety", "location", "checkin", "support_flag", "plan", "profile.contact")
RECIPIENTS = ("family", "municipality", "association", "association:9", "employer", "acquaintance")
MODES = ("normal", "drill", "disaster")
STATES = ("given", "renewed", "withdrawn", "refused", "expired", "requested")
TIMES = st.sampled_from([0.0, 10.0, 20.0, 30.0])


def some(values: Sequence[str]) -> st.SearchStrategy[frozenset[str]]:
    """Subsets that are seldom empty."""
    return st.frozensets(st.sampled_from(values), max_size=len(values))


RECORDS = st.builds(
    ConsentRecord,
    purpose=st.sampled_from(PURPOSES),
    categories=some(CATEGORIES),
    recipients=some(RECIPIENTS),
    modes=some(MODES),
    state=st.sampled_from(STATES),
    valid_from_s=st.none() | TIMES,
    valid_until_s=st.none() | TIMES,
)
QUESTIONS = st.tuples(
    st.sampled_from(RECIPIENTS), st.sampled_from(PURPOSES), st.sampled_from(CATEGORIES), st.sampled_from(MODES), TIMES
)

# Written out once more, by hand, from the contract's table and the acts.
BY_LAW = {
    *itertools.product(
        ["association"], ["evacuation_support"], ["profile.basic", "profile.contact", "support_flag", "plan"]
    ),
    ("municipality", "disaster_support", "safety"),
    ("municipality", "disaster_support", "profile.basic"),
    ("municipality", "disaster_support", "checkin"),
    ("municipality", "disaster_support", "support_flag"),
}


def obvious(
    consents: Sequence[ConsentRecord], recipient: str, purpose: str, category: str, mode: str, at_s: float
) -> str:
    """Basis of the disclosure, by listing every tuple that is allowed."""
    allowed = set()
    refused = set()
    for record in consents:
        tuples = set(itertools.product(record.recipients, [record.purpose], record.categories, record.modes))
        start = -1.0 if record.valid_from_s is None else record.valid_from_s
        end = 1e9 if record.valid_until_s is None else record.valid_until_s
        if record.state in ("given", "renewed") and start <= at_s and not end <= at_s:
            allowed |= tuples
        if record.state in ("withdrawn", "refused"):
            refused |= tuples
    asked = (recipient, purpose, category, mode)
    if asked in allowed:
        return "consent"
    if mode != "disaster":
        return "none"
    if (recipient, purpose, category) in BY_LAW:
        return "statutory"
    family = (recipient, purpose, category) == ("family", "family_sharing", "safety")
    return "statutory" if family and asked not in refused else "none"


@given(st.lists(RECORDS, max_size=4), QUESTIONS)
def test_decision_is_the_obvious_one(consents: list[ConsentRecord], asked: tuple[str, str, str, str, float]) -> None:
    """Permit and basis agree with the obvious formulation; a clause is named exactly when law is the basis."""
    decision = decide(consents, *asked)
    assert decision.basis == obvious(consents, *asked)
    assert decision.permit == (decision.basis != "none")
    assert bool(decision.clause) == (decision.basis == "statutory")
    assert bool(decision.reason) == (not decision.permit)


@given(st.lists(RECORDS, max_size=3), RECORDS.filter(lambda r: r.state in ("given", "renewed")), QUESTIONS)
def test_another_consent_never_takes_away(
    consents: list[ConsentRecord], more: ConsentRecord, asked: tuple[str, str, str, str, float]
) -> None:
    """Whoever consents to more is disclosed no less (monotone)."""
    if decide(consents, *asked).permit:
        assert decide([*consents, more], *asked).permit


@given(st.lists(RECORDS, min_size=1, max_size=3), QUESTIONS, some(CATEGORIES), some(RECIPIENTS), some(MODES))
def test_widening_never_takes_away(
    consents: list[ConsentRecord],
    asked: tuple[str, str, str, str, float],
    categories: frozenset[str],
    recipients: frozenset[str],
    modes: frozenset[str],
) -> None:
    """A valid consent widened in any direction permits all that it permitted."""
    first = replace(consents[0], state="given")
    wider = replace(
        first,
        categories=first.categories | categories,
        recipients=first.recipients | recipients,
        modes=first.modes | modes,
        valid_from_s=None,
        valid_until_s=None,
    )
    if decide([first, *consents[1:]], *asked).permit:
        assert decide([wider, *consents[1:]], *asked).permit


@given(st.lists(RECORDS, min_size=1, max_size=3), QUESTIONS)
def test_withdrawing_never_adds(consents: list[ConsentRecord], asked: tuple[str, str, str, str, float]) -> None:
    """What is denied stays denied when a consent is withdrawn."""
    withdrawn = [replace(consents[0], state="withdrawn"), *consents[1:]]
    if not decide(consents, *asked).permit:
        assert not decide(withdrawn, *asked).permit


def test_consent_ends_at_its_last_instant() -> None:
    """Valid at its first instant, no longer at its last."""
    record = ConsentRecord(
        "disaster_support",
        frozenset({"location"}),
        frozenset({"municipality"}),
        frozenset({"disaster"}),
        valid_from_s=10.0,
        valid_until_s=20.0,
    )
    asked = ("municipality", "disaster_support", "location", "disaster")
    permits = [decide([record], *asked, at_s).permit for at_s in (9.9, 10.0, 19.9, 20.0)]
    assert permits == [False, True, True, False]
    assert decide([record], *asked, 20.0).reason == "expired"


def test_reason_names_what_was_missing() -> None:
    """The reason is that of the consent which comes nearest."""
    record = ConsentRecord(
        "disaster_support", frozenset({"location"}), frozenset({"municipality"}), frozenset({"normal"})
    )
    asked = ("municipality", "disaster_support", "location", "disaster", 0.0)
    assert decide([], *asked).reason == "no_consent"
    assert decide([record], *asked).reason == "mode"
    assert decide([replace(record, modes=frozenset({"disaster"}), state="withdrawn")], *asked).reason == "withdrawn"
    assert decide([record], "employer", "disaster_support", "location", "normal", 0.0).reason == "recipient"
