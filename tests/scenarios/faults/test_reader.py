"""The reader of faults files: the form, and every fault of a bad file with its line."""

import tomllib
from pathlib import Path

import jsonschema
import pytest
from small_city import small_people

from scenarios.errors import InvalidScenario
from scenarios.faults.form import KINDS, ErrorAnswer, Outage
from scenarios.faults.reader import read_faults
from scenarios.language import Language, texts
from scenarios.schema import FAULTS_FILE_NAME, faults_schema, faults_schema_text

GOOD = """\
seed = 7

[[fault]]
name = "down"
kind = "outage"
operations = ["reportSafety", "P3"]
districts = ["01"]
at = "0:10"
until = "0:40"
share = 0.5

[[fault]]
name = "errors"
kind = "error"
status = 500
"""


def written(folder: Path, text: str) -> Path:
    """A file with a text."""
    path = folder / "faults.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path, text: str, language: Language = Language.EN) -> list[str]:
    """What the reader says of a bad file."""
    path = written(folder, text)
    with pytest.raises(InvalidScenario) as caught:
        read_faults(path)
    return [line.removeprefix(f"{path}:") for line in caught.value.lines(language)]


def test_a_good_file_is_read_as_it_stands(tmp_path: Path) -> None:
    """Kinds, times and shares come as written, the rest by default."""
    file = read_faults(written(tmp_path, GOOD))
    down, errors = file.fault
    assert file.seed == 7
    assert isinstance(down, Outage)
    assert (down.from_s, down.until_s, down.by) == (600.0, 2400.0, "subject")
    assert isinstance(errors, ErrorAnswer)
    assert (errors.from_s, errors.until_s, errors.by, errors.share) == (0.0, float("inf"), "call", 1.0)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "told"),
    [
        ("seed = 7", "sead = 7", 1, "unknown key sead. Did you mean seed?"),
        ('"outage"', '"outtage"', 5, 'unknown kind of fault "outtage". Did you mean outage?'),
        ('"reportSafety"', '"reportSafty"', 6, 'no operation "reportSafty". Did you mean reportSafety?'),
        ('"0:40"', '"0:10"', 9, "until is 0:10, not after the beginning (0:10)."),
        ("0.5", "1.5", 10, "fault[1].share is 1.5, which cannot be. Give a number from 0 to 1."),
        ("status = 500", "status = 200", 15, "fault[2].status is 200"),
        ('"errors"', '"down"', 13, 'fault.name is "down", which stands there already.'),
        ('kind = "error"\n', "", 12, "fault.kind is missing"),
        ('kind = "error"\nstatus = 500', 'kind = "latency"', 12, "needs constant_s, or median_s and p95_s."),
        ('kind = "error"\nstatus = 500', 'kind = "latency"\nmedian_s=2\np95_s=1', 16, "p95_s is below median_s."),
        ('kind = "error"\nstatus = 500', 'kind = "clock_skew"\nlow_s=2\nhigh_s=1', 16, "high_s is below low_s."),
        ('kind = "error"\nstatus = 500', 'kind = "stale"\nage_s = nan', 15, "fault[2].age_s is nan"),
    ],
)
def test_each_fault_is_told_with_its_line(tmp_path: Path, right: str, wrong: str, line: int, told: str) -> None:
    """One thing wrong: one line that says where, what, and what to do."""
    assert GOOD.count(right) == 1
    (fault,) = faults_of(tmp_path, GOOD.replace(right, wrong))
    assert fault.startswith(f"{line}: ")
    assert told in fault


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """What is wrong in one entry hides nothing of another, in either language."""
    text = GOOD.replace("seed", "sead").replace('"0:40"', '"0:05"').replace("status = 500", "status = 1")
    for language in Language:
        assert [line.partition(":")[0] for line in faults_of(tmp_path, text, language)] == ["1", "9", "15"]


def test_districts_are_those_of_the_town(tmp_path: Path) -> None:
    """With a town, names become codes, and an unknown district is told with its line."""
    town, _ = small_people()
    named = GOOD.replace('"01"', f'"{town.districts[0].name}"')
    assert read_faults(written(tmp_path, named), town).fault[0].districts == (town.districts[0].code,)
    with pytest.raises(InvalidScenario, match=r"faults\.toml:7: .*nowhere"):
        read_faults(written(tmp_path, GOOD.replace('"01"', '"nowhere"')), town)


@pytest.mark.parametrize("text", ["fault = 3", "fault = [3]", "[fault]\nname='x'", "[[fault]]\nkind = 3\nname = 'x'"])
def test_wrong_shapes_are_told(tmp_path: Path, text: str) -> None:
    """A file of another shape is told of, never a traceback."""
    assert faults_of(tmp_path, text)


def test_the_schema_is_that_of_the_form() -> None:
    """The schema in the file is made from the types (mend with ``python -m scenarios.schema``)."""
    root = Path(__file__).resolve().parents[3]
    assert (root / "scenarios/schema" / FAULTS_FILE_NAME).read_text(encoding="utf-8") == faults_schema_text()


def test_the_schema_takes_what_the_reader_takes() -> None:
    """An editor with the schema finds nothing wrong in a good file, and finds a wrong kind."""
    jsonschema.validate(tomllib.loads(GOOD), faults_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(GOOD.replace('"outage"', '"outtage"')), faults_schema())


def test_every_kind_has_its_words() -> None:
    """Each kind of fault is named in both languages."""
    for language in Language:
        assert {key.partition(".")[2] for key in texts(language) if key.startswith("fault_kind.")} == set(KINDS)
