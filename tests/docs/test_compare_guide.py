"""The guide to comparing: its commands run one after the other, and leave what it says; here with few people."""

import json
import re
import shlex
from pathlib import Path

import pytest

from scenarios.cli import run_command
from scenarios.comparison.causes import Cause

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/guides/compare.md").read_text(encoding="utf-8")
SMALL = ("--people", "150", "--hours", "0.5", "--runs", "2", "--jobs", "1")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the guide's commands were typed."""
    folder = tmp_path_factory.mktemp("guide")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL):
            for line in block.splitlines():
                words = shlex.split(line)[1:]
                small = SMALL if words[0] == "run" else ()
                assert run_command([*words, *small, "--quiet"]) == 0
    return folder / "out"


def test_replications_leave_what_the_guide_says(done: Path) -> None:
    """The first run in full, the others lean, and a summary of all in which no time of the wall stands."""
    for plan in ("plan-paper", "plan-reference"):
        assert (done / plan / "run-1" / "report.html").is_file()
        assert not (done / plan / "run-2" / "report.html").exists()
        assert not (done / plan / "run-2" / "exchanges.jsonl").exists()
        summary = json.loads((done / plan / "metrics.json").read_text())
        assert summary["run"]["seeds"] == [1, 2]
        assert "wall_s" not in {one["name"] for one in summary["metrics"]}
        assert {one["level"] for one in summary["metrics"] if one["n"] == 2} == {0.5}
        assert len((done / plan / "replications.csv").read_text().splitlines()) == 3


def test_the_comparison_adds_up(done: Path) -> None:
    """Everybody is in one of three groups, and everybody whose outcome changed has one cause and one district."""
    found = json.loads((done / "paper-or-reference" / "comparison.json").read_text())
    counts = {(one["what"], one["key"], one["way"]): one["people"] for one in found["people"]}
    for pair in range(2):
        assert sum(people[pair] for group, people in counts.items() if group[0] == "life") == 150
        changed = counts["life", "changed", ""][pair]
        for what in ("cause", "district"):
            assert sum(people[pair] for group, people in counts.items() if group[0] == what) == changed
    assert found["common_random_numbers"]
    assert {one["verdict"] for one in found["metrics"]} == {"too_few"}


def test_the_same_folders_give_the_same_bytes(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing again writes the same files, byte for byte."""
    monkeypatch.chdir(done.parent)
    assert run_command(["compare", "out/plan-paper", "out/plan-reference", "--out", "out/again", "--quiet"]) == 0
    for name in ("report.html", "comparison.json", "comparison.csv", "people.csv"):
        assert (done / "again" / name).read_bytes() == (done / "paper-or-reference" / name).read_bytes()


def test_a_plan_is_no_different_from_itself(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run against itself: nobody changed, and a single pair has no interval and no probability."""
    monkeypatch.chdir(done.parent)
    assert run_command(["compare", "out/plan-paper/run-1", "out/plan-paper/run-1", "--out", "out/self", "--quiet"]) == 0
    found = json.loads((done / "self" / "comparison.json").read_text())
    counts = {(one["what"], one["key"]): one["people"] for one in found["people"] if one["what"] == "life"}
    assert counts == {("life", "same"): [150], ("life", "parted"): [0], ("life", "changed"): [0]}
    assert {one["difference_median"] for one in found["metrics"]} <= {0.0, None}
    assert {(one["low"], one["probability_b_better"]) for one in found["metrics"]} == {(None, None)}


def test_other_seeds_are_told(done: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without a common seed are compared by metrics only, with a warning."""
    monkeypatch.chdir(done.parent)
    assert (
        run_command(["compare", "out/plan-paper/run-1", "out/plan-paper/run-2", "--out", "out/other", "--quiet"]) == 0
    )
    found = json.loads((done / "other" / "comparison.json").read_text())
    assert not found["common_random_numbers"]
    assert found["people"] == []
    assert "No seed is common" in found["warnings"][0]


def test_what_is_no_run_is_refused(
    done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is no run, and other numbers of people, end with 2 and a line, and write nothing."""
    monkeypatch.chdir(tmp_path)
    run = done / "plan-paper" / "run-1"
    assert run_command(["compare", str(tmp_path), str(run), "--out", "x", "--quiet"]) == 2
    assert "no finished run" in capsys.readouterr().err
    assert (
        run_command(
            ["run", "drill", "--people", "80", "--hours", "0.1", "--city-os", "none", "--out", "few", "--quiet"]
        )
        == 0
    )
    assert run_command(["compare", "few", str(run), "--out", "x", "--quiet"]) == 2
    assert "cannot be paired" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_a_run_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of one replication is told, ends with 2, and nothing half-written stays."""
    monkeypatch.chdir(tmp_path)
    words = ["run", "drill", "--runs", "2", "--people", "100", "--data", "nowhere", "--out", "out", "--quiet"]
    assert run_command(words) == 2
    assert list(tmp_path.iterdir()) == []


def test_every_cause_is_in_the_guide() -> None:
    """The guide's table has a line for each cause but one: a decision and a shelter share a line."""
    table = GUIDE.partition("| First difference | Cause |")[2].partition("\n\n")[0]
    assert table.count("\n|") - 1 == len(Cause) - 1
