"""Whereabouts: in which district callers and shelters are, by the identifiers that a service knows them by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scenarios.seeding import home_district, person_ids
from twin.population import Population
from twin.town import Town


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Codes of districts: of people by local ID (their home), of shelters by ID, of neighbourhoods by code."""

    people: Mapping[str, str] = field(default_factory=dict)
    shelters: Mapping[str, str] = field(default_factory=dict)
    neighbourhoods: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, town: Town, population: Population) -> "Whereabouts":
        """Where everybody and everything of a town is."""
        codes = [one.code for one in town.districts]
        homes = home_district(town, population).tolist()
        return cls(
            {one: codes[row] for one, row in zip(person_ids(population), homes, strict=True)},
            {one.id: codes[one.district] for one in town.shelters},
            {one.code: codes[one.district] for one in town.neighbourhoods},
        )
