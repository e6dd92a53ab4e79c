"""Seeding: a town and its people as what a city OS is filled with."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_city import small_people

from conformance.contract.catalogue import load_roles
from reference_api.seed import Consent, SeedData, load
from reference_api.store.sqlite import SqliteStore
from scenarios.consent_purposes import purpose_of
from scenarios.consent_records import consent_records
from scenarios.seeding import (
    directory,
    has_device,
    home_district,
    person_ids,
    population_sha256,
    seed_data,
    seeding,
)
from twin.canaries import scan
from twin.population import CONSENT_RULES, DataCategory, Population, Recipient
from twin.town import Town


@pytest.fixture(scope="module")
def people() -> tuple[Town, Population]:
    """A small town."""
    return small_people()


@pytest.fixture(scope="module")
def seed(people: tuple[Town, Population]) -> SeedData:
    """What its city OS is filled with."""
    return seed_data(*people)


def test_everybody_with_an_id_is_a_user_and_nobody_else(people: tuple[Town, Population], seed: SeedData) -> None:
    """Users are the ID holders, at home in their district, with a device where a push message reaches them."""
    town, population = people
    rows = np.flatnonzero(population.has_id)
    ids = person_ids(population)
    assert [one.sub for one in seed.users] == [ids[row] for row in rows]
    assert [one.district for one in seed.users] == [town.districts[row].code for row in home_district(*people)[rows]]
    assert [one.push_device for one in seed.users] == has_device(population)[rows].tolist()
    assert 0 < sum(one.push_device for one in seed.users) < len(rows)
    for row, user in zip(rows.tolist(), seed.users, strict=True):
        assert {person for person, _ in scan(population.seed, user.name.encode())} == {row}


def test_households_stay_together(people: tuple[Town, Population], seed: SeedData) -> None:
    """Two users share a household's name exactly if they share the household."""
    _, population = people
    rows = np.flatnonzero(population.has_id)
    pairs = set(zip(population.household[rows].tolist(), (one.household for one in seed.users), strict=True))
    assert len(pairs) == len({row for row, _ in pairs}) == len({name for _, name in pairs})


def test_everybody_who_needs_support_is_on_the_register(people: tuple[Town, Population], seed: SeedData) -> None:
    """With and without ID, under the identifier by which desks and associations speak of them."""
    _, population = people
    rows = np.flatnonzero(population.needs_support)
    ids = person_ids(population)
    assert [one.sub or one.temp_id for one in seed.register] == [ids[row] for row in rows]
    assert [one.sub is not None for one in seed.register] == population.has_id[rows].tolist()
    assert [one.peacetime_consent for one in seed.register] == population.plan_consent[rows].tolist()
    assert [one.plan_note is not None for one in seed.register] == population.has_plan[rows].tolist()


def permitted(records: list[Consent], population: Population) -> np.ndarray:
    """The matrix that records come to."""
    matrix = np.zeros_like(population.consents)
    row_of: Mapping[str, int] = {one: row for row, one in enumerate(person_ids(population))}
    for one in records:
        for column, rule in enumerate(CONSENT_RULES):
            covered = rule.category in one.categories and rule.recipient in one.recipients and rule.mode in one.modes
            if covered:
                assert one.purpose == purpose_of(rule.category, rule.recipient)
                assert not matrix[row_of[one.subject], column]
                matrix[row_of[one.subject], column] = True
    return matrix


def test_records_permit_exactly_what_people_permit(people: tuple[Town, Population], seed: SeedData) -> None:
    """The records of everybody together are the matrix of consents, no cell twice."""
    assert np.array_equal(permitted(list(seed.consents), people[1]), people[1].consents)


@cache
def one_small_town() -> tuple[Town, Population]:
    """The small town, made once: hypothesis takes no fixtures."""
    return small_people()


@given(st.lists(st.booleans(), min_size=len(CONSENT_RULES), max_size=len(CONSENT_RULES)))
def test_any_pattern_of_consents_is_covered_exactly(pattern: list[bool]) -> None:
    """However somebody answers, the records permit that and nothing else."""
    _, population = one_small_town()
    holder = int(population.has_id.argmax())
    consents = np.zeros_like(population.consents)
    consents[holder] = pattern
    answered = replace(population, consents=consents)
    records = list(consent_records(answered, person_ids(answered)))
    assert np.array_equal(permitted(records, answered), consents)
    assert len(records) <= len(DataCategory) * len(Recipient)


def test_the_reference_city_os_accepts_the_seed(seed: SeedData) -> None:
    """Nothing contradicts itself, and every association has its own client."""
    load(SqliteStore(), seed, sandbox=True)
    assert {one.recipient for one in seed.clients if one.role == "association"} == {
        f"association:{one.code}" for one in seed.neighbourhoods
    }
    secrets = [one.secret for one in seed.clients if one.secret]
    assert len(set(secrets)) == len(secrets) > len(seed.neighbourhoods)
    assert {one.role for one in seed.clients} == set(load_roles())


def test_the_hash_tells_people_apart(people: tuple[Town, Population]) -> None:
    """The same town and people have the same hash; one year of one person's age changes it, and so does a shelter."""
    town, population = people
    again = small_people()
    assert population_sha256(*people) == population_sha256(*again) == seeding(*people).population_sha256
    older = population.age.copy()
    older[3] += 1
    fewer = replace(town, shelters=town.shelters[:1])
    assert (
        len(
            {
                population_sha256(*people),
                population_sha256(town, replace(population, age=older)),
                population_sha256(fewer, population),
            }
        )
        == 3
    )


def test_directory_and_seed_speak_of_the_same(people: tuple[Town, Population], seed: SeedData) -> None:
    """Identifiers by which agents speak are those with which the city OS is filled."""
    who = directory(*people)
    assert {one.sub for one in seed.users} == {one for one in who.person_ids if one.startswith("c")}
    assert [one.id for one in seed.shelters] == list(who.shelter_ids)
    assert [one.code for one in seed.neighbourhoods] == list(who.neighbourhood_codes)
    assert [one.code for one in seed.districts] == list(who.district_codes)
