"""Shelter lists: GSI's GeoJSON, the municipal standard CSV, P20; every fault at once, with its place in the file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.errors import InvalidSource, MissingSource
from twin.shelters import Fitness, Hazard, ShelterKind
from twin.sources.faults import Faults
from twin.sources.gsi import read_capacities, read_shelters, read_sites
from twin.sources.municipal import read_standard_sites
from twin.sources.p20 import read_p20
from twin.sources.shelter_rows import Ground, code_fault, limited_by_remark, shelters_of
from twin.units import Projection

HEAD = "ID,名称,緯度,経度,想定収容人数,全国地方公共団体コード,災害種別_地震,災害種別_洪水,指定避難所との重複,備考"
GROUND = Ground(
    Projection(37.494833, 139.92975),
    np.array([[-1e4, -1e4], [1e4, -1e4], [1e4, 1e4], [-1e4, 1e4], [-1e4, -1e4]]),
    500.0,
)


def standard(tmp_path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    """A standard CSV with these rows."""
    path = tmp_path / "sites.csv"
    path.write_text("\n".join((HEAD, *rows)) + "\n", encoding=encoding)
    return path


def gsi(tmp_path: Path, *features: dict[str, Any], name: str = "gsi.json") -> Path:
    """A GSI file with these properties; key ``at`` gives the coordinates."""
    path = tmp_path / name
    table = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": one.get("at", [139.93, 37.49])},
            "properties": one,
        }
        for one in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": table}), encoding="utf-8")
    return path


def test_a_standard_file_gives_places_capacities_and_fitness(tmp_path: Path) -> None:
    """Rows become shelters and sites by the overlap column; 3.5 m2 follows from the town's own figure."""
    path = standard(
        tmp_path,
        'a,"体育館, 本館",37.49,139.93,"1,000",072028,1,1,1,2階以上',
        "b,公園,37.5,139.94,,072028,1.0,,,",
    )
    faults = Faults(path)
    hall, park = shelters_of(read_standard_sites(path, "072028", faults), GROUND, 2.0, faults)
    faults.raise_any()
    assert (hall.name, hall.kind, hall.capacity_persons, hall.capacity_standard_persons) == (
        "体育館, 本館",
        ShelterKind.GENERAL,
        1000,
        571,
    )
    assert hall.fitness_for(Hazard.FLOOD) is Fitness.LIMITED
    assert hall.fitness_for(Hazard.EARTHQUAKE) is Fitness.SUITED
    assert (park.kind, park.capacity_persons) == (ShelterKind.SITE, 0)
    assert park.fitness_for(Hazard.EARTHQUAKE) is Fitness.SUITED
    assert park.fitness_for(Hazard.FLOOD) is Fitness.UNSUITED


def test_shift_jis_is_read_too(tmp_path: Path) -> None:
    """A file saved by a spreadsheet in Shift_JIS gives the same names."""
    path = standard(tmp_path, "a,体育館,37.49,139.93,10,072028,1,,1,", encoding="cp932")
    faults = Faults(path)
    assert [row.name for row in read_standard_sites(path, "072028", faults)] == ["体育館"]


def test_every_fault_of_a_standard_file_comes_at_once(tmp_path: Path) -> None:
    """Each kind of bad row is named with its line: id, name, zero, place, capacity, flag, swap, distance."""
    path = standard(
        tmp_path,
        "a,体育館,37.49,139.93,10,72028,1,,1,",
        "a,公民館,37.49,139.93,-5,072028,1,,1,",
        "c,,37.49,139.93,many,072028,yes,,1,",
        "d,駅,139.93,37.49,1,072028,1,,1,",
        "e,港,35.0,139.0,1,072028,1,,1,",
        ",寺,x,139.93,1,172022,1,,1,",
    )
    faults = Faults(path)
    shelters_of(read_standard_sites(path, "072028", faults), GROUND, 2.0, faults)
    with pytest.raises(InvalidSource) as fault:
        faults.raise_any()
    expected = (
        (2, "lost its leading zero"),
        (3, "id 'a' stands already at"),
        (3, "capacity -5 is below 0"),
        (4, "no name"),
        (4, "想定収容人数 is 'many'"),
        (4, "災害種別_地震 is 'yes'"),
        (5, "swapped"),
        (6, "outside the town's boundary"),
        (7, "no id"),
        (7, "another municipality's"),
        (7, "latitude nan"),
    )
    for line, words in expected:
        assert any(one.startswith(f"{path}:{line}: ") and words in one for one in fault.value.faults), (line, words)
    assert len(fault.value.faults) == len(expected)


