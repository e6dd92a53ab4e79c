"""Studies of faults: the good one is read, and every fault of a bad one is told at once with its line."""

import tomllib
from pathlib import Path

import jsonschema
import msgspec
import pytest
from curve_values import GOOD

from scenarios.consequences.form import CurveStudy
from scenarios.consequences.points import ZERO
from scenarios.consequences.reader import read_curves
from scenarios.defaults import default_parameters
from scenarios.errors import InvalidScenario, UnknownStudy
from scenarios.faults.form import AddedLatency, Outage, StaleReads
from scenarios.faults.reader import read_faults
from scenarios.language import Language
from scenarios.schema import CURVES_FILE_NAME, curves_schema, curves_schema_text
from scenarios.study.reader import CURVES, find_study, flattened, read_study, shipped_studies


def faults_of(path: Path, text: str) -> list[str]:
    """The faults that the reader tells of a text."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidScenario) as caught:
        read_curves(path, default_parameters())
    return [line.removeprefix(f"{path}:") for line in caught.value.lines(Language.EN)]


def test_each_point_is_a_plan_with_its_fault(tmp_path: Path) -> None:
    """Zero is one plan for all curves; every other point's file has the one fault, as long, late or old as it says."""
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    read = read_curves(path, default_parameters())
    names = [one.name for one in read.study.plan]
    assert names == [ZERO, "safety-5", "safety-10", "late-2", "when-1", "when-20"]
    assert set(read.faults) == set(names) - {ZERO}
    faults = {}
    for name, text in read.faults.items():
        (tmp_path / "faults.toml").write_text(text, encoding="utf-8")
        (faults[name],) = read_faults(tmp_path / "faults.toml").fault
    assert faults["safety-10"] == Outage(name="safety", at="0:05", until="0:15", operations=("reportSafety",))
    assert faults["late-2"] == AddedLatency(name="late", constant_s=120.0, districts=("04",))
    assert faults["when-20"] == StaleReads(name="when", at="0:20", until="0:23", age_s=60.0)
    assert [one.is_from_zero for one in read.lines] == [True, True, False]


def test_several_starts_make_several_lines(tmp_path: Path) -> None:
    """Lengths from two starts are two lines of one curve: fault, length and start at once."""
    path = tmp_path / "two.toml"
    path.write_text(GOOD.replace('start = ["0:05"]', 'start = ["0:05", "0:10"]'), encoding="utf-8")
    read = read_curves(path, default_parameters())
    first, second = read.lines[:2]
    assert [one.plan for one in first.points] == ["safety-0h05-5", "safety-0h05-10"]
    assert [one.plan for one in second.points] == ["safety-0h10-5", "safety-0h10-10"]
    assert '"until" = "0:20"' in read.faults["safety-0h10-10"]


SPOILED = [
    ('name = "small"', 'name = "Small Study"', 1, 'name is "Small Study", which cannot be. Give a text such as'),
    ('scenarios = ["drill"]', 'scenarios = ["dril"]', 4, "unknown scenario dril. Did you mean drill?"),
    ("seeds = 2", "seeds = 0", 5, "seeds is 0"),
    ('city_os = "reference"', 'city_os = "none"', 6, 'city_os is "none"'),
    ("people = 60", "people = 0", 8, "set.people is 0"),
    ("leaving.damaged_share = 0.9", "leaving.damaged_share = 2", 10, "outside its range"),
    ('name = "late"', 'name = "safety"', 21, 'curve.name is "safety", which stands there already'),
    ('start = ["0:05"]', 'start = ["0:45"]', 15, "after the end of the scenario (0.5 h)"),
    ("length_min = [0, 5, 10]", "length_min = [-5]", 16, "curve[1].length_min is [-5]"),
    ("length_min = [0, 5, 10]", "length_min = [0]", 16, "length_min has no value above 0"),
    ("length_min = [0, 5, 10]", "length_min = 5", 11, "a curve varies one thing"),
    ("length_min = [0, 5, 10]", "length_min = [5]\nage_min = [5]", 11, "here it is length_min, age_min"),
    ("length_min = [0, 5, 10]", "length_min = [5]\ndelay_min = [5]", 17, "delay_min is for faults of kind latency"),
    ('kind = "outage"', 'kind = "outrage"', 18, 'unknown kind of fault "outrage". Did you mean outage?'),
    ("reportSafety", "reportSafty", 19, "Did you mean reportSafety?"),
    ('kind = "outage"', 'kind = "outage"\nhow = "slow"', 19, 'fault[1].how is "slow"'),
    ('kind = "outage"', 'kind = "outage"\nuntil = "0:30"', 19, "a curve gives until itself, by its own length_min"),
    ('kind = "stale"\nage_s = 60', 'kind = "stale"', 34, "fault[3].age_s is missing"),
    ('start = ["0:01", "0:20"]', 'start = ["0:01", "00:01"]', 28, 'curve is "when-1", which stands there already'),
    ('start = ["0:05"]', 'start = ["0:05", "0:05"]', 11, 'curve is "safety-0h05-5", which stands there already'),
    ("length_min = [0, 5, 10]", "length_min = [5, 5.0000001]", 11, 'curve is "safety-5", which stands there already'),
    ("length_min = [0, 5, 10]", "length_min = [0.01, 5]", 16, "length_min is 0.01, less than a second"),
    ("length_min = 3", "length_min = 0", 33, "length_min has no value above 0"),
    ("delay_min = [2]", "delay_min = 0\nlength_min = [2]", 24, "delay_min has no value above 0"),
    ('kind = "latency"', 'kind = "latency"\nconstant_s = 5', 27, "a curve gives constant_s itself, by its own delay"),
    ("length_min = 3", "length_min = 3\nage_min = 5", 37, "a curve gives age_s itself, by its own age_min"),
    ('name = "arrived"', 'name = "arrivals"', 38, "unknown metric"),
    ("harm = 60", "harm = -1", 42, "metric[2].harm is -1"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), SPOILED)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    """Each spoiled file says at the line where it was spoiled what is wrong, in words that help."""
    assert GOOD.count(old) == 1
    faults = faults_of(tmp_path / "bad.toml", GOOD.replace(old, new))
    assert any(fault.startswith(f"{line}: ") and words in fault for fault in faults), faults


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """A file with four faults, in its head, a curve, a fault and a metric, has four lines in their order."""
    text = GOOD.replace("seeds = 2", "seeds = 0").replace("length_min = [0, 5, 10]", "length_min = 5")
    text = text.replace("reportSafety", "reportSafty").replace("harm = 60", "harm = -1")
    assert [fault.partition(":")[0] for fault in faults_of(tmp_path / "bad.toml", text)] == ["5", "11", "19", "42"]


