"""Files beside the report: metrics.json, CSV for spreadsheets, GeoJSON for maps; byte-equal for equal runs."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from scenarios.areas import district_areas
from scenarios.language import Language
from scenarios.metrics import Metric, Number, definitions, waiting_at
from scenarios.outcomes import Outcomes
from scenarios.record import NO_ANSWER, RunRecord
from scenarios.report.texts import phrase
from twin.events import State

FloatArray = npt.NDArray[np.float64]
Cell = str | Number
Lookup = Mapping[tuple[str, str], Number]

DISTRICT_METRICS = ("people", "evacuees", "arrived", "t50_s", "t90_s", "unassisted", "safety_confirmed_share")
SHELTER_METRICS = ("peak_occupancy", "received", "reception_wait_p95_s", "diverted")

FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")
"""Starts of a cell that a spreadsheet takes for a formula.

Source: OWASP, CSV Injection.
"""

DEGREE_DECIMALS = 6
"""Decimals of longitude and latitude: 0.1 m."""


def write_outputs(
    folder: Path, record: RunRecord, outcomes: Outcomes, metrics: Sequence[Metric], language: Language
) -> tuple[Path, ...]:
    """Write all files into an existing folder; ``language`` is that of the CSV headings. Returns what was written."""
    files = {
        "metrics.json": metrics_json(record, metrics),
        "districts.csv": csv_text(district_rows(record, metrics, language)),
        "shelters.csv": csv_text(shelter_rows(record, metrics, language)),
        "timeline.csv": csv_text(timeline_rows(record, outcomes, language)),
        "districts.geojson": _json(districts_geojson(record, metrics)),
        "shelters.geojson": _json(shelters_geojson(record, metrics)),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8-sig" if name.endswith(".csv") else "utf-8", newline="")
    return tuple(folder / name for name in files)


def metrics_json(record: RunRecord, metrics: Iterable[Metric]) -> str:
    """The text of metrics.json: ``run`` says what run it was, ``metrics`` are the numbers."""
    header, scenario = record.header, record.scenario
    run = {
        "command": header.command,
        "version": header.version,
        "seed": header.seed,
        "hashes": dict(sorted(header.input_hashes.items())),
        "city_os": header.city_os,
        "scenario": scenario.key,
        "town": record.town.code,
        "share": record.population.share,
        "start": scenario.start.isoformat(),
        "duration_s": scenario.duration_s,
    }
    rows = [
        {"name": one.name, "value": one.value, "unit": one.unit, "by": dict(one.by), "definition": one.definition}
        for one in metrics
    ]
    faults = [{"name": one.name, "kind": one.kind, "concerned": one.concerned, "hit": one.hit} for one in record.faults]
    return _json({"run": run, "metrics": rows, **({"faults": faults} if faults else {})})


def values_by(metrics: Iterable[Metric], part: str) -> Lookup:
    """Values by (name, code of the part) of the metrics that are by this part alone."""
    return {(one.name, one.by[part]): one.value for one in metrics if set(one.by) == {part}}


def csv_text(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as CSV that a spreadsheet opens without harm: no cell is taken for a formula, lines end in CRLF."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[safe_cell(cell) for cell in row] for row in rows])
    return out.getvalue()


def safe_cell(cell: Cell) -> str:
    """A cell as text; an apostrophe keeps text that looks like a formula from being one."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.4f}".rstrip("0").rstrip(".")
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_STARTS) else str(cell)


def district_rows(record: RunRecord, metrics: Iterable[Metric], language: Language) -> list[list[Cell]]:
    """A heading and one row for each district."""
    values = values_by(metrics, "district")
    heading: list[Cell] = [*_words(language, "code district"), *_labels(DISTRICT_METRICS, language)]
    rows: list[list[Cell]] = [heading]
    for district in record.town.districts:
        name = district.name if language is Language.JA else district.name_en
        rows.append([district.code, name, *(values[name, district.code] for name in DISTRICT_METRICS)])
    return rows


def shelter_rows(record: RunRecord, metrics: Iterable[Metric], language: Language) -> list[list[Cell]]:
    """A heading and one row for each shelter."""
    values = values_by(metrics, "shelter")
    heading: list[Cell] = _words(language, "id name kind town standard estimate")
    rows: list[list[Cell]] = [[*heading, *_labels(SHELTER_METRICS, language)]]
    for shelter in record.town.shelters:
        places = (shelter.capacity_persons, shelter.capacity_standard_persons, int(shelter.capacity_is_estimate))
        numbers = (values[name, shelter.id] for name in SHELTER_METRICS)
        kind = phrase(f"kind.{shelter.kind}").in_language(language)
        rows.append([shelter.id, shelter.name, kind, *places, *numbers])
    return rows


