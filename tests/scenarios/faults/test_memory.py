"""Answers of the past: as old as wanted, hardly older, and no more of them than are of use."""

from hypothesis import given
from hypothesis import strategies as st

from scenarios.faults.memory import QUESTIONS_KEPT, SAMPLES, PastAnswers


def test_an_answer_is_as_old_as_wanted() -> None:
    """Asked every second with an age of a minute: a minute old to the second."""
    past: PastAnswers[int] = PastAnswers()
    for at_s in range(201):
        past.remember("q", float(at_s), at_s, 60.0)
    assert past.recall("q", 200.0, 60.0) == 140


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=60), st.floats(1.0, 500.0))
def test_the_newest_that_is_old_enough_is_told_or_the_oldest(gaps_s: list[float], age_s: float) -> None:
    """Whatever the times: never newer than wanted while one is old enough, and by a 60th of the age older at most."""
    past: PastAnswers[float] = PastAnswers()
    asked_s: list[float] = []
    for gap_s in gaps_s:
        asked_s.append((asked_s[-1] if asked_s else 0.0) + gap_s)
        past.remember("q", asked_s[-1], asked_s[-1], age_s)
        told = past.recall("q", asked_s[-1], age_s)
        old = [one for one in asked_s if one <= asked_s[-1] - age_s]
        assert told is not None
        if old:
            assert old[-1] - age_s / SAMPLES <= told <= old[-1]
        else:
            assert told == asked_s[0]


def test_what_was_never_asked_has_no_answer_and_the_longest_unasked_goes_first() -> None:
    """Room for so many questions; one that is asked again stays."""
    past: PastAnswers[int] = PastAnswers()
    assert past.recall("none", 0.0, 1.0) is None
    for number in range(QUESTIONS_KEPT):
        past.remember(number, 0.0, number, 1.0)
    past.remember(0, 1.0, 0, 1.0)
    past.remember("new", 1.0, 7, 1.0)
    assert (past.recall(0, 1.0, 1.0), past.recall(1, 1.0, 1.0), past.recall("new", 1.0, 1.0)) == (0, None, 7)
