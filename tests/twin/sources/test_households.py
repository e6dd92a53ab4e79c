"""Households: totals, ages and sexes hold exactly, and people who live together could."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import seeds

from twin.errors import InvalidPopulation
from twin.parameters import load_parameters
from twin.population import Sex
from twin.randomness import Stream
from twin.sources.apportion import apportion
from twin.sources.households import MEMBER_BITS, Structure, build_structure, people_by_age, size_counts
from twin.sources.people_tables import read_household_kinds, read_pyramid

PARAMETERS = load_parameters("twin")
PYRAMID = read_pyramid()
KINDS = read_household_kinds()
USUAL = np.array([712.0, 779, 392, 236, 126, 60, 25, 10])


def structure(people: int, households: int, seed: int, parts: int = 3) -> Structure:
    """Households of a town with equal neighbourhoods."""
    counts = apportion(households, np.ones(parts))
    return build_structure(counts, PYRAMID, KINDS, people, (Stream(seed), PARAMETERS))


@given(st.integers(1, 3000), st.floats(1.0, 7.9))
def test_household_sizes_meet_both_totals(households: int, mean: float) -> None:
    """For any mean size the counts add up to the households and their members to the people."""
    people = max(households, round(households * mean))
    counts = size_counts(USUAL, households, people)
    assert counts.sum() == households
    assert counts @ np.arange(1, 9) == people
    assert (counts >= 0).all()


def test_sizes_stay_in_proportion_where_the_mean_is_the_usual_one() -> None:
    """A town with the table's own mean gets the table's own shares."""
    households = int(USUAL.sum())
    people = int(USUAL @ np.arange(1, 9))
    assert (size_counts(USUAL, households, people) == USUAL).all()


@pytest.mark.parametrize(("people", "households"), [(9, 10), (81, 10), (5, 0)])
def test_impossible_totals_are_an_error(people: int, households: int) -> None:
    """More households than people, or more people than the largest households hold, is an error that says so."""
    with pytest.raises(InvalidPopulation, match=str(people)):
        size_counts(USUAL, households, people)


def test_minors_without_a_place_beside_an_adult_are_an_error() -> None:
    """A town of people who live alone cannot have children."""
    with pytest.raises(InvalidPopulation, match="minors"):
        structure(1000, 990, 1)


@given(st.integers(1, 200_000))
def test_ages_add_up_and_keep_the_pyramid(people: int) -> None:
    """Ages add up to the people, and each band differs from its share of the pyramid by less than one person."""
    ages = people_by_age(PYRAMID, people)
    assert ages.sum() == people
    made = np.array(
        [ages[first : last + 1].sum(axis=0) for first, last in zip(PYRAMID.first_age, PYRAMID.last_age, strict=True)]
    )
    assert np.abs(made - PYRAMID.people / PYRAMID.people.sum() * people).max() < 1.0


@given(seeds, st.integers(40, 1200), st.floats(2.0, 2.8))
def test_structure_is_the_pyramid_in_households(seed: int, people: int, mean: float) -> None:
    """Ages and sexes are the pyramid's, first members are adults, no child is older than the first member."""
    town = structure(people, round(people / mean), seed)
    ages = people_by_age(PYRAMID, people)
    for sex in Sex:
        assert (np.bincount(town.age[town.sex == sex], minlength=len(ages)) == ages[:, sex]).all()
    first = town.age[town.start[:-1]]
    assert (first >= 18).all()
    minor = town.age < 18
    assert (town.age[minor] <= first[town.household[minor]]).all()
    assert len(np.unique(town.person_key)) == people


@pytest.fixture(scope="module")
def whole() -> Structure:
    """The households of Aizu-Wakamatsu."""
    return structure(113_386, 48_983, 1, parts=400)


def test_minors_live_with_somebody_a_generation_older(whole: Structure) -> None:
    """Every minor has an adult of the household 16 to 45 years older."""
    minors = np.flatnonzero(whole.age < 18)
    for row in minors.tolist():
        own = whole.household[row]
        gaps = whole.age[whole.start[own] : whole.start[own + 1]] - whole.age[row]
        assert ((gaps >= 16) & (gaps <= 45)).any()


def test_couples_are_of_two_sexes_and_near_in_age(whole: Structure) -> None:
    """Of households of two whose ages differ by under 12 years, nearly all hold a man and a woman: couples prevail."""
    first = whole.start[:-1][np.diff(whole.start) == 2]
    near = np.abs(whole.age[first] - whole.age[first + 1]) < 12
    both = whole.sex[first] != whole.sex[first + 1]
    assert near.mean() > 0.6
    assert both[near].mean() > 0.9


def test_old_people_live_alone_about_as_often_as_they_do(whole: Structure) -> None:
    """Of people from 65 a share between 0.15 and 0.27 lives alone.

    Source: Cabinet Office, annual report on the ageing society 2022: 15.0 % of men and 22.1 % of women in 2020.
    """
    alone = np.diff(whole.start)[whole.household] == 1
    assert 0.15 < alone[whole.age >= 65].mean() < 0.27


def test_a_household_more_elsewhere_changes_no_key() -> None:
    """Keys of the other neighbourhoods' households stay when one neighbourhood grows."""
    before = build_structure(np.array([40, 50, 40]), PYRAMID, KINDS, 300, (Stream(3), PARAMETERS))
    after = build_structure(np.array([40, 51, 40]), PYRAMID, KINDS, 302, (Stream(3), PARAMETERS))
    assert set(before.household_key) < set(after.household_key)
    assert (before.person_key >> np.uint64(MEMBER_BITS) == before.household_key[before.household]).all()
