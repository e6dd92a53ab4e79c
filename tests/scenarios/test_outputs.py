"""Files: their exact form, safe for spreadsheets, readable by maps, equal for equal runs."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from scenarios.areas import district_areas
from scenarios.language import Language
from scenarios.metrics import measure
from scenarios.outcomes import follow
from scenarios.outputs import csv_text, metrics_json, safe_cell, timeline_rows, write_outputs
from scenarios.record import RunHeader, RunRecord
from twin.events import EventKind

MakeRun = Callable[..., RunRecord]
FILES = {
    "metrics.json",
    "districts.csv",
    "shelters.csv",
    "timeline.csv",
    "districts.geojson",
    "shelters.geojson",
}


def write(record: RunRecord, folder: Path, language: Language = Language.EN) -> dict[str, bytes]:
    """All files of a run, by name."""
    folder.mkdir(exist_ok=True)
    outcomes = follow(record)
    paths = write_outputs(folder, record, outcomes, measure(record, outcomes), language)
    return {path.name: path.read_bytes() for path in paths}


def test_the_promised_files_are_written(big_run: MakeRun, tmp_path: Path) -> None:
    """Exactly the promised files, and the same bytes the second time."""
    record = big_run(people=2000, shelters=6, columns=8)
    first, second = write(record, tmp_path / "a"), write(record, tmp_path / "b")
    assert set(first) == FILES
    assert first == second


def test_only_metrics_json_holds_the_wall_time(big_run: MakeRun, tmp_path: Path) -> None:
    """A run that took longer differs in the value of wall_s and in nothing else."""
    record = big_run(people=2000, shelters=6, columns=8)
    first, second = write(record, tmp_path / "a"), write(replace(record, wall_s=99.0), tmp_path / "b")
    assert {name for name in FILES if first[name] != second[name]} == {"metrics.json"}
    differing = [
        (one["name"], other["name"])
        for one, other in zip(
            json.loads(first["metrics.json"])["metrics"], json.loads(second["metrics.json"])["metrics"], strict=True
        )
        if one != other
    ]
    assert differing == [("wall_s", "wall_s")]


def test_metrics_json_has_the_agreed_form(run_of: MakeRun) -> None:
    """Two keys; the run says what it was, each metric has exactly five fields, and no value is NaN."""
    header = RunHeader("citytwin run drill", "0.1.0", 7, "reference", connected=True, input_hashes={"b": "2", "a": "1"})
    record = run_of([], header=header)
    document = json.loads(metrics_json(record, measure(record, follow(record))))
    assert list(document) == ["run", "metrics"]
    assert document["run"]["command"] == "citytwin run drill"
    assert (document["run"]["version"], document["run"]["seed"]) == ("0.1.0", 7)
    assert document["run"]["hashes"] == {"a": "1", "b": "2"}
    assert all(list(one) == ["name", "value", "unit", "by", "definition"] for one in document["metrics"])


@pytest.mark.parametrize("text", ["=1+1", "+81", "-3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠x"])
def test_no_text_is_a_formula(text: str) -> None:
    """A spreadsheet shows a text that looks like a formula instead of working it out."""
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(("cell", "text"), [(None, ""), (3, "3"), (-1, "-1"), (0.5, "0.5"), (7.0, "7"), ("町", "町")])
def test_other_cells_stay_as_they_are(cell: str | float | None, text: str) -> None:
    """Numbers are numbers, none is empty, harmless text is unchanged."""
    assert safe_cell(cell) == text


@given(st.lists(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])), min_size=1), max_size=5))
def test_csv_reads_back_and_never_starts_a_formula(rows: list[list[str]]) -> None:
    """Whatever a cell holds, a reader gets as many cells back, none of which a spreadsheet would work out."""
    text = csv_text(rows)
    back = list(csv.reader(io.StringIO(text, newline="")))
    assert [len(row) for row in back if row != []] == [len(row) for row in rows]
    assert all(not one.startswith(tuple("=+-@\t\r＝＋－＠")) for row in back for one in row)


def test_csv_opens_in_a_spreadsheet(run_of: MakeRun, tmp_path: Path) -> None:
    """Byte-order mark, CRLF, headings in the language asked for, hostile names tamed, one row for each shelter."""
    record = run_of([])
    hostile = replace(record.town.shelters[0], name="=cmd|' /C calc'!A0")
    record = replace(record, town=replace(record.town, shelters=(hostile, *record.town.shelters[1:])))
    files = write(record, tmp_path / "ja", Language.JA)
    text = files["shelters.csv"].decode("utf-8")
    assert text.startswith("\ufeff番号,名称,")
    assert text.count("\r\n") == 1 + len(record.town.shelters)
    assert ",'=cmd|" in text


def test_timeline_rows_are_the_samples(run_of: MakeRun) -> None:
    """One row every 10 minutes; states sum to everybody; who was received by then has arrived."""
    rows = [(0.0, EventKind.DEPARTED, 0, 0, 0), (700.0, EventKind.CHECKED_IN, 0, 0, 0)]
    record = run_of(rows, duration_s=1800.0)
    table = timeline_rows(record, follow(record), Language.EN)
    assert [row[0] for row in table[1:]] == [0.0, 600.0, 1200.0, 1800.0]
    assert all(sum(int(one or 0) for one in row[2:8]) == record.population.people for row in table[1:])
    arrived = table[0].index("Arrived")
    assert [row[arrived] for row in table[1:]] == [0, 0, 1, 1]
    assert table[2][1] == "2027-01-20T17:40:00+09:00"


def test_headcount_without_an_answer_is_empty(run_of: MakeRun) -> None:
    """A sample that the city OS did not answer has an empty cell, not a zero."""
    record = run_of([])
    record.steps.headcount_said[1] = -1
    table = timeline_rows(record, follow(record), Language.EN)
    assert (table[1][-1], table[2][-1]) == (0, None)


def test_geojson_is_in_degrees_and_counterclockwise(big_run: MakeRun, tmp_path: Path) -> None:
    """Longitude and latitude within a degree of the office, six decimals, rings by RFC 7946, valid areas."""
    record = big_run(people=2000, shelters=6, columns=8)
    files = write(record, tmp_path / "out")
    for name in ("districts.geojson", "shelters.geojson"):
        for feature in json.loads(files[name])["features"]:
            shape = shapely.geometry.shape(feature["geometry"])
            assert shape.is_valid
            lon, lat = shape.centroid.coords[0]
            assert abs(lon - record.town.projection.origin_lon) < 1
            assert abs(lat - record.town.projection.origin_lat) < 1
            polygons = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]
            assert all(part.exterior.is_ccw for part in polygons)
    first = json.loads(files["shelters.geojson"])["features"][0]["geometry"]["coordinates"]
    assert all(round(value, 6) == value for value in first)


def test_areas_of_districts_do_not_overlap(big_run: MakeRun) -> None:
    """Each piece of ground belongs to one district, and each district holds its own neighbourhoods' centres."""
    town = big_run(people=200, shelters=3, columns=8).town
    areas = district_areas(town)
    together = shapely.unary_union(areas)
    assert sum(area.area for area in areas) == pytest.approx(together.area, rel=1e-6)
    for place in town.neighbourhoods:
        assert areas[place.district].distance(shapely.Point(place.x_m, place.y_m)) < 1e-6


def test_one_neighbourhood_alone_is_a_disc(run_of: MakeRun) -> None:
    """A town of one neighbourhood has one area, and a district without any has none."""
    town = run_of([]).town
    lonely = replace(
        town,
        neighbourhoods=(replace(town.neighbourhoods[0], weight=1.0),),
        home_neighbourhood=town.home_neighbourhood * 0,
    )
    areas = district_areas(lonely)
    assert [area.is_empty for area in areas] == [False, True]