def test_a_file_without_needed_columns_says_which(tmp_path: Path) -> None:
    """Missing columns are named with what was found; an absent file is called absent."""
    path = tmp_path / "x.csv"
    path.write_text("ID,name\n", encoding="utf-8")
    with pytest.raises(InvalidSource, match=r"x\.csv:1: columns missing: 名称, 緯度, 経度; found: ID, name"):
        read_standard_sites(path, "072028", Faults(path))
    with pytest.raises(MissingSource, match="is no file"):
        read_standard_sites(tmp_path / "absent.csv", "072028", Faults(path))


@pytest.mark.shared_data
def test_the_real_nanao_file_is_read_whole(shared_data: Path) -> None:
    """112 places, one over two lines; indoor capacities such as 屋内1,371人 count, what is outdoors does not."""
    path = shared_data / "shelters" / "nanao_2024_open_shelters" / "data" / "reference_data.csv"
    faults = Faults(path)
    rows = read_standard_sites(path, "172022", faults)
    assert faults.found == []
    school = next(row for row in rows if row.name == "七尾中学校")
    assert (school.capacity_persons, school.elevation_m, school.kind) == (1371, 3.9, ShelterKind.GENERAL)
    assert len(rows) == 112


SITE = {"共通ID": "E0720200001201", "施設・場所名": "公園", "住所": "町", "洪水": "1", "地震": "1", "備考": ""}


def test_a_shelter_is_as_fit_as_the_site_at_its_place(tmp_path: Path) -> None:
    """Same first eleven characters: the site's fitness; no site there: limited for what sites are designated for."""
    sites_path = gsi(tmp_path, SITE, {**SITE, "共通ID": "E0720200002201", "洪水": "", "備考": "津波避難ビル"})
    shelters_path = gsi(
        tmp_path,
        {"共通ID": "E0720200001111", "施設・場所名": "学校"},
        {"共通ID": "E0720200009122", "施設・場所名": "老人ホーム", "受入対象者": "高齢者"},
        name="shelters.json",
    )
    faults = Faults(shelters_path)
    sites = read_sites(sites_path, faults)
    school, home = read_shelters(shelters_path, sites, faults)
    assert faults.found == []
    assert school.kind is ShelterKind.GENERAL
    assert dict(school.fitness) == dict(sites[0].fitness)
    assert school.fitness[Hazard.FLOOD] is Fitness.SUITED
    assert (home.kind, home.welfare_target) == (ShelterKind.WELFARE, "高齢者")
    assert home.fitness[Hazard.FLOOD] is Fitness.LIMITED
    assert home.fitness[Hazard.VOLCANO] is Fitness.UNSUITED


def test_every_fault_of_a_gsi_file_comes_at_once(tmp_path: Path) -> None:
    """Flags, ids, places and distances of a GSI file are named by feature and name."""
    path = gsi(
        tmp_path,
        SITE,
        {**SITE, "洪水": "2"},
        {**SITE, "共通ID": "E0720200003201", "at": [139.9]},
        {**SITE, "共通ID": "E0720200004201", "施設・場所名": "港", "at": [140.5, 37.49]},
    )
    faults = Faults(path)
    shelters_of(read_sites(path, faults), GROUND, 2.0, faults)
    text = "\n".join(faults.found)
    for words in (
        "feature 2 (公園): 洪水 is '2'",
        "feature 2 (公園): id 'E0720200001201' stands already",
        "feature 3 (公園): latitude nan",
        "feature 4 (港): 港 lies",
    ):
        assert words in text, words
    assert len(faults.found) == 4


