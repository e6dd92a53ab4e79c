"""Decisions asked for by themselves: the same as what is disclosed, no oracle of existence, each one kept."""

from typing import Any

import pytest
from consent_values import ask, give, valid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.consent_model import CATEGORIES, MODES, by_the_book
from reference_api.consent import ConsentRecord
from reference_api.seed import Consent

SHOWN = ("profile.basic", "profile.contact", "support_flag")
"""Categories that the list of users shows."""


@pytest.mark.parametrize("mode", MODES)
def test_the_list_of_users_is_the_decisions_one_by_one(city: Any, mode: str) -> None:
    """Whoever is listed with a category is permitted it by itself, on the same basis, and nobody else (CONS-008)."""
    city.declare(mode, "d0")
    listed = {item["sub"]: item["disclosure"] for item in city.everything("/v1/users", "city-office")}
    for sub in (f"c{number}" for number in range(8)):
        single = {category: ask(city, "city-office", sub, category) for category in SHOWN}
        assert any(one["decision"] for one in single.values()) == (sub in listed)
        for entry in listed.get(sub, ()):
            answer = single[entry["category"]]
            assert answer["decision"] == (entry["decision"] == "permit")
            assert (answer["context"]["basis"], answer["context"].get("clause")) == (
                entry["basis"],
                entry.get("clause"),
            )


def test_a_batch_is_its_questions_in_order(city: Any) -> None:
    """A hundred questions at once are answered as each by itself; one more is too many."""
    city.declare("disaster", "d0")
    questions = [
        {"subject": {"id": f"c{number % 10}"}, "purpose": "disaster_support", "category": category}
        for number in range(10)
        for category in CATEGORIES[:10]
    ]
    answer = city.call("POST", "/v1/consent-decisions", "city-office", {"evaluations": questions})
    valid("ConsentDecisionBatch", answer.json)
    singles = [city.call("POST", "/v1/consent-decisions", "city-office", question).json for question in questions]
    assert answer.json["evaluations"] == singles
    assert {one["decision"] for one in singles} == {True, False}
    for wrong in ([*questions, questions[0]], []):
        assert city.call("POST", "/v1/consent-decisions", "city-office", {"evaluations": wrong}).problem == "validation"


def test_unknown_and_not_consenting_are_answered_alike(city: Any) -> None:
    """Whoever had nothing to do with a person does not learn that they exist; with a consent the reason is told."""
    hidden, unknown = (ask(city, "city-office", sub) for sub in ("c5", "c999"))
    assert hidden == unknown
    assert hidden["context"]["reason"] == "unknown_subject"
    give(city, "c5", modes=["drill"])
    assert ask(city, "city-office", "c5")["context"]["reason"] == "mode"


def test_a_disclosure_makes_a_link(city: Any) -> None:
    """Who was shown somebody by law may know afterwards why it is shown them no more."""
    city.declare("disaster", "d0")
    assert city.call("GET", "/v1/users/c5", "city-office").status == 200
    city.declare("normal", "d0")
    assert ask(city, "city-office", "c5")["context"]["reason"] == "no_consent"
    assert ask(city, "association-n0", "c5")["context"]["reason"] == "unknown_subject"


def test_the_end_of_a_disaster_closes_what_only_it_opened(city: Any) -> None:
    """By law in a disaster with its obligations, not before, not in a drill, not after."""
    answers = []
    for mode in ("normal", "drill", "disaster", "normal"):
        city.declare(mode, "d0")
        answers.append(ask(city, "city-office", "c5"))
    assert [one["decision"] for one in answers] == [False, False, True, False]
    assert answers[2]["context"] == {
        "basis": "statutory",
        "clause": "災害対策基本法86-15(3)",
        "obligations": ["audit", "notify_after", "minimum_necessary"],
        "evaluated_at": "2027-01-15T17:00:00+09:00",
    }


def test_a_client_asks_for_itself_in_the_mode_that_holds(city: Any) -> None:
    """Another recipient is refused; a mode that does not hold opens nothing; another time is the request's."""
    question = {"subject": {"id": "c0"}, "purpose": "disaster_support", "category": "safety"}
    for recipient in ("association", "family", "employer"):
        body = {**question, "recipient": {"id": recipient}}
        assert city.call("POST", "/v1/consent-decisions", "city-office", body).problem == "insufficient-scope"
    early = ask(city, "city-office", "c0", context={"mode": "disaster", "time": "2020-01-01T00:00:00Z"})
    assert (early["decision"], early["context"]["reason"]) == (False, "mode")
    assert early["context"]["evaluated_at"] == "2027-01-15T17:00:00+09:00"
    city.declare("disaster", "d0")
    assert ask(city, "city-office", "c0", context={"mode": "disaster"})["decision"] is True
    assert ask(city, "association-n0", "c0", recipient={"id": "association"})["decision"] is True
    assert ask(city, "association-n0", "c0", recipient={"id": "association:n0"})["decision"] is True


