"""Runs on real data: they finish, and the report says what is real and what is not."""

import re
from pathlib import Path

import pytest
from flows.runs import silent

from scenarios.metrics import value_of
from scenarios.options import RunOptions
from scenarios.run import RunResult, run

pytestmark = pytest.mark.shared_data

SITES = """ID,名称,緯度,経度,想定収容人数,全国地方公共団体コード,災害種別_地震
a,第一小学校,35.695,139.412,300,132021,1
b,第二小学校,35.710,139.410,300,132021,1
"""

OWN_TOWN = """
[town]
code = "132021"
name = "立川市"
name_en = "Tachikawa"
office_lat = 35.714
office_lon = 139.408
office_source = "test"
people = 2000
households = 860
people_source = "test"
[districts]
kind = "cells"
columns = 4
rows = 3
neighbourhoods = 60
[streets]
kind = "walking_network"
network_nodes = "absent.csv"
network_edges = "absent.csv"
[shelters]
kind = "standard_csv"
sites = "sites.csv"
area_m2_per_person = 2.0
source_ja = "試験"
source_en = "test"
[boundary]
kind = "hull"
margin_m = 500.0
"""


def standings(result: RunResult) -> set[tuple[str, str]]:
    """What the report says of each part of the town: its English name, and real (data), estimate or synthetic."""
    rows = re.findall(r"<tr>.*?</tr>", result.report.read_text(), re.DOTALL)
    badges = [re.search(r'class="badge (\w+)"', row) for row in rows]
    words = [re.search(r'lang="en">(.*?)<', row) for row in rows]
    return {(word[1], badge[1]) for word, badge in zip(words, badges, strict=True) if word and badge}


def assert_sound(result: RunResult) -> None:
    """People reached shelters, and the reference city OS told the truth of it."""
    assert (value_of(result.metrics, "received") or 0) > 0
    assert result.findings == ()
    assert value_of(result.metrics, "api_errors") == 0


def test_aizuwakamatsu(shared_data: Path, tmp_path: Path) -> None:
    """The drill on real shelters and highways; streets between them and people are said to be synthetic."""
    result = run(RunOptions("drill", tmp_path / "o", town="aizuwakamatsu", data=shared_data), silent)
    assert_sound(result)
    told = standings(result)
    assert {("shelters", "data"), ("boundary", "data"), ("capacity", "estimate")} <= told
    assert {("streets", "synthetic"), ("people", "synthetic")} <= told
    assert "鶴城小学校" in (result.folder / "shelters.csv").read_text(encoding="utf-8-sig")


def test_ube(shared_data: Path, tmp_path: Path) -> None:
    """The flood on Ube's real streets and shelters; its districts and people are said to be synthetic."""
    asked = RunOptions("flood_night", tmp_path / "o", town="ube", data=shared_data, people=1000, hours=3)
    result = run(asked, silent)
    assert_sound(result)
    told = standings(result)
    assert {("shelters", "data"), ("streets", "data")} <= told
    assert {("neighbourhoods", "synthetic"), ("boundary", "synthetic"), ("people", "synthetic")} <= told


def test_streets_of_ones_own(shared_data: Path, tmp_path: Path) -> None:
    """Tachikawa's streets in a file and a short list of shelters are enough for a run that says so."""
    (tmp_path / "sites.csv").write_text(SITES, encoding="utf-8")
    (tmp_path / "own.toml").write_text(OWN_TOWN, encoding="utf-8")
    asked = RunOptions(
        "drill",
        tmp_path / "o",
        town=str(tmp_path / "own.toml"),
        data=tmp_path,
        roads=shared_data / "roads" / "substitutes" / "tachikawa_drive.graphml",
    )
    result = run(asked, silent)
    assert_sound(result)
    assert ("streets", "data") in standings(result)
    assert "tachikawa_drive.graphml" in result.report.read_text()
