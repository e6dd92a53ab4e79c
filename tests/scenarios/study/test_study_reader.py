"""Study files: the good one is read, and every fault of a bad one is told at once with its line."""

from pathlib import Path

import jsonschema
import msgspec
import pytest
from study_values import GOOD

from scenarios.defaults import default_parameters
from scenarios.errors import InvalidScenario, UnknownStudy
from scenarios.language import Language
from scenarios.schema import STUDY_FILE_NAME, study_schema, study_schema_text
from scenarios.study.form import Study
from scenarios.study.plans import planned
from scenarios.study.reader import find_study, read_study, shipped_studies


def faults_of(path: Path, text: str) -> list[str]:
    """The faults that the reader tells of a text."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidScenario) as caught:
        read_study(path, default_parameters())
    return [line.removeprefix(f"{path}:") for line in caught.value.lines(Language.EN)]


def test_the_good_study_is_read(tmp_path: Path) -> None:
    """Plans drop, add and set; what would come after the study's shorter time is left out; dotted keys are one key."""
    path = tmp_path / "good.toml"
    path.write_text(GOOD, encoding="utf-8")
    read = read_study(path, default_parameters())
    study, base = read.study, read.bases["drill"]
    first, more = (planned(study, plan, base) for plan in study.plan)
    within = tuple(event for event in base.event if event.at_s <= 1800)
    assert (first.people, first.duration_h, first.event) == (60, 0.5, within)
    assert first.behaviour == {"leaving.damaged_share": 0.9}
    assert len(more.event) == len(base.event) - 2 + 1
    assert study.all_seeds() == (1, 2)
    assert study.parameter_set[0].behaviour == {"preparing.earthquake_mean_s": 3600}


SPOILED = [
    ('name = "small"', 'name = "Small Study"', 1, 'name is "Small Study", which cannot be. Give a text such as'),
    ("seeds = 2", "seeds = 0", 5, "seeds is 0"),
    ("seeds = 2\n", "", 1, "seeds is missing"),
    ('scenarios = ["drill"]', 'scenarios = ["dril"]', 4, "unknown scenario dril. Did you mean drill?"),
    ('scenarios = ["drill"]', "scenarios = []", 4, "scenarios is []"),
    ("people = 60", "people = 0", 7, "set.people is 0"),
    ("people = 60", "poeple = 60", 7, "unknown key set.poeple. Did you mean people?"),
    ("leaving.damaged_share = 0.9", "leaving.damaged_share = 2", 9, "outside its range"),
    ("leaving.damaged_share = 0.9", 'leaving.damaged_share = "x"', 9, 'leaving.damaged_share is "x"'),
    ('name = "more"', 'name = "first"', 15, 'plan.name is "first", which stands there already'),
    ('at = "0:02" }', 'at = "0:03" }', 18, "drill has no event open_shelter 0:03"),
    ('at = "0:05"', 'at = "5:00"', 20, "after the end of the scenario (0.5 h)"),
    ('at = "0:05"', 'at = "soon"', 20, 'plan[2].event[1].at is "soon"'),
    ('kind = "open_shelter"\nshelters', 'kind = "open_door"\nshelters', 21, "unknown kind of event"),
    ("more = 2", "more = 0", 24, "plan[2].event[1].more is 0"),
    ("earthquake_mean_s = 3600\n[", "earthquake_mean = 3600\n[", 27, "unknown parameter preparing.earthquake_mean."),
    ('name = "slow"', 'name = "defaults"', 26, 'parameter_set.name is "defaults", which stands there already'),
    ('name = "t90_s"', 'name = "arrived"\nby = { district = "04" }', 32, 'metric.name is "arrived", which stands'),
    ('name = "arrived"', 'name = "arivals"', 29, "unknown metric"),
    ('district = "04" }', 'distrct = "04" }', 30, 'metrics are not told by "distrct". Did you mean district?'),
    ("levels = 4", "levels = 5", 35, "screening.levels is 5"),
    ("trajectories = 2", 'trajectories = 2\nplan = "third"', 35, 'the study has no plan "third"'),
    ('key = "leaving.damaged_share"', 'key = "refuge.earthquake_shares"', 37, "is a list of 5 numbers"),
    ('key = "leaving.damaged_share"', 'key = "leaving.damage"', 37, "unknown parameter leaving.damage."),
    ("high = 3600", "high = 500", 38, "is to vary from 600 to 500"),
    ("high = 3600", "high = 9000", 38, "both from 300 to 7200"),
]


@pytest.mark.parametrize(("old", "new", "line", "words"), SPOILED)
def test_a_fault_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    """Each spoiled file has one fault, at the line where it was spoiled, in words that help."""
    assert GOOD.count(old) == 1
    (fault,) = faults_of(tmp_path / "bad.toml", GOOD.replace(old, new))
    assert fault.startswith(f"{line}: ")
    assert words in fault


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """A file with four faults has four lines, in their order."""
    text = GOOD.replace("seeds = 2", "seeds = 0").replace("people = 60", "people = 0")
    text = text.replace("more = 2", "more = 0").replace("levels = 4", "levels = 5")
    assert [fault.partition(":")[0] for fault in faults_of(tmp_path / "bad.toml", text)] == ["5", "7", "24", "35"]


def test_an_unknown_study_is_told_with_those_that_ship() -> None:
    """A name that is nearly that of a shipped study leads to it."""
    with pytest.raises(UnknownStudy, match="Did you mean monden"):
        find_study("mondn")


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_are_read_and_fit_the_schema(name: str) -> None:
    """Every shipped study is read; an editor that knows the schema finds no fault in it."""
    study = read_study(find_study(name), default_parameters()).study
    assert study.name == name
    plain = msgspec.to_builtins(study)
    written = {key: value for key, value in plain.items() if value is not None}
    validator = jsonschema.Draft202012Validator(study_schema())
    assert [fault.message for fault in validator.iter_errors(_without_none(written))] == []


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_none(one) for key, one in value.items() if one is not None}
    return [_without_none(one) for one in value] if isinstance(value, list | tuple) else value


def test_schema_file_is_that_of_the_types() -> None:
    """The schema in the file is made from the types (mend with ``python -m scenarios.schema``)."""
    path = find_study("monden").parents[1] / "schema" / STUDY_FILE_NAME
    assert path.read_text(encoding="utf-8") == study_schema_text()
    assert Study.__name__ in path.read_text(encoding="utf-8")
