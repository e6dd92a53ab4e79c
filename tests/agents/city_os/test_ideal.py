"""IdealCityOS: it answers as the reference does, whoever asks what in whatever order; and no contract has two homes."""

from typing import Any

from hypothesis import given, settings
from two_cities import assert_alike, ideal_city, reference_city, talks

from scenarios.faults.effects import Terms

TERMS = Terms()


@settings(max_examples=25)
@given(talks())
def test_it_answers_as_the_reference_does(talk: list[tuple[float, tuple[Any, ...]]]) -> None:
    """Any sequence of verbs: the same people, counts, refusals, and the same calls with tokens and pages."""
    assert_alike(reference_city(terms=TERMS), ideal_city(terms=TERMS), talk)
