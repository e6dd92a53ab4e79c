"""Results of surveys: nothing below K is told, nor can it be worked out from what is told, even with the rule known."""

from collections import Counter
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reference_api.city.survey_results import NO_ANSWER, K, groups, published, tally
from reference_api.city.surveys import Option, Question, Text

SINGLE = Question(
    id="q", type="single_choice", label=Text("問", "q"), options=[Option(code, Text(code, code)) for code in "xyz"]
)
MULTIPLE = Question(id="q", type="multiple_choice", label=Text("問", "q"), options=SINGLE.options)
RESPONSES = st.lists(
    st.tuples(
        st.sampled_from(["S0", "S1", "S2", None]),
        st.fixed_dictionaries({}, optional={"q": st.sampled_from("xyz")}),
    ),
    max_size=60,
)


@given(st.integers(0, 1000))
def test_published_count_is_none_or_what_is_reached(count: int) -> None:
    """Below K nothing; else a multiple of K that the count reaches and does not pass by K."""
    told = published(count)
    assert (told is None) == (count < K)
    if told is not None:
        assert told >= K
        assert told % K == 0
        assert 0 <= count - told < K


def test_what_is_withheld_cannot_be_worked_out() -> None:
    """Of all tables with the same publication, each withheld cell takes every value from 0 to K - 1.

    The attacker knows the rule, and that a group holds a multiple of K responses, each in one of three cells.
    """
    by_publication: dict[tuple[int | None, ...], list[tuple[int, ...]]] = {}
    for table in product(range(3 * K), repeat=3):
        if sum(table) % K == 0 and sum(table):
            by_publication.setdefault(tuple(map(published, table)), []).append(table)
    for publication, tables in by_publication.items():
        for place, told in enumerate(publication):
            if told is None:
                assert {table[place] for table in tables} == set(range(K)), publication


@given(RESPONSES)
def test_groups_are_of_many_and_share_nobody(responses: list[tuple[str | None, dict[str, str]]]) -> None:
    """Each group holds a multiple of K responses, each response is in one group at most, and none is invented."""
    found = groups(responses)
    assert all(len(group.answers) >= K and len(group.answers) % K == 0 for group in found)
    assert len({group.shelter_id for group in found}) == len(found)
    taken = [id(answers) for group in found for answers in group.answers]
    assert len(taken) == len(set(taken))
    assert set(taken) <= {id(answers) for _, answers in responses}
    sizes = Counter(shelter_id for shelter_id, _ in responses)
    assert {group.shelter_id for group in found} >= {
        shelter for shelter, size in sizes.items() if shelter and size >= K
    }


def test_few_of_several_shelters_are_told_together() -> None:
    """Shelters with fewer than K responses stand together; a large one beside them does not."""
    responses = [(shelter, {"q": "x"}) for shelter in ("S0", "S1", None) for _ in range(3)]
    found = groups([*responses, *[("S2", {"q": "y"})] * 6])
    assert [(group.shelter_id, len(group.answers)) for group in found] == [(None, 5), ("S2", 5)]
    assert {one["q"] for one in found[0].answers} == {"x"}


@given(RESPONSES, st.sampled_from(["S0", "S1", None]), st.sampled_from("xyz"))
def test_one_more_answer_is_told_with_others_only(responses: list[Any], shelter: str | None, code: str) -> None:
    """Where one more response of a shelter is told, at least K responses of its group are told anew with it."""
    before = {group.shelter_id: len(group.answers) for group in groups(responses)}
    after = {group.shelter_id: len(group.answers) for group in groups([*responses, (shelter, {"q": code})])}
    changed = {name for name in before.keys() | after.keys() if before.get(name, 0) != after.get(name, 0)}
    assert all(abs(before.get(name, 0) - after.get(name, 0)) >= K for name in changed)


@given(st.lists(st.fixed_dictionaries({}, optional={"q": st.sampled_from("xyz")}), max_size=30))
def test_tally_counts_everybody_once(answers: list[dict[str, str]]) -> None:
    """A single choice counts each response once, those without an answer as such."""
    counted = tally(SINGLE, answers)
    assert counted.total() == len(answers)
    assert counted[NO_ANSWER] == sum("q" not in one for one in answers)


@given(st.lists(st.fixed_dictionaries({}, optional={"q": st.lists(st.sampled_from("xyz"), unique=True)}), max_size=30))
def test_tally_of_many_choices_counts_each_choice(answers: list[dict[str, list[str]]]) -> None:
    """Of a multiple choice every chosen option counts; whoever chose none gave no answer."""
    counted = tally(MULTIPLE, answers)
    for code in "xyz":
        assert counted[code] == sum(code in one.get("q", []) for one in answers)
    assert counted[NO_ANSWER] == sum(not one.get("q") for one in answers)