def test_what_is_no_feature_collection_is_refused(tmp_path: Path) -> None:
    """Broken JSON has its line, other JSON is called by its lack, features without properties are named."""
    path = tmp_path / "bad.json"
    path.write_text("{\n", encoding="utf-8")
    with pytest.raises(InvalidSource, match=r"bad\.json:2: not JSON"):
        read_sites(path, Faults(path))
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(InvalidSource, match="no GeoJSON FeatureCollection"):
        read_sites(path, Faults(path))
    path.write_text('{"features": [{"geometry": null}]}', encoding="utf-8")
    faults = Faults(path)
    assert read_sites(path, faults) == []
    assert "feature 1: no properties" in faults.found[0]


def test_capacities_with_bad_numbers_are_named_by_line(tmp_path: Path) -> None:
    """A negative and an unreadable capacity are faults with their lines; good rows are kept."""
    path = tmp_path / "c.csv"
    path.write_text("id,capacity\na,10\nb,-1\nc,x\n", encoding="utf-8")
    faults = Faults(path)
    assert read_capacities(path, faults) == {"a": 10}
    assert [fault.split(": ")[0] for fault in faults.found] == [f"{path}:3", f"{path}:4"]


def test_p20_flags_are_read_as_its_columns_mean(tmp_path: Path) -> None:
    """水害 suits river and inland floods and limits storm surges; その他 limits; -1 is unknown, not negative."""
    path = tmp_path / "p20.csv"
    head = (
        "P20_001,P20_002,P20_003,P20_004,P20_005,P20_006,P20_007,P20_008,P20_009,P20_010,P20_011,P20_012,緯度,経度,NO"
    )
    path.write_text(
        f"{head}\n35202,学校,宇部市,避難場所,1000,-1,1,0,1,0,1,0,33.95,131.24,1\n"
        "35202,公園,宇部市,一次避難場所,-1,-1,1,0,0,0,0,0,33.95,131.24,2\n"
        "35203,寺,山口市,避難場所,x,-1,9,0,0,0,0,0,33.95,131.24,3\n",
        encoding="utf-8",
    )
    faults = Faults(path)
    school, park, _ = read_p20(path, "352021", faults)
    assert (school.kind, school.capacity_persons, school.capacity_is_estimate) == (ShelterKind.GENERAL, 1000, False)
    assert school.fitness[Hazard.FLOOD] is Fitness.SUITED
    assert school.fitness[Hazard.STORM_SURGE] is Fitness.LIMITED
    assert school.fitness[Hazard.LANDSLIDE] is Fitness.LIMITED
    assert school.fitness[Hazard.TSUNAMI] is Fitness.UNSUITED
    assert (park.kind, park.capacity_persons) == (ShelterKind.SITE, 0)
    assert [fault.startswith(f"{path}:4: ") for fault in faults.found] == [True] * 3


@pytest.mark.parametrize("remark", ["2階以上", "３階以上のみ", "津波避難ビル"])
def test_remarks_on_upper_floors_limit_floods_only(remark: str) -> None:
    """Such a remark changes suited floods to limited and leaves earthquakes and unsuited hazards alone."""
    fitness = {
        Hazard.FLOOD: Fitness.SUITED,
        Hazard.TSUNAMI: Fitness.UNSUITED,
        Hazard.EARTHQUAKE: Fitness.SUITED,
    }
    assert limited_by_remark(fitness, remark) == {**fitness, Hazard.FLOOD: Fitness.LIMITED}
    assert limited_by_remark(fitness, "体育館299校庭2090") == fitness


def test_codes_of_rows_are_judged_against_the_town() -> None:
    """The town's code is fine; without its zero, of another town or malformed it is not."""
    assert code_fault("072028", "072028") is None
    assert "leading zero" in (code_fault("72028", "072028") or "")
    assert "another municipality" in (code_fault("172022", "072028") or "")
    assert "check digit" in (code_fault("072029", "072028") or "")
