"""GSI's lists of designated shelters and emergency sites (指定避難所・指定緊急避難場所, GeoJSON).

How fitness has three values, although the lists have flags of one:

* an emergency site is suited for the hazards that it is designated for, unsuited for the others;
* a shelter at the place of a site (the first eleven characters of the 共通ID agree) is like the site;
* a shelter without a site at its place was never tried against single hazards: it is limited for every hazard that
  the town designates any site for, unsuited for the others;
* where a remark (備考) says that only upper floors count, suited for a flood of any kind becomes limited.

Source: Disaster Countermeasures Basic Act 49-4 (sites, by hazard) and 49-7 (shelters, not by hazard).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twin.errors import InvalidSource
from twin.shelters import Fitness, Hazard, ShelterKind
from twin.sources.csv_tables import read_table
from twin.sources.faults import Faults, read_text
from twin.sources.shelter_rows import ShelterRow, limited_by_remark, number_or_nan

COLUMN_OF_HAZARD: Mapping[Hazard, str] = {
    Hazard.FLOOD: "洪水",
    Hazard.LANDSLIDE: "崖崩れ、土石流及び地滑り",
    Hazard.STORM_SURGE: "高潮",
    Hazard.EARTHQUAKE: "地震",
    Hazard.TSUNAMI: "津波",
    Hazard.LARGE_FIRE: "大規模な火事",
    Hazard.INLAND_FLOOD: "内水氾濫",
    Hazard.VOLCANO: "火山現象",
}
PLACE_CHARACTERS = 11
"""Characters of the 共通ID that name the place; the last three name the kind. Source: measured on 301 places."""

_WELFARE_KINDS = frozenset({"121", "122", "123"})
"""Endings of the 共通ID of shelters for people in need of care. Source: measured: exactly these have 受入対象者."""


def read_sites(path: Path, faults: Faults) -> list[ShelterRow]:
    """Emergency sites of a file; what is wrong is added to ``faults``."""
    rows = []
    for where, point, facts in _features(path, faults):
        flags = {hazard: str(facts.get(column) or "") for hazard, column in COLUMN_OF_HAZARD.items()}
        for hazard, flag in flags.items():
            if flag not in ("", "1"):
                faults.at(where, f'{COLUMN_OF_HAZARD[hazard]} is {flag!r}; it must be "1" or empty')
        fitness = {hazard: Fitness.SUITED if flag == "1" else Fitness.UNSUITED for hazard, flag in flags.items()}
        remark = str(facts.get("備考") or "")
        rows.append(_row((where, point, facts), ShelterKind.SITE, limited_by_remark(fitness, remark)))
    return rows


def read_shelters(path: Path, sites: Sequence[ShelterRow], faults: Faults) -> list[ShelterRow]:
    """Shelters of a file, fit as the sites at their places; what is wrong is added to ``faults``."""
    at_place = {site.id[:PLACE_CHARACTERS]: site.fitness for site in sites}
    designated = {hazard for site in sites for hazard, fitness in site.fitness.items() if fitness is Fitness.SUITED}
    elsewhere = {hazard: Fitness.LIMITED if hazard in designated else Fitness.UNSUITED for hazard in Hazard}
    rows = []
    for where, point, facts in _features(path, faults):
        id_ = str(facts.get("共通ID") or "")
        kind = ShelterKind.WELFARE if id_[PLACE_CHARACTERS:] in _WELFARE_KINDS else ShelterKind.GENERAL
        fitness = at_place.get(id_[:PLACE_CHARACTERS], elsewhere)
        rows.append(_row((where, point, facts), kind, limited_by_remark(fitness, str(facts.get("備考") or ""))))
    return rows


def read_capacities(path: Path, faults: Faults) -> dict[str, int]:
    """People by 共通ID of a table with columns ``id`` and ``capacity_estimate`` or ``capacity``."""
    capacities = {}
    for line, cells in read_table(path, ("id",)):
        text = cells.get("capacity_estimate", cells.get("capacity", ""))
        value = number_or_nan(text)
        if value >= 0.0:
            capacities[cells["id"]] = round(value)
        else:
            faults.at(f"{path}:{line}", f"capacity of {cells['id']} is {text!r}; it must be a number of 0 or more")
    return capacities


def _row(
    feature: tuple[str, tuple[float, float], Mapping[str, Any]], kind: ShelterKind, fitness: Mapping[Hazard, Fitness]
) -> ShelterRow:
    where, point, facts = feature
    return ShelterRow(
        where=where,
        id=str(facts.get("共通ID") or ""),
        name=str(facts.get("施設・場所名") or ""),
        kind=kind,
        lat=point[1],
        lon=point[0],
        address=str(facts.get("住所") or ""),
        capacity_persons=0,
        capacity_is_estimate=False,
        fitness=fitness,
        welfare_target=str(facts.get("受入対象者") or ""),
    )


def _features(path: Path, faults: Faults) -> list[tuple[str, tuple[float, float], Mapping[str, Any]]]:
    """For each feature the words that name it, its (lon, lat) and its properties."""
    try:
        table = json.loads(read_text(path))
    except json.JSONDecodeError as fault:
        raise InvalidSource([f"{path}:{fault.lineno}: not JSON: {fault.msg}; download it again from GSI"]) from fault
    features = table.get("features") if isinstance(table, dict) else None
    if not isinstance(features, list):
        raise InvalidSource([f"{path}: no GeoJSON FeatureCollection: it lacks a list of features"])
    found: list[tuple[str, tuple[float, float], Mapping[str, Any]]] = []
    for number, feature in enumerate(features, start=1):
        facts = feature.get("properties") if isinstance(feature, dict) else None
        where = f"{path}: feature {number}"
        if not isinstance(facts, dict):
            faults.at(where, "no properties; take it out")
            continue
        where += f" ({facts.get('施設・場所名') or 'no name'})"
        point = (feature.get("geometry") or {}).get("coordinates") or ()
        lon, lat = (number_or_nan(value) for value in point[:2]) if len(point) >= 2 else (float("nan"), float("nan"))
        found.append((where, (lon, lat), facts))
    return found
