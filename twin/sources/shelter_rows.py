"""Rows of shelter lists, as any file has them, and the checks that all lists share."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from twin.shelters import Fitness, Hazard, Shelter, ShelterKind
from twin.sources.faults import Faults
from twin.sources.synthetic_town import at_standard
from twin.town import municipality_code_fault
from twin.units import Projection

JAPAN_LAT = (20.4, 45.6)
JAPAN_LON = (122.9, 154.0)
"""Extremes of Japan in degrees. Source: GSI, 日本の東西南北端点の経度緯度."""

WATER = (Hazard.FLOOD, Hazard.STORM_SURGE, Hazard.TSUNAMI, Hazard.INLAND_FLOOD)
_UPPER_FLOORS = re.compile(r"[2-9２-９二三四五]\s*階以上|[2-9２-９二三四五]\s*階へ|津波避難ビル|垂直避難")


@dataclass(frozen=True, slots=True)
class ShelterRow:
    """One place of a list; ``where`` names its row for a message, ``lat`` and ``lon`` are NaN where unreadable."""

    where: str
    id: str
    name: str
    kind: ShelterKind
    lat: float
    lon: float
    address: str
    capacity_persons: int
    capacity_is_estimate: bool
    fitness: Mapping[Hazard, Fitness]
    elevation_m: float | None = None
    name_kana: str = ""
    welfare_target: str = ""


@dataclass(frozen=True)
class Ground:
    """Where shelters may lie: the projection, and the boundary in metres with the tolerance outside it."""

    projection: Projection
    boundary: npt.NDArray[np.float64] | None = None
    tolerance_m: float = 0.0


def shelters_of(rows: Sequence[ShelterRow], ground: Ground, area_m2_per_person: float, faults: Faults) -> list[Shelter]:
    """Shelters of the rows, without node and district; what is wrong with a row is added to ``faults``."""
    faults_of_ids(rows, faults)
    good = [row for row in rows if _place_is_fine(row, faults)]
    x_m, y_m = ground.projection.to_metres([row.lon for row in good], [row.lat for row in good])
    _outside(good, x_m, y_m, ground, faults)
    standard = at_standard(np.array([row.capacity_persons for row in good], dtype=np.int64), area_m2_per_person)
    return [
        Shelter(
            id=row.id,
            name=row.name,
            kind=row.kind,
            x_m=float(x_m[number]),
            y_m=float(y_m[number]),
            node=-1,
            address=row.address,
            district=-1,
            capacity_persons=row.capacity_persons,
            capacity_standard_persons=int(standard[number]),
            capacity_is_estimate=row.capacity_is_estimate,
            fitness=row.fitness,
            elevation_m=row.elevation_m,
            name_kana=row.name_kana,
            welfare_target=row.welfare_target,
        )
        for number, row in enumerate(good)
    ]


def faults_of_ids(rows: Sequence[ShelterRow], faults: Faults) -> None:
    """Note ids and names that are missing, and ids that stand twice."""
    first: dict[str, str] = {}
    for row in rows:
        if not row.id:
            faults.at(row.where, "no id; give each place its own")
        elif row.id in first:
            faults.at(row.where, f"id {row.id!r} stands already at {first[row.id]}; give each place its own")
        else:
            first[row.id] = row.where
        if not row.name:
            faults.at(row.where, "no name; give it")
        if row.capacity_persons < 0:
            faults.at(row.where, f"capacity {row.capacity_persons} is below 0; leave it empty where unknown")


def _place_is_fine(row: ShelterRow, faults: Faults) -> bool:
    inside = JAPAN_LAT[0] <= row.lat <= JAPAN_LAT[1] and JAPAN_LON[0] <= row.lon <= JAPAN_LON[1]
    if not inside:
        swapped = JAPAN_LAT[0] <= row.lon <= JAPAN_LAT[1] and JAPAN_LON[0] <= row.lat <= JAPAN_LON[1]
        hint = (
            "latitude and longitude are swapped" if swapped else "give degrees in JGD2011, such as 37.494833, 139.92975"
        )
        faults.at(row.where, f"latitude {row.lat}, longitude {row.lon} is no place in Japan; {hint}")
    return inside


def _outside(
    rows: Sequence[ShelterRow],
    x_m: npt.NDArray[np.float64],
    y_m: npt.NDArray[np.float64],
    ground: Ground,
    faults: Faults,
) -> None:
    if ground.boundary is None or not rows:
        return
    area = shapely.Polygon(ground.boundary)
    away_m = np.atleast_1d(shapely.distance(area, shapely.points(x_m, y_m)))
    for row, away in zip(rows, away_m.tolist(), strict=True):
        if away > ground.tolerance_m:
            faults.at(
                row.where,
                f"{row.name} lies {away:.0f} m outside the town's boundary "
                f"(at most {ground.tolerance_m:.0f} m); mend its coordinates or take it out",
            )


def number_or_nan(text: object) -> float:
    """A number, NaN where there is none."""
    try:
        return float(str(text).replace(",", ""))
    except ValueError:
        return math.nan


def code_fault(code: str, wanted: str) -> str | None:
    """What is wrong with the municipality code of a row, None if nothing; five digits may lack the check digit only."""
    if code == wanted:
        return None
    if code.isdigit() and f"0{code}" == wanted:
        return f"code {code!r} lost its leading zero; write {wanted!r} as text"
    return municipality_code_fault(code) or f"code {code!r} is another municipality's; this town's is {wanted!r}"


def limited_by_remark(fitness: Mapping[Hazard, Fitness], remark: str) -> dict[Hazard, Fitness]:
    """Fitness with floods only limited where a remark says that only upper floors count (2階以上, 津波避難ビル)."""
    if not _UPPER_FLOORS.search(remark):
        return dict(fitness)
    return {
        hazard: Fitness.LIMITED if hazard in WATER and value is Fitness.SUITED else value
        for hazard, value in fitness.items()
    }
