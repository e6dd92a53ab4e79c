"""A town and its people as what a city OS is filled with, and as the directory by which agents speak to it."""

import hashlib
from dataclasses import fields
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from agents.city_os.directory import Directory
from agents.city_os.messages import Seeding
from twin.population import Phone, Population
from twin.sources.identities import identity
from twin.town import Town

if TYPE_CHECKING:
    from reference_api.seed import SeedData


def person_ids(population: Population) -> list[str]:
    """Local ID (c and the row) of each person with a city-OS ID, temp_id (t and the row) of the others."""
    return [person_id(row, has_id=has_id) for row, has_id in enumerate(population.has_id.tolist())]


def person_id(row: int, *, has_id: bool) -> str:
    """Local ID or temp_id of the person of a row."""
    return f"{'c' if has_id else 't'}{row:07d}"


def has_device(population: Population) -> npt.NDArray[np.bool_]:
    """Whose smartphone a push message reaches: app users with a city-OS ID."""
    return np.asarray(population.has_id & population.uses_app & (population.phone == Phone.SMARTPHONE))


def home_neighbourhood(population: Population) -> npt.NDArray[np.int32]:
    """Row of the neighbourhood in which each person lives."""
    return np.asarray(population.neighbourhood[population.household])


def home_district(town: Town, population: Population) -> npt.NDArray[np.int32]:
    """Row of the district in which each person lives."""
    district = np.array([one.district for one in town.neighbourhoods], np.int32)
    return np.asarray(district[home_neighbourhood(population)])


def directory(town: Town, population: Population) -> Directory:
    """Who is who, between rows and the identifiers with which ``seed_data`` fills a city OS."""
    return Directory(
        person_ids=person_ids(population),
        has_account=population.has_id,
        neighbourhood=home_neighbourhood(population),
        shelter_ids=[one.id for one in town.shelters],
        neighbourhood_codes=[one.code for one in town.neighbourhoods],
        district_codes=[one.code for one in town.districts],
        projection=town.projection,
        identity_of=lambda person: identity(population, town, person),
    )


def seeding(town: Town, population: Population) -> Seeding:
    """What a sandbox that was filled with this town and these people says of itself."""
    return Seeding(
        town=town.code,
        people=population.people,
        seed=population.seed,
        population_sha256=population_sha256(town, population),
    )


def population_sha256(town: Town, population: Population) -> str:
    """Hash over everything that says who is who: the people's columns, and the town's codes and places.

    Capacities are left out: those of a sample are scaled, and nothing in a run depends on what a city OS publishes.
    """
    digest = hashlib.sha256(msgspec.json.encode([town.code, population.seed, town.projection.origin_lat]))
    shelters = [(one.id, one.name, one.kind, one.x_m, one.y_m, one.district) for one in town.shelters]
    for part in (town.districts, town.neighbourhoods, shelters):
        digest.update(msgspec.json.encode(part))
    for column in fields(population):
        value = getattr(population, column.name)
        if isinstance(value, np.ndarray):
            digest.update(column.name.encode() + str(value.dtype).encode() + np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def seed_data(town: Town, population: Population) -> "SeedData":
    """Everything a city OS is filled with before a run; clients get new random secrets each time."""
    from scenarios.seeding_rows import all_of  # noqa: PLC0415 - loads the server: half a second for runs without one

    return all_of(town, population)


def public_data(town: Town) -> "SeedData":
    """A town's areas and shelters, without people and clients: what a city OS begins with outside a sandbox."""
    from scenarios.seeding_rows import areas_of  # noqa: PLC0415 - as above

    return areas_of(town)