def test_a_person_asks_what_would_be_known_of_them(city: Any) -> None:
    """Of one's own data for any recipient, mode and time; of nobody else's."""
    in_a_disaster = {"context": {"mode": "disaster"}, "recipient": {"id": "municipality"}}
    assert ask(city, "c5", "c5", **in_a_disaster)["context"]["basis"] == "statutory"
    friend = {"context": {"mode": "disaster"}, "recipient": {"id": "acquaintance"}}
    assert ask(city, "c5", "c5", **friend)["decision"] is False
    record = give(city, "c5", purpose="safety_inquiry", recipients=["acquaintance"], modes=["disaster"])
    told = ask(city, "c5", "c5", purpose="safety_inquiry", **friend)
    assert (told["context"]["ring"], told["context"]["items"]) == (2, ["name", "other_identifier", "injured"])
    late = {"mode": "disaster", "time": record["valid_until"]}
    assert ask(city, "c5", "c5", purpose="safety_inquiry", **{**friend, "context": late})["decision"] is False
    assert ask(city, "c5", "c4") == ask(city, "c5", "c999")
    for sub in ("c4", "c999"):
        question = {"subject": {"id": sub}, "purpose": "disaster_support", "category": "safety", **in_a_disaster}
        assert city.call("POST", "/v1/consent-decisions", "c5", question).problem == "insufficient-scope"


@pytest.mark.parametrize("name", ["association", "association:n1"])
def test_ones_own_association_may_be_named_either_way(city: Any, name: str) -> None:
    """By what it is or by its code; another neighbourhood's association by its code only."""
    give(city, "c5", recipients=[name])
    assert ask(city, "association-n1", "c5")["decision"] is True
    assert ask(city, "association-n0", "c5")["context"]["reason"] == "unknown_subject"
    give(city, "c5", recipients=["association:n0"])
    assert ask(city, "association-n0", "c5")["decision"] is True


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"purpose": "marketing"}, "/purpose"),
        ({"category": "secrets"}, "/category"),
        ({"recipient": {"id": "self"}}, "/recipient/id"),
        ({"recipient": {"id": "service"}}, "/recipient/id"),
        ({"action": {"name": "delete"}}, "/action/name"),
    ],
)
def test_unknown_codes_are_faults(city: Any, change: dict[str, Any], pointer: str) -> None:
    """A question in codes that the catalogue does not have is not answered by a decision."""
    question = {"subject": {"id": "c0"}, "purpose": "disaster_support", "category": "safety", **change}
    answer = city.call("POST", "/v1/consent-decisions", "city-office", question)
    assert answer.json["errors"] == [{"pointer": pointer, "code": "unknown"}]
    batch = city.call("POST", "/v1/consent-decisions", "city-office", {"evaluations": [question]})
    assert batch.json["errors"] == [{"pointer": f"/evaluations/0{pointer}", "code": "unknown"}]


def test_every_decision_is_kept(city: Any) -> None:
    """Who asked about whom, and what was answered; a question that was refused leaves nothing."""
    city.declare("disaster", "d0")
    ask(city, "city-office", "c0")
    ask(city, "c5", "c5", recipient={"id": "employer"})
    city.call("POST", "/v1/consent-decisions", "city-office", {"subject": {"id": "c0"}})
    kept = city.rows(
        "SELECT client_id, asker, subject, recipient, mode, permit, basis FROM consent_decision ORDER BY id"
    )
    assert kept == [
        ("city-office", "", "c0", "municipality", "disaster", 1, "consent"),
        ("citizen-app", "c5", "c5", "employer", "disaster", 0, "none"),
    ]


QUESTIONS = st.tuples(
    st.sampled_from(["c0", "c1", "c2", "c3", "c4"]),
    st.sampled_from(["family", "association", "association:n3", "municipality", "acquaintance", "public", "supporter"]),
    st.sampled_from(["disaster_support", "evacuation_support", "family_sharing", "safety_inquiry"]),
    st.sampled_from(CATEGORIES),
    st.sampled_from(MODES),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(QUESTIONS, min_size=1, max_size=100))
def test_the_decision_table_by_the_book(city: Any, asked: list[tuple[str, str, str, str, str]]) -> None:
    """A sandbox's tester may ask anything; over HTTP the table is the one of the book (CONS-001)."""
    batch = [
        {
            "subject": {"id": sub},
            "recipient": {"id": recipient},
            "purpose": purpose,
            "category": category,
            "context": {"mode": mode},
        }
        for sub, recipient, purpose, category, mode in asked
    ]
    answer = city.call("POST", "/v1/consent-decisions", "sandbox-admin", {"evaluations": batch})
    for (sub, *codes, mode), got in zip(asked, answer.json["evaluations"], strict=True):
        expected = by_the_book(records(city.seed.consents, sub), *codes, mode, city.clock.now_s())
        context = got["context"]
        assert (got["decision"], context["basis"]) == (expected.permit, expected.basis)
        assert (context.get("clause", ""), context.get("reason", "")) == (expected.clause, expected.reason)
        assert (context.get("ring", 0), tuple(context.get("items", ()))) == (expected.ring, expected.items)


def records(consents: tuple[Consent, ...], sub: str) -> list[ConsentRecord]:
    """Somebody's consents of the seed."""
    return [
        ConsentRecord(
            one.purpose, frozenset(one.categories), frozenset(one.recipients), frozenset(one.modes), one.state
        )
        for one in consents
        if one.subject == sub
    ]
