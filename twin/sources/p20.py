"""国土数値情報 避難施設 (P20) as a table.

Columns: P20_001 municipality (five digits), 002 name, 003 address, 004 kind, 005 capacity in people, 006 floor area in
m2, both -1 where unknown; 007 earthquake, 008 tsunami, 009 flood (水害), 010 volcano, 011 other, 012 not stated.
Fitness: 水害 does not part its kinds, so river and inland floods are suited and storm surges limited; その他 names no
hazard, so landslides and large fires are limited. A place for the first hour (一次避難場所) is an emergency site.

Source: MLIT, 国土数値情報 製品仕様書 避難施設データ P20 (2012).
"""

import math
from collections.abc import Mapping
from pathlib import Path

from twin.shelters import Fitness, Hazard, ShelterKind
from twin.sources.csv_tables import read_table
from twin.sources.faults import Faults
from twin.sources.shelter_rows import ShelterRow, number_or_nan

NEEDED = (*(f"P20_{number:03d}" for number in (1, 2, 3, 4, 5, 7, 8, 9, 10, 11)), "緯度", "経度")
UNKNOWN = -1
_FITNESS: Mapping[str, Mapping[Hazard, Fitness]] = {
    "P20_007": {Hazard.EARTHQUAKE: Fitness.SUITED},
    "P20_008": {Hazard.TSUNAMI: Fitness.SUITED},
    "P20_009": {
        Hazard.FLOOD: Fitness.SUITED,
        Hazard.INLAND_FLOOD: Fitness.SUITED,
        Hazard.STORM_SURGE: Fitness.LIMITED,
    },
    "P20_010": {Hazard.VOLCANO: Fitness.SUITED},
    "P20_011": {Hazard.LANDSLIDE: Fitness.LIMITED, Hazard.LARGE_FIRE: Fitness.LIMITED},
}


def read_p20(path: Path, code: str, faults: Faults) -> list[ShelterRow]:
    """Places of a file; what is wrong is added to ``faults``."""
    return [_row(path, line, cells, (code, faults)) for line, cells in read_table(path, NEEDED)]


def _row(path: Path, line: int, cells: Mapping[str, str], context: tuple[str, Faults]) -> ShelterRow:
    code, faults = context
    where = f"{path}:{line}"
    if cells["P20_001"].zfill(5) != code[:5]:
        faults.at(where, f"P20_001 is {cells['P20_001']!r}; this town's code begins {code[:5]!r}")
    capacity = number_or_nan(cells["P20_005"])
    if math.isnan(capacity):
        faults.at(where, f"P20_005 is {cells['P20_005']!r}; give people as a number, {UNKNOWN} where unknown")
    first_hour = cells["P20_004"].startswith("一次")
    known = not math.isnan(capacity) and capacity != UNKNOWN
    return ShelterRow(
        where=where,
        id=f"P20-{code[:5]}-{cells.get('NO') or line}",
        name=cells["P20_002"],
        kind=ShelterKind.SITE if first_hour else ShelterKind.GENERAL,
        lat=number_or_nan(cells["緯度"]),
        lon=number_or_nan(cells["経度"]),
        address=cells["P20_003"],
        capacity_persons=int(capacity) if known else 0,
        capacity_is_estimate=not known and not first_hour,
        fitness=_fitness(where, cells, faults),
    )


def _fitness(where: str, cells: Mapping[str, str], faults: Faults) -> dict[Hazard, Fitness]:
    fitness = dict.fromkeys(Hazard, Fitness.UNSUITED)
    for column, granted in _FITNESS.items():
        if cells[column] not in ("0", "1"):
            faults.at(where, f"{column} is {cells[column]!r}; it must be 0 or 1")
        elif cells[column] == "1":
            fitness.update(granted)
    return fitness
