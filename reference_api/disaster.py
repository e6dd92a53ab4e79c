"""Disaster mode: which rules hold in which district or neighbourhood."""

from collections.abc import Mapping
from dataclasses import dataclass

from reference_api.services import Services

GRAVITY: Mapping[str, int] = {"normal": 0, "drill": 1, "disaster": 2}
"""Modes from the lightest to the gravest."""


@dataclass(frozen=True, slots=True)
class DistrictMode:
    """What was last declared for a district, or for a neighbourhood inside one, where anything but normal holds."""

    mode: str
    hazard: str | None
    event_id: int


async def modes(services: Services) -> Mapping[str, DistrictMode]:
    """What holds, by code of district or neighbourhood, in order of code; what is not there is normal."""

    async def read() -> Mapping[str, DistrictMode]:
        rows = await services.store.all("SELECT district, mode, hazard, event_id FROM district_mode ORDER BY district")
        return {row[0]: DistrictMode(row[1], row[2], row[3]) for row in rows}

    return await services.memory.recall("modes", read)


def mode_of(held: Mapping[str, DistrictMode], district: str | None, neighbourhood: str | None = None) -> str:
    """The gravest mode of a district and of a neighbourhood inside it; normal where nothing is declared or known."""
    found = [held[code].mode for code in (district, neighbourhood) if code is not None and code in held]
    return max(found, key=GRAVITY.__getitem__, default="normal")


def gravest(held: Mapping[str, DistrictMode]) -> str:
    """The gravest mode that holds anywhere."""
    return max((area.mode for area in held.values()), key=GRAVITY.__getitem__, default="normal")
