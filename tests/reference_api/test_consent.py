"""The consent decision, over its whole input space, against an independent formulation; and what follows from C4."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.consent_model import (
    ALL_ITEMS,
    CATEGORIES,
    INVALID,
    LAW,
    LAW_UNLESS_REFUSED,
    MODES,
    PURPOSES,
    RECIPIENTS,
    VALID,
    by_the_book,
)
from reference_api.consent import ConsentRecord, Decision, decide

Asked = tuple[str, str, str, str, float]
INSTANTS = (0.0, 10.0, 20.0, 30.0)
TIMES = st.sampled_from(INSTANTS)
QUESTIONS = st.tuples(
    st.sampled_from(RECIPIENTS), st.sampled_from(PURPOSES), st.sampled_from(CATEGORIES), st.sampled_from(MODES), TIMES
)


def near(code: str, codes: Sequence[str]) -> st.SearchStrategy[frozenset[str]]:
    """Sets of codes, with and without the one that is asked for: small ones, so that each matters."""
    some = st.frozensets(st.sampled_from(codes), max_size=3)
    return some.map(lambda others: others | {code}) | some


def records(asked: Asked) -> st.SearchStrategy[ConsentRecord]:
    """Consents that come near to a question, so that every criterion is the first to fail now and then."""
    recipient, purpose, category, mode, _ = asked
    return st.builds(
        ConsentRecord,
        purpose=st.just(purpose) | st.sampled_from(PURPOSES),
        categories=near(category, CATEGORIES),
        recipients=near(recipient, RECIPIENTS),
        modes=near(mode, MODES),
        state=st.sampled_from(VALID) | st.sampled_from((*VALID, *INVALID)),
        valid_from_s=st.none() | TIMES,
        valid_until_s=st.none() | TIMES,
    )


CASES = QUESTIONS.flatmap(lambda asked: st.tuples(st.just(asked), st.lists(records(asked), max_size=4)))
PERSON_CASES = QUESTIONS.flatmap(
    lambda asked: st.tuples(st.just(asked), st.lists(records(asked), min_size=1, max_size=3))
)
LAWFUL = st.sampled_from(sorted({**LAW, **LAW_UNLESS_REFUSED})).flatmap(
    lambda cell: st.tuples(st.just((*cell[:2], cell[2])), TIMES)
)
"""Questions on which some clause speaks: recipient, purpose and category, and a time."""


def fields(decision: Decision) -> tuple[object, ...]:
    """All that a decision says, in the book's order."""
    return (decision.permit, decision.basis, decision.clause, decision.reason, decision.ring, decision.items)


@given(CASES)
def test_decision_is_by_the_book(case: tuple[Asked, list[ConsentRecord]]) -> None:
    """Permission, basis, clause, reason, ring and items are what the sentences of C4 say."""
    asked, consents = case
    assert fields(decide(consents, *asked)) == tuple(by_the_book(consents, *asked))


@given(
    LAWFUL.flatmap(
        lambda lawful: st.tuples(st.just(lawful), st.lists(records((*lawful[0], "disaster", lawful[1])), max_size=3))
    ),
    st.sampled_from(MODES),
)
def test_decision_is_by_the_book_where_law_speaks(
    case: tuple[tuple[tuple[str, str, str], float], list[ConsentRecord]], mode: str
) -> None:
    """The same on the cells of the law, with refusals and withdrawals that cover them and that do not."""
    ((recipient, purpose, category), at_s), consents = case
    asked = (recipient, purpose, category, mode, at_s)
    assert fields(decide(consents, *asked)) == tuple(by_the_book(consents, *asked))


def test_every_cell_without_any_consent() -> None:
    """All 10,000 combinations of codes: only a disaster opens anything, and exactly the cells of the law."""
    for mode, cell in itertools.product(MODES, itertools.product(RECIPIENTS, PURPOSES, CATEGORIES)):
        decision = decide((), *cell, mode, 0.0)
        assert fields(decision) == tuple(by_the_book((), *cell, mode, 0.0))
        assert decision.permit == (mode == "disaster" and (cell in LAW or cell in LAW_UNLESS_REFUSED))


@pytest.mark.parametrize("state", [*VALID, *INVALID])
def test_every_cell_by_one_consent(state: str) -> None:
    """A consent for one cell opens this cell if its state counts, and nothing beside it."""
    for mode, (recipient, purpose, category) in itertools.product(
        MODES, itertools.product(RECIPIENTS[1:4], PURPOSES[:3], CATEGORIES[:10])
    ):
        one = ConsentRecord(purpose, frozenset({category}), frozenset({recipient}), frozenset({mode}), state)
        for asked in itertools.product(RECIPIENTS[1:4], PURPOSES[:3], CATEGORIES[:10:3], MODES):
            assert fields(decide([one], *asked, 0.0)) == tuple(by_the_book([one], *asked, 0.0))