def test_plans_and_curves_are_not_mixed_up(tmp_path: Path) -> None:
    """A study of plans leads to sweep, one of curves to study; a wrong name to those that are of the kind."""
    with pytest.raises(InvalidScenario, match="citytwin sweep"):
        read_curves(find_study("monden", CURVES), default_parameters())
    with pytest.raises(InvalidScenario, match="citytwin study"):
        read_study(find_study("outage"), default_parameters())
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    with pytest.raises(InvalidScenario, match="citytwin study"):
        read_study(path, default_parameters())
    with pytest.raises(UnknownStudy, match="Did you mean outage"):
        find_study("outages", CURVES)


@pytest.mark.parametrize("name", shipped_studies(CURVES))
def test_shipped_studies_are_read_and_fit_the_schema(name: str) -> None:
    """Every shipped study of faults is read; an editor that knows the schema finds no fault in it."""
    path = find_study(name, CURVES)
    assert read_curves(path, default_parameters()).study.name == name
    table = flattened(tomllib.loads(path.read_text(encoding="utf-8")))
    validator = jsonschema.Draft202012Validator(curves_schema())
    assert [fault.message for fault in validator.iter_errors(table)] == []
    assert msgspec.convert(table, CurveStudy).curve


def test_schema_file_is_that_of_the_types() -> None:
    """The schema in the file is made from the types (mend with ``python -m scenarios.schema``)."""
    path = find_study("outage", CURVES).parents[1] / "schema" / CURVES_FILE_NAME
    assert path.read_text(encoding="utf-8") == curves_schema_text()


def test_curves_whose_points_have_one_name_are_told(tmp_path: Path) -> None:
    """A curve that is called as another one's second start would put its faults in the place of those."""
    text = GOOD.replace('start = ["0:05"]', 'start = ["0:05", "0:10"]').replace("delay_min = [2]", "delay_min = [5]")
    told = faults_of(tmp_path / "bad.toml", text.replace('name = "late"', 'name = "safety-0h10"'))
    assert told == ['20: curve is "safety-0h10-5", which stands there already. Give each its own name.']


def test_starts_that_are_varied_stand_in_the_order_of_time(tmp_path: Path) -> None:
    """A curve is drawn from left to right, however its starts are written."""
    path = tmp_path / "good.toml"
    path.write_text(
        GOOD.replace('start = ["0:01", "0:20"]', 'start = ["1:00:05", "0:20", "0:01:30"]').replace(
            "duration_h = 0.5", "duration_h = 2"
        ),
        encoding="utf-8",
    )
    read = read_curves(path, default_parameters())
    assert [(one.at_min, one.plan) for one in read.lines[2].points] == [
        (1.5, "when-1_5"),
        (20.0, "when-20"),
        (60 + 5 / 60, "when-60_0833"),
    ]
    assert '"at" = "1:00:05"' in read.faults["when-60_0833"]
    assert '"until" = "1:03:05"' in read.faults["when-60_0833"]


def test_values_of_an_axis_stand_in_order_and_once(tmp_path: Path) -> None:
    """Zero is the plan without a fault; a part of a minute is told in whole seconds, to the nearest."""
    path = tmp_path / "good.toml"
    path.write_text(GOOD.replace("[0, 5, 10]", "[10, 0, 0.33, 10]"), encoding="utf-8")
    read = read_curves(path, default_parameters())
    assert [one.at_min for one in read.lines[0].points] == [0.33, 10.0]
    assert '"until" = "0:05:20"' in read.faults["safety-0_33"]
