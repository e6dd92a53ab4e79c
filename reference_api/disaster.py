"""Disaster mode: which rules hold in which district."""

from collections.abc import Mapping
from dataclasses import dataclass

from reference_api.services import Services

GRAVITY: Mapping[str, int] = {"normal": 0, "drill": 1, "disaster": 2}
"""Modes from the lightest to the gravest."""


@dataclass(frozen=True, slots=True)
class DistrictMode:
    """What was last declared for a district where anything but normal holds."""

    mode: str
    hazard: str | None
    event_id: int


async def modes(services: Services) -> Mapping[str, DistrictMode]:
    """What holds, by district, in order of code; a district that is not there is normal."""

    async def read() -> Mapping[str, DistrictMode]:
        rows = await services.store.all("SELECT district, mode, hazard, event_id FROM district_mode ORDER BY district")
        return {row[0]: DistrictMode(row[1], row[2], row[3]) for row in rows}

    return await services.memory.recall("modes", read)


def mode_of(modes_by_district: Mapping[str, DistrictMode], district: str | None) -> str:
    """The mode of a district; normal where nothing is declared or the district is not known."""
    held = modes_by_district.get(district) if district is not None else None
    return "normal" if held is None else held.mode


def gravest(modes_by_district: Mapping[str, DistrictMode]) -> str:
    """The gravest mode that holds anywhere."""
    return max((held.mode for held in modes_by_district.values()), key=GRAVITY.__getitem__, default="normal")
