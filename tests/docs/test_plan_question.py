"""The planner's walk-through: its commands run, here with few people, and its TOML is what the reader reads."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from scenarios.cli import run_command
from scenarios.defaults import default_parameters
from scenarios.study.reader import find_study, read_study

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "plan-question.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL))
SWEEPS = [line for line in SHELL.splitlines() if line.startswith("citytwin sweep ")]
TOML = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)


def test_the_study_can_be_typed_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each sweep of the page lists its runs, in as many plans as the page tells of."""
    assert len(SWEEPS) == 2
    for line in SWEEPS:
        words = [*shlex.split(line)[1:], "--dry-run", "--people", "400", "--out", str(tmp_path / "out")]
        assert run_command(words) == 0
        told = [row for row in capsys.readouterr().out.splitlines() if "earthquake_winter." in row]
        assert len(told) == 3 * 12


def test_the_study_runs(tmp_path: Path) -> None:
    """The study ends well with its page and tables, and two of its plans can be compared; here few people, one seed."""
    out = tmp_path / "out"
    words = [
        *shlex.split(SWEEPS[-1])[1:],
        "--people",
        "300",
        "--seeds",
        "1",
        "--jobs",
        "1",
        "--quiet",
        "--out",
        str(out),
    ]
    assert run_command(words) == 0
    assert (out / "study.html").stat().st_size > 0
    assert len((out / "results.csv").read_text(encoding="utf-8-sig").splitlines()) == 1 + 3 * 7
    (line,) = re.findall(r"^citytwin compare .*", GUIDE, re.MULTILINE)
    compared = tmp_path / "compared"
    words = shlex.split(line.replace("out/monden/", f"{out}/").replace("out/monden-compared", str(compared)))
    assert run_command([*words[1:], "--quiet"]) == 0
    assert (compared / "report.html").stat().st_size > 0


def test_events_of_the_page_are_those_of_the_study() -> None:
    """What the page shows of the plans stands in the shipped study."""
    plans = tomllib.loads(find_study("monden").read_text(encoding="utf-8"))["plan"]
    events = [event for plan in plans for event in plan["event"]]
    shown = [event for block in TOML[:2] for event in tomllib.loads(_unindented(block))["plan"]["event"]]
    assert len(shown) == 2
    assert all(event in events for event in shown)


def test_sets_and_screening_of_the_page_are_read(tmp_path: Path) -> None:
    """The study with the parameter set and the screening of the page has no fault."""
    path = tmp_path / "monden.toml"
    path.write_text(find_study("monden").read_text(encoding="utf-8") + "\n" + TOML[2], encoding="utf-8")
    study = read_study(path, default_parameters()).study
    assert study.screening is not None
    assert study.screened_plan().name == "three-more"
    assert [one.name for one in study.parameter_set] == ["slow-start"]


def _unindented(block: str) -> str:
    return "\n".join(line.strip() for line in block.splitlines())
