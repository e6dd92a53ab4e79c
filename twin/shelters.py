"""Shelters and evacuation sites: place, fitness for each hazard, capacity by both standards."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

STANDARD_AREA_M2_PER_PERSON = 3.5
"""Floor area a person needs.

Source: Cabinet Office, guideline on good living conditions in shelters, revised 2024-12-13 (Sphere minimum).
"""


class Hazard(enum.StrEnum):
    """Kinds of disaster for which a place is designated.

    Source: Disaster Countermeasures Basic Act, Enforcement Order art. 20-4; the columns of GSI's data, in their order.
    """

    FLOOD = "flood"
    LANDSLIDE = "landslide"
    STORM_SURGE = "storm_surge"
    EARTHQUAKE = "earthquake"
    TSUNAMI = "tsunami"
    LARGE_FIRE = "large_fire"
    INLAND_FLOOD = "inland_flood"
    VOLCANO = "volcano"


class Fitness(enum.StrEnum):
    """How far a place may be used in a disaster of a kind."""

    SUITED = "suited"
    LIMITED = "limited"
    UNSUITED = "unsuited"


class ShelterKind(enum.StrEnum):
    """What a place is designated as.

    Source: Disaster Countermeasures Basic Act 49-4 (site), 49-7 (shelter), Enforcement Order 20-6 (5) (welfare).
    """

    GENERAL = "general"
    WELFARE = "welfare"
    SITE = "site"


@dataclass(frozen=True, slots=True)
class Shelter:
    """A designated shelter (指定避難所), welfare shelter (福祉避難所) or emergency site (指定緊急避難場所).

    ``capacity_persons`` is the town's own figure, ``capacity_standard_persons`` the number for whom there are 3.5 m2;
    both are 0 at an open-air site. ``node`` is the nearest node of the town's roads.
    """

    id: str
    name: str
    kind: ShelterKind
    x_m: float
    y_m: float
    node: int
    address: str
    district: int
    capacity_persons: int
    capacity_standard_persons: int
    capacity_is_estimate: bool
    fitness: Mapping[Hazard, Fitness]
    elevation_m: float | None = None
    name_kana: str = ""
    welfare_target: str = ""

    def fitness_for(self, hazard: Hazard) -> Fitness:
        """Fitness for a hazard; a place not designated for it is unsuited."""
        return self.fitness.get(hazard, Fitness.UNSUITED)
