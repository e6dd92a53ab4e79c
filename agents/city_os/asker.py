"""Asker: who says something to a city OS, in the twin's own terms."""

import enum
from dataclasses import dataclass


class AskerKind(enum.StrEnum):
    """Kinds of those who ask."""

    ANYBODY = "anybody"
    """Without a token: what everybody may read."""
    CITY_OFFICE = "city_office"
    SHELTER_DESK = "shelter_desk"
    ASSOCIATION = "association"
    CITIZEN = "citizen"


@dataclass(frozen=True, slots=True)
class Asker:
    """One who asks; ``row`` is a desk's shelter, an association's neighbourhood, a citizen's own row, else -1."""

    kind: AskerKind
    row: int = -1