def timeline_rows(record: RunRecord, outcomes: Outcomes, language: Language) -> list[list[Cell]]:
    """A heading and one row for each sample: states, arrivals, people waiting for help, safety, headcounts."""
    heading: list[Cell] = _words(language, "time clock")
    heading += [phrase(f"state.{state.name.lower()}").in_language(language) for state in State]
    rows = [[*heading, *_words(language, "arrived waiting confirmed said")]]
    time_s = record.steps.time_s
    columns = (
        np.searchsorted(np.sort(outcomes.arrived.time_s), time_s, side="right"),
        waiting_at(outcomes, time_s),
        np.searchsorted(np.sort(outcomes.confirmed.time_s), time_s, side="right"),
    )
    for step, at_s in enumerate(time_s.tolist()):
        clock = (record.scenario.start + timedelta(seconds=at_s)).isoformat()
        counts = [int(record.steps.counts[step, state]) for state in State]
        said = record.steps.headcount_said[step]
        total = int(said[said != NO_ANSWER].sum()) if (said != NO_ANSWER).any() else None
        rows.append([at_s, clock, *counts, *(int(column[step]) for column in columns), total])
    return rows


def shelters_geojson(record: RunRecord, metrics: Iterable[Metric]) -> dict[str, Any]:
    """Shelters as points with capacities and what happened there."""
    values = values_by(metrics, "shelter")
    features = []
    for shelter in record.town.shelters:
        properties = {
            "id": shelter.id,
            "name": shelter.name,
            "kind": str(shelter.kind),
            "capacity_persons": shelter.capacity_persons,
            "capacity_standard_persons": shelter.capacity_standard_persons,
            "capacity_is_estimate": shelter.capacity_is_estimate,
            **{name: values[name, shelter.id] for name in SHELTER_METRICS},
        }
        features.append(_feature(record, shapely.Point(shelter.x_m, shelter.y_m), properties))
    return {"type": "FeatureCollection", "features": features}


def districts_geojson(record: RunRecord, metrics: Iterable[Metric]) -> dict[str, Any]:
    """Districts as areas drawn around their neighbourhoods, with what happened there."""
    values = values_by(metrics, "district")
    features = []
    for district, area in zip(record.town.districts, district_areas(record.town), strict=True):
        properties = {
            "code": district.code,
            "name": district.name,
            "name_en": district.name_en,
            "area_is_drawn": True,
            **{name: values[name, district.code] for name in DISTRICT_METRICS},
        }
        features.append(_feature(record, area, properties))
    return {"type": "FeatureCollection", "features": features}


def _feature(record: RunRecord, shape: BaseGeometry, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = None if shape.is_empty else shapely.geometry.mapping(_in_degrees(record, shape))
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def _in_degrees(record: RunRecord, shape: BaseGeometry) -> BaseGeometry:
    def degrees(points: FloatArray) -> FloatArray:
        lon, lat = record.town.projection.to_degrees(points[:, 0], points[:, 1])
        return np.asarray(np.round(np.column_stack((lon, lat)), DEGREE_DECIMALS), np.float64)

    turned = shapely.transform(shape, degrees)
    if turned.geom_type == "Polygon":
        return orient(turned)  # RFC 7946, 3.1.6: outer rings run counterclockwise
    return shapely.MultiPolygon([orient(part) for part in turned.geoms]) if hasattr(turned, "geoms") else turned


def _words(language: Language, names: str) -> list[Cell]:
    return [phrase(f"column.{name}").in_language(language) for name in names.split()]


def _labels(names: Iterable[str], language: Language) -> list[Cell]:
    labels = []
    for name in names:
        unit = phrase(f"unit.{definitions()[name].unit.replace(' ', '_')}").in_language(language)
        label = definitions()[name].label.in_language(language)
        labels.append(f"{label} [{unit}]" if unit else label)
    return [*labels]


def _json(value: object) -> str:
    # With an indent, json writes item by item in Python.
    return msgspec.json.format(json.dumps(value, ensure_ascii=False, allow_nan=False), indent=1) + "\n"
