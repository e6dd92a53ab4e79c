"""Identities: cheap, the same at every call, every field with a marker of its own."""

from datetime import date

import numpy as np
from hypothesis import given
from strategies import seeds, tiny_town, towns

from twin.canaries import read_marker
from twin.parameters import load_parameters
from twin.population import PersonalField, Phone, Population
from twin.randomness import Stream
from twin.sources.identities import identities, identity
from twin.sources.people import populate
from twin.town import Town

PARAMETERS = load_parameters("twin")


def everybody(town: Town, seed: int) -> Population:
    """All people of a town."""
    return populate(town, stream=Stream(seed), parameters=PARAMETERS)


@given(towns(max_people=200), seeds)
def test_every_field_carries_its_own_marker(town: Town, seed: int) -> None:
    """Each text names its person and field; it is empty only where there is no phone or no plan."""
    people = everybody(town, seed)
    texts: list[str] = []
    for made in identities(people, town, range(people.people)):
        empty = set()
        if people.phone[made.person] == Phone.NONE:
            empty |= {PersonalField.PHONE, PersonalField.EMAIL}
        if not people.has_plan[made.person]:
            empty |= {PersonalField.PLAN_NOTE}
        for field in PersonalField:
            text = getattr(made, field.value)
            assert read_marker(seed, text) == (None if field in empty else (made.person, field))
            assert (text == "") == (field in empty)
            texts += [text] if text else []
    assert len(set(texts)) == len(texts)


@given(seeds)
def test_one_and_many_agree(seed: int) -> None:
    """Asked for alone or with others, in any order, a person is the same."""
    town = tiny_town()
    people = everybody(town, seed)
    assert identities(people, town, (7, 3)) == [identity(people, town, 7), identity(people, town, 3)]


def test_birth_dates_give_the_ages() -> None:
    """On the day of the register everybody is as old as the population says."""
    town = tiny_town()
    people = everybody(town, 2)
    day = date(2023, 4, 1)
    for made in identities(people, town, range(people.people)):
        birth = date.fromisoformat(made.birth_date)
        years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
        assert years == people.age[made.person]


def test_households_share_surname_and_address() -> None:
    """But for the markers, members of a household have one surname and one address in their neighbourhood."""
    town = tiny_town()
    people = everybody(town, 3)
    largest = int(np.argmax(people.household_size()))
    rows = range(people.household_start[largest], people.household_start[largest + 1])
    made = identities(people, town, rows)
    assert len({one.name.split()[0] for one in made}) == 1
    assert len({one.address.split()[0] for one in made}) == 1
    assert town.neighbourhoods[people.neighbourhood[largest]].name in made[0].address
