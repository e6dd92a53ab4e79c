"""自治体標準オープンデータセット: the list of designated emergency sites (指定緊急避難場所一覧, CSV).

The standard has no list of shelters (指定避難所). A place counts as a shelter if the column 指定避難所との重複 says so,
or, where a file lacks that column, if it has room indoors; else it is an emergency site. Fitness is by the flags,
limited where a remark says that only upper floors count (see sources.gsi).

Source: Digital Agency, 自治体標準オープンデータセット, 2026-08-01, data item definition A.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path

from twin.shelters import Fitness, ShelterKind
from twin.sources.csv_tables import read_table
from twin.sources.faults import Faults
from twin.sources.gsi import COLUMN_OF_HAZARD
from twin.sources.shelter_rows import ShelterRow, code_fault, limited_by_remark, number_or_nan

NEEDED = ("ID", "名称", "緯度", "経度")
_CODE_COLUMNS = ("全国地方公共団体コード", "所在地_全国地方公共団体コード")
_INDOORS = re.compile(r"屋内\s*([\d,]+)\s*人")
_YES, _NO = frozenset({"1", "1.0", "○", "〇"}), frozenset({"", "0", "0.0", "×"})


def read_standard_sites(path: Path, code: str, faults: Faults) -> list[ShelterRow]:
    """Places of a file; what is wrong is added to ``faults``."""
    return [_row(path, line, cells, (code, faults)) for line, cells in read_table(path, NEEDED)]


def _row(path: Path, line: int, cells: Mapping[str, str], context: tuple[str, Faults]) -> ShelterRow:
    code, faults = context
    where = f"{path}:{line}"
    fault = next((code_fault(cells[name], code) for name in _CODE_COLUMNS if cells.get(name)), None)
    if fault:
        faults.at(where, f"{fault}")
    capacity = _capacity(where, cells.get("想定収容人数", ""), faults)
    also_shelter = cells.get("指定避難所との重複")
    is_shelter = capacity > 0 if also_shelter is None else _flag(where, "指定避難所との重複", also_shelter, faults)
    fitness = {
        hazard: Fitness.SUITED
        if _flag(where, f"災害種別_{name}", cells.get(f"災害種別_{name}", ""), faults)
        else Fitness.UNSUITED
        for hazard, name in COLUMN_OF_HAZARD.items()
    }
    elevation = number_or_nan(cells.get("標高", ""))
    return ShelterRow(
        where=where,
        id=cells["ID"],
        name=cells["名称"],
        kind=ShelterKind.GENERAL if is_shelter else ShelterKind.SITE,
        lat=number_or_nan(cells["緯度"]),
        lon=number_or_nan(cells["経度"]),
        address=cells.get("所在地_連結表記", ""),
        capacity_persons=capacity if is_shelter else min(capacity, 0),
        capacity_is_estimate=False,
        fitness=limited_by_remark(fitness, cells.get("備考", "")),
        elevation_m=None if math.isnan(elevation) else elevation,
        name_kana=cells.get("名称_カナ", ""),
    )


def _capacity(where: str, text: str, faults: Faults) -> int:
    """People indoors; 0 where the file says nothing. A text such as 屋内191人／屋外0人 counts what is indoors."""
    if not text:
        return 0
    indoors = _INDOORS.search(text)
    if indoors:
        return int(indoors.group(1).replace(",", ""))
    value = number_or_nan(text.removesuffix("人"))
    if not math.isnan(value):
        return int(value)
    if "屋外" not in text:
        faults.at(where, f"想定収容人数 is {text!r}; give a number, or 屋内N人／屋外M人")
    return 0


def _flag(where: str, column: str, text: str, faults: Faults) -> bool:
    if text not in _YES | _NO:
        faults.at(where, f"{column} is {text!r}; it must be 1 or empty")
    return text in _YES