@given(QUESTIONS)
def test_nobody_is_told_of_who_is_not_known(asked: Asked) -> None:
    """Whoever is not known is denied for one reason, in every mode: the law opens nothing of nobody."""
    assert fields(decide(None, *asked)) == (False, "none", "", "unknown_subject", 0, ())


@given(CASES)
def test_outside_a_disaster_law_is_silent(case: tuple[Asked, list[ConsentRecord]]) -> None:
    """Neither normal times nor a drill rest on law; leaving a disaster closes what only it opened."""
    (recipient, purpose, category, _, at_s), consents = case
    for mode in ("normal", "drill"):
        decision = decide(consents, recipient, purpose, category, mode, at_s)
        assert decision.basis in ("consent", "none")
        agreed = any(mode in record.modes for record in consents)
        assert agreed or not decision.permit


@given(PERSON_CASES.flatmap(lambda case: st.tuples(st.just(case), records(case[0]))))
def test_another_consent_never_takes_away(
    case: tuple[tuple[Asked, list[ConsentRecord]], ConsentRecord],
) -> None:
    """Whoever consents to more is disclosed no less, and no fewer items (monotone)."""
    ((asked, consents), more) = case
    before, after = decide(consents, *asked), decide([*consents, replace(more, state="given")], *asked)
    assert after.permit or not before.permit
    assert not before.permit or before.items == after.items


@given(PERSON_CASES.flatmap(lambda case: st.tuples(st.just(case), records(case[0]))))
def test_widening_never_takes_away(case: tuple[tuple[Asked, list[ConsentRecord]], ConsentRecord]) -> None:
    """A valid consent widened in any direction permits all that it permitted."""
    ((asked, consents), more) = case
    first = replace(consents[0], state="given")
    wider = replace(
        first,
        categories=first.categories | more.categories,
        recipients=first.recipients | more.recipients,
        modes=first.modes | more.modes,
        valid_from_s=None,
        valid_until_s=None,
    )
    if decide([first, *consents[1:]], *asked).permit:
        assert decide([wider, *consents[1:]], *asked).permit


@given(PERSON_CASES, st.sampled_from(INVALID))
def test_withdrawing_never_adds(case: tuple[Asked, list[ConsentRecord]], state: str) -> None:
    """What is denied stays denied when a consent that counts is withdrawn, refused, or ends in any other way."""
    asked, consents = case
    first = replace(consents[0], state="given")
    if not decide([first, *consents[1:]], *asked).permit:
        assert not decide([replace(first, state=state), *consents[1:]], *asked).permit


@given(PERSON_CASES)
def test_order_of_consents_does_not_matter(case: tuple[Asked, list[ConsentRecord]]) -> None:
    """The decision depends on which consents there are, not on which came first."""
    asked, consents = case
    assert decide(consents, *asked) == decide(consents[::-1], *asked)


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
    permits = [decide([record], *asked, at_s).permit for at_s in (9.999999, 10.0, 19.999999, 20.0)]
    assert permits == [False, True, True, False]
    assert decide([record], *asked, 20.0).reason == "expired"


def test_friends_and_employers_are_told_nothing_by_default() -> None:
    """No mode, purpose or clause opens anything to them; agreed to, their ring holds them to three items."""
    for who, purpose, category, mode in itertools.product(("acquaintance", "employer"), PURPOSES, CATEGORIES, MODES):
        assert not decide((), who, purpose, category, mode, 0.0).permit
    agreed = ConsentRecord(
        "safety_inquiry", frozenset({"safety"}), frozenset({"acquaintance", "public"}), frozenset({"disaster"})
    )
    asked = ("safety_inquiry", "safety", "disaster", 0.0)
    assert decide([agreed], "acquaintance", *asked).items == ("name", "other_identifier", "injured")
    assert decide([agreed], "public", *asked).items == ALL_ITEMS
    assert decide((), "family", *asked).items == ALL_ITEMS


def test_obligations_come_with_law_only() -> None:
    """A disclosure by law is audited, told afterwards, kept to what is necessary; one by consent owes nothing more."""
    by_law = decide((), "municipality", "disaster_support", "safety", "disaster", 0.0)
    assert by_law.obligations == ("audit", "notify_after", "minimum_necessary")
    agreed = ConsentRecord(
        "disaster_support", frozenset({"safety"}), frozenset({"municipality"}), frozenset({"disaster"})
    )
    by_consent = decide([agreed], "municipality", "disaster_support", "safety", "disaster", 0.0)
    assert (by_consent.basis, by_consent.obligations) == ("consent", ())


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
