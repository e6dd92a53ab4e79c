"""The guide to studies of faults: its example runs, its keys are those of the form, its words are those of the page."""

import re
import shlex
import tomllib
from pathlib import Path

import msgspec

from scenarios.cli import run_command
from scenarios.consequences.files import COLUMNS
from scenarios.consequences.form import Curve, CurveStudy, Drawn
from scenarios.study.form import Measured
from scenarios.study.reader import CURVES, find_study

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "study.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "study" / "safety-drill.toml"
LINES = [line for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL) for line in block.splitlines()]


def keys(form: type[msgspec.Struct]) -> set[str]:
    """Keys of a table of the file."""
    return {one.name for one in msgspec.structs.fields(form)}


def test_the_example_runs(tmp_path: Path) -> None:
    """The command of the guide ends well with page and tables; here with few people, one seed and one process."""
    (line,) = [one for one in LINES if str(EXAMPLE.name) in one]
    out = tmp_path / "out"
    small = ["--people", "100", "--seeds", "1", "--jobs", "1", "--quiet", "--out", str(out)]
    words = [str(ROOT / one) if one.endswith(".toml") else one for one in shlex.split(line, comments=True)[1:]]
    assert run_command([*words, *small]) == 0
    rows = (out / "results.csv").read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].split(",") == list(COLUMNS)
    assert len(rows) == 1 + 2 * 2
    assert (out / "study.html").stat().st_size > 0


def test_what_is_shown_is_the_example() -> None:
    """The file on the page is the one that ships beside it."""
    (shown,) = re.findall(r"```toml\n(name = .*?)```", GUIDE, re.DOTALL)
    assert tomllib.loads(shown) == tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))


def test_every_key_is_told() -> None:
    """The guide names each key of a study of faults."""
    own = keys(CurveStudy) | keys(Curve) | (keys(Drawn) - keys(Measured))
    assert own <= set(re.findall(r"`(\w+)`", GUIDE)) | set(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))


def test_the_worked_study_is_the_one_that_ships() -> None:
    """Operations, minutes and thresholds that the guide tells are those of the shipped study."""
    table = tomllib.loads(find_study("outage", CURVES).read_text(encoding="utf-8"))
    for curve in table["curve"]:
        assert curve["title_en"] in GUIDE
        assert curve["title_ja"] in GUIDE
    assert [line for line in LINES if line.startswith("citytwin study outage")]
