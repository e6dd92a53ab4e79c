"""Everything that a city OS is filled with from a town and its people: areas, shelters, users, consents, clients."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from conformance.contract.catalogue import load_roles
from reference_api.oidc.client_seed import Client, example_clients, sandbox_client
from reference_api.seed import (
    District,
    Neighbourhood,
    RegisterEntry,
    SeedData,
    Shelter,
    User,
)
from scenarios.consent_records import consent_records
from scenarios.seeding import has_device, home_neighbourhood, person_ids, seeding
from twin.population import Identity, Population, Sex
from twin.sources.identities import identities
from twin.town import Town

SUPPORT_REASON = "避難行動要支援者"
"""Reason for support in the register: the population does not say more of anybody's condition than that."""


def all_of(town: Town, population: Population) -> SeedData:
    """Everything a city OS is filled with before a run; clients get new random secrets each time."""
    ids = person_ids(population)
    named = np.flatnonzero(population.has_id | population.needs_support).tolist()
    known = dict(zip(named, identities(population, town, named), strict=True))
    about = seeding(town, population)
    return SeedData(
        municipality=town.code,
        town=about.town,
        people=about.people,
        seed=about.seed,
        population_sha256=about.population_sha256,
        districts=_districts(town),
        neighbourhoods=_neighbourhoods(town),
        shelters=tuple(_shelters(town)),
        users=tuple(_users(town, population, ids, known)),
        consents=tuple(consent_records(population, ids)),
        register=tuple(_register(town, population, ids, known)),
        clients=tuple(_clients(town)),
        municipality_name=town.name,
    )


def areas_of(town: Town) -> SeedData:
    """A town's areas and shelters, without people and clients: what a city OS begins with outside a sandbox."""
    return SeedData(
        municipality=town.code,
        town=town.code,
        people=0,
        seed=0,
        population_sha256="",
        districts=_districts(town),
        neighbourhoods=_neighbourhoods(town),
        shelters=tuple(_shelters(town)),
    )


def _districts(town: Town) -> tuple[District, ...]:
    return tuple(District(one.code, one.name) for one in town.districts)


def _neighbourhoods(town: Town) -> tuple[Neighbourhood, ...]:
    return tuple(Neighbourhood(one.code, one.name, town.districts[one.district].code) for one in town.neighbourhoods)


def _shelters(town: Town) -> Iterator[Shelter]:
    lon, lat = town.projection.to_degrees([one.x_m for one in town.shelters], [one.y_m for one in town.shelters])
    for one, longitude_deg, latitude_deg in zip(town.shelters, lon.tolist(), lat.tolist(), strict=True):
        yield Shelter(
            id=one.id,
            name=one.name,
            kind=one.kind.value,
            longitude_deg=longitude_deg,
            latitude_deg=latitude_deg,
            district=town.districts[one.district].code,
            capacity_persons=one.capacity_persons,
            capacity_standard_persons=one.capacity_standard_persons,
            name_kana=one.name_kana,
            address=one.address,
            hazards={hazard.value: fitness.value for hazard, fitness in one.fitness.items()},
        )


def _basic(identity: Identity) -> dict[str, Any]:
    return {
        "name": identity.name,
        "name_kana": identity.name_kana,
        "birth_date": identity.birth_date,
        "sex": "male" if identity.sex is Sex.MALE else "female",
        "address": identity.address,
        "phone": identity.phone,
    }


def _users(town: Town, population: Population, ids: list[str], known: Mapping[int, Identity]) -> Iterator[User]:
    neighbourhood, device = home_neighbourhood(population), has_device(population)
    for row in np.flatnonzero(population.has_id).tolist():
        identity, home = known[row], town.neighbourhoods[neighbourhood[row]]
        yield User(
            sub=ids[row],
            email=identity.email,
            household=f"h{population.household[row]:07d}",
            district=town.districts[home.district].code,
            neighbourhood=home.code,
            support_flag=bool(population.needs_support[row]),
            push_device=bool(device[row]),
            **_basic(identity),
        )


def _register(
    town: Town, population: Population, ids: list[str], known: Mapping[int, Identity]
) -> Iterator[RegisterEntry]:
    neighbourhood = home_neighbourhood(population)
    for row in np.flatnonzero(population.needs_support).tolist():
        identity, has_id = known[row], bool(population.has_id[row])
        yield RegisterEntry(
            id=f"r{row:07d}",
            neighbourhood=town.neighbourhoods[neighbourhood[row]].code,
            reason=SUPPORT_REASON,
            peacetime_consent=bool(population.plan_consent[row]),
            sub=ids[row] if has_id else None,
            temp_id=None if has_id else ids[row],
            plan_note=identity.plan_note if population.has_plan[row] else None,
            **_basic(identity),
        )


def _clients(town: Town) -> Iterator[Client]:
    """One client of each role, one for each association, and examples of third parties' services."""
    yield from (sandbox_client(role) for role in load_roles() if role not in ("association", "service"))
    yield from (sandbox_client("association", one.code) for one in town.neighbourhoods)
    yield from example_clients()
