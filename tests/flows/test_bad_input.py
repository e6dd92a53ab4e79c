"""Files that cannot be used: every fault at once on lines of their own, exit code 2, nothing written."""

from collections.abc import Callable
from pathlib import Path

import pytest
from scenario_values import GOOD

from scenarios.cli import run_command

Refused = Callable[..., list[str]]

SHELTERS = """ID,名称,緯度,経度,想定収容人数,全国地方公共団体コード,災害種別_地震
a,第一小学校,37.496,139.931,300,072028,1
b,第二小学校,37.490,139.925,300,072028,1
"""

RECIPE = """
[town]
code = "072028"
name = "試験市"
name_en = "Testville"
office_lat = 37.494833
office_lon = 139.92975
office_source = "test"
people = 2000
households = 860
people_source = "test"
[districts]
kind = "figures"
figures = "aizu_districts.toml"
[streets]
kind = "synthetic"
nodes = 600
[shelters]
kind = "standard_csv"
sites = "sites.csv"
area_m2_per_person = 2.0
[boundary]
kind = "figures"
figures = "aizu_districts.toml"
"""

STREETS = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
 <node id="1" lat="35.70" lon="139.40" version="1"/>
 <node id="2" lat="35.71" lon="139.41" version="1"/>
 <node id="3" lat="35.71" lon="139.40" version="1"/>
 <node id="4" lat="35.72" lon="139.42" version="1"/>
 <way id="1" version="1"><nd ref="1"/><nd ref="2"/><nd ref="4"/><tag k="highway" v="residential"/></way>
 <way id="2" version="1"><nd ref="3"/><nd ref="2"/><tag k="highway" v="residential"/></way>
</osm>
"""


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    """The lines with which a run ends that is refused and has written nothing."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> list[str]:
        before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
        code = run_command(["run", *arguments, "--city-os", "none", "--lang", "en"])
        out, err = capsys.readouterr()
        assert (code, out) == (2, "")
        assert "Traceback" not in err
        assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before
        return [line.removeprefix("error: ") for line in err.splitlines() if line.startswith("error: ")]

    return run


def test_malformed_toml(tmp_path: Path, refused: Refused) -> None:
    """A file that is no TOML is told with its line."""
    (tmp_path / "bad.toml").write_text(GOOD.replace('town = "synthetic"', 'town = "synthetic'))
    (line,) = refused("bad.toml")
    assert line.startswith("bad.toml:3: not TOML")


def test_unknown_keys_and_absurd_values(tmp_path: Path, refused: Refused) -> None:
    """Keys that are none, the nearest that is one, and values out of range come all at once in the file's order."""
    spoilt = GOOD.replace("snow =", "snwo =").replace("people = 100", "people = -100").replace("= 0.5", "= 5.0")
    (tmp_path / "bad.toml").write_text(spoilt.replace("duration_h = 2", "duration_h = 1e9"))
    lines = refused("bad.toml")
    assert [line.split(": ")[0] for line in lines] == [f"bad.toml:{number}" for number in (7, 9, 14, 18)]
    assert "snow" in lines[2]


def test_unknown_districts(tmp_path: Path, refused: Refused) -> None:
    """What fits no district of the town is told with file and line, once the town is known."""
    (tmp_path / "bad.toml").write_text(GOOD.replace('districts = "all"', 'districts = ["Ikkii"]'))
    (line,) = refused("bad.toml")
    assert line.startswith("bad.toml:27: ")
    assert "Ikki" in line


def test_more_people_than_there_are(refused: Refused) -> None:
    """A sample cannot be larger than the town."""
    (line,) = refused("drill", "--people", "200000")
    assert "113386" in line


@pytest.fixture
def own_town(tmp_path: Path) -> Path:
    """A recipe of one's own whose shelters stand in a file."""
    (tmp_path / "sites.csv").write_text(SHELTERS, encoding="utf-8")
    (tmp_path / "own.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def test_a_town_of_ones_own_runs(own_town: Path) -> None:
    """The recipe that the next tests spoil is a good one."""
    words = ["run", "drill", "--town", str(own_town / "own.toml"), "--data", str(own_town), "--hours", "0.5"]
    assert run_command([*words, "--city-os", "none", "--quiet", "--out", str(own_town / "o")]) == 0


def test_every_fault_of_a_list_of_shelters(own_town: Path, refused: Refused) -> None:
    """A negative capacity, an id twice and a place outside the boundary are told at once by file and line."""
    spoilt = SHELTERS.replace("\nb,", "\na,").replace("37.490,139.925,300", "37.490,139.925,-300")
    far = "c,第三小学校,35.690,139.700,300,072028,1\n"
    (own_town / "sites.csv").write_text(spoilt + far, encoding="utf-8")
    lines = refused("drill", "--town", "own.toml", "--data", ".")
    assert len(lines) == 3
    for line, words in zip(
        sorted(lines), ("3: capacity -300", "3: id 'a' stands already", "4: 第三小学校"), strict=True
    ):
        assert line.startswith(f"sites.csv:{words}")
    assert any("outside the town's boundary" in line for line in lines)


def test_roads_without_a_path_to_any_shelter(tmp_path: Path, refused: Refused) -> None:
    """Streets of another town lead to none of this town's shelters."""
    (tmp_path / "far.osm").write_text(STREETS, encoding="utf-8")
    (line,) = refused("drill", "--roads", "far.osm")
    assert line.startswith("far.osm: no path to any shelter")


@pytest.mark.parametrize(
    ("data", "words"), [("", "needs 3 files of real data"), (".", "lacks roads/"), ("sites", "is no folder")]
)
def test_missing_data(tmp_path: Path, refused: Refused, data: str, words: str) -> None:
    """A town of real files without their folder, with a folder that lacks them, with a file for a folder."""
    (tmp_path / "sites").write_text("")
    (line,) = refused("drill", "--town", "ube", *(["--data", data] if data else []))
    assert words in line
    assert "--data" in line


def test_another_run_is_not_overwritten(tmp_path: Path, refused: Refused) -> None:
    """A folder that holds a run stays as it is, byte for byte."""
    assert run_command(["run", "drill", "--city-os", "none", "--hours", "0.2", "--out", "o", "--quiet"]) == 0
    assert (tmp_path / "o" / "trace.parquet").exists()
    (line,) = refused("drill", "--out", "o")
    assert "holds something already" in line
