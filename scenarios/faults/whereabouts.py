"""Whereabouts: in which district callers and shelters are, by the identifiers that a service knows them by."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scenarios.seeding import home_district, person_id
from twin.population import Population
from twin.town import Town


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Codes of districts: of people (their home) by local ID and temp_id, of shelters by ID, of neighbourhoods by code.

    Everybody is known by both, since more of the same people may have a local ID at a service than anybody was told:
    ``citytwin serve --ids``.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    shelters: Mapping[str, str] = field(default_factory=dict)
    neighbourhoods: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, town: Town, population: Population) -> "Whereabouts":
        """Where everybody and everything of a town is."""
        codes = [one.code for one in town.districts]
        homes = list(enumerate(home_district(town, population).tolist()))
        return cls(
            {person_id(row, has_id=has_id): codes[home] for has_id in (True, False) for row, home in homes},
            {one.id: codes[one.district] for one in town.shelters},
            {one.code: codes[one.district] for one in town.neighbourhoods},
        )
