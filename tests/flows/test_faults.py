"""Faults in whole runs: none change nothing, each is told of, and what they break is found and counted as theirs."""

import json
from pathlib import Path

import numpy as np
import pytest
from flows.runs import drill, run_drill, silent

from scenarios.cli import run_command
from scenarios.errors import NoServiceForFaults
from scenarios.faults.causes import causes_of, unexplained
from scenarios.language import Text
from scenarios.record import Finding, FindingKind, InjectedFault
from scenarios.run import RunResult, run
from twin.trace import Trace

PEOPLE = 120
BAD = """
[[fault]]
name = "lost"
kind = "lost_write"
operations = ["checkIn"]
share = 0.5

[[fault]]
name = "unseen"
kind = "error"
operations = ["listUsers"]
at = "0:30"
until = "0:40"
"""


def run_with(folder: Path, text: str) -> RunResult:
    """The drill behind the faults of a text."""
    path = folder / "faults.toml"
    path.write_text(text, encoding="utf-8")
    return run_drill(folder / "out", people=PEOPLE, faults=path)


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A drill whose city OS loses half of the check-ins that it acknowledges."""
    return run_with(tmp_path_factory.mktemp("bad"), BAD)


def test_faults_that_hit_nothing_change_nothing(tmp_path: Path) -> None:
    """An outage of a share of 0: the same happens to everybody, and the same is told, as without a file."""
    plain = run_drill(tmp_path / "plain", people=PEOPLE)
    none = run_with(tmp_path, '[[fault]]\nname = "x"\nkind = "outage"\nshare = 0.0\n')
    one, two = (Trace.read(made.folder / "trace.parquet").columns() for made in (plain, none))
    for name in one.__dataclass_fields__:
        assert np.array_equal(getattr(one, name), getattr(two, name)), name
    for name in ("people.parquet", "districts.csv", "shelters.csv", "timeline.csv", "shelters.geojson"):
        assert (plain.folder / name).read_bytes() == (none.folder / name).read_bytes(), name
    assert (none.folder / "faults.jsonl").read_bytes() == b""
    assert not (plain.folder / "faults.jsonl").exists()
    assert (plain.findings, plain.faults) == (none.findings, ())


def test_lost_check_ins_are_found_and_are_the_faults(bad: RunResult) -> None:
    """The oracle finds those who were acknowledged and never arrived: as many as the log has, all by the fault."""
    lines = [json.loads(line) for line in (bad.folder / "faults.jsonl").read_bytes().splitlines()]
    lost = sum(one.cases for one in bad.findings if one.kind is FindingKind.LOST)
    assert {one["fault"] for one in lines} == {"lost"}
    assert 0 < lost <= len(lines) == bad.faults[0].hit < bad.faults[0].concerned
    assert bad.faults[1].concerned == 0
    assert unexplained(bad.findings, bad.faults) == ()


def test_the_record_tells_which_faults_were_in_force(bad: RunResult) -> None:
    """Hash, timeline, chapter and verdict of the report."""
    made = json.loads((bad.folder / "metrics.json").read_text(encoding="utf-8"))
    assert len(made["run"]["hashes"]["faults"]) == 64
    page = bad.report.read_text(encoding="utf-8")
    for words in (
        "Fault put in: lost (acknowledged writes lost)",
        "Fault over: unseen",
        "入れた故障",
        "Calls it could hit",
    ):
        assert words in page


def test_a_leak_is_never_a_faults(bad: RunResult) -> None:
    """Nor is what was found before any fault began, or what one that hit nothing could have caused."""
    where = Text("x", "x")
    leak, lost = (Finding(kind, 60.0, where, "0", "1", "x") for kind in (FindingKind.LEAK, FindingKind.LOST))
    assert causes_of(leak, bad.faults) == ()
    assert causes_of(lost, bad.faults) == ("lost",)
    assert causes_of(lost, [InjectedFault("late", "outage", 61.0, 90.0, hit=1)]) == ()
    assert causes_of(lost, [InjectedFault("idle", "outage", 0.0, 90.0, hit=0)]) == ()


def test_findings_of_faults_do_not_fail_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--fail-on-findings looks at what no fault accounts for; the summary tells both."""
    path = tmp_path / "faults.toml"
    path.write_text(BAD, encoding="utf-8")
    words = ["run", "drill", "--people", str(PEOPLE), "--faults", str(path), "--out", str(tmp_path / "out")]
    assert run_command([*words, "--fail-on-findings", "--lang", "en"]) == 0
    told = capsys.readouterr().out
    assert "Fault lost (acknowledged writes lost): hit " in told
    assert "can follow from the faults put in; 0 cannot." in told


def test_faults_need_a_city_os(tmp_path: Path) -> None:
    """On paper there is nothing to put them in front of; nothing is left behind."""
    path = tmp_path / "faults.toml"
    path.write_text(BAD, encoding="utf-8")
    with pytest.raises(NoServiceForFaults):
        run(drill(tmp_path / "out", people=PEOPLE, faults=path, city_os="none"), silent)
    assert [one.name for one in tmp_path.iterdir()] == ["faults.toml"]


def test_replications_count_what_is_the_city_oss_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several runs with faults do not fail by what the faults break; a bad file is told before any run."""
    path = tmp_path / "faults.toml"
    path.write_text(BAD, encoding="utf-8")
    words = ["run", "drill", "--people", str(PEOPLE), "--runs", "1", "--jobs", "1", "--quiet", "--lang", "en"]
    words += ["--faults", str(path), "--fail-on-findings"]
    assert run_command([*words, "--out", str(tmp_path / "out")]) == 0
    path.write_text("seed = -1\n", encoding="utf-8")
    assert run_command([*words, "--out", str(tmp_path / "other")]) == 2
    assert "faults.toml:1: seed is -1" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()
