"""District figures: a town described by published numbers, typed in with their sources (data/*_districts.toml)."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from twin.shelters import Hazard
from twin.town import Standing


@dataclass(frozen=True, slots=True)
class DistrictFigures:
    """One district: its middle in degrees, spread of its towns (standard deviations), and what stands there."""

    code: str
    name: str
    name_en: str
    towns: int
    lat: float
    lon: float
    north_south_m: float
    east_west_m: float
    population: int
    standing: Standing
    general: int
    welfare: int
    sites: int
    listed_as: str = ""


@dataclass(frozen=True, slots=True)
class ExitFigures:
    """A road out of the town, ``bearing_deg`` from the office, clockwise from north."""

    name: str
    bearing_deg: float
    highway: str


@dataclass(frozen=True, slots=True)
class ShelterFigures:
    """What is known of the shelters as a whole; ``sites_suited`` counts emergency sites designated for each hazard."""

    shared_places: int
    capacity_total: int
    capacity_cv: float
    welfare_capacity_persons: int
    area_m2_per_person: float
    sites_suited: dict[Hazard, int]
    welfare_targets: dict[str, int]


@dataclass(frozen=True, slots=True)
class TownFigures:
    """Everything of one file; ``size_cv`` is the spread of neighbourhoods' sizes within a district."""

    population: int
    area_km2: float
    size_cv: float
    shelter_spread_m: float
    districts: tuple[DistrictFigures, ...]
    exits: tuple[ExitFigures, ...]
    shelters: ShelterFigures


def load_figures(name: str) -> TownFigures:
    """Figures of a file in twin/data."""
    table = tomllib.loads(files("twin").joinpath("data", name).read_text(encoding="utf-8"))
    shelters = table["shelters"]
    return TownFigures(
        population=table["population"],
        area_km2=table["area_km2"],
        size_cv=table["neighbourhoods"]["size_cv"],
        shelter_spread_m=table["neighbourhoods"]["shelter_spread_m"],
        districts=tuple(
            DistrictFigures(
                **{key: value for key, value in row.items() if key not in {"standing", "source"}},
                standing=Standing(row["standing"]),
            )
            for row in table["district"]
        ),
        exits=tuple(ExitFigures(row["name"], row["bearing_deg"], row["highway"]) for row in table["exit"]),
        shelters=ShelterFigures(
            shared_places=shelters["shared_places"],
            capacity_total=shelters["capacity_total"],
            capacity_cv=shelters["capacity_cv"],
            welfare_capacity_persons=shelters["welfare_capacity_persons"],
            area_m2_per_person=shelters["area_m2_per_person"],
            sites_suited={Hazard(key): count for key, count in shelters["sites_suited"].items()},
            welfare_targets=dict(shelters["welfare_targets"]),
        ),
    )
