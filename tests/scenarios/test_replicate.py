"""Replications in a folder: what was finished stays and is not run again; the runs themselves are stood in for."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from scenarios import replicate as module
from scenarios.cli import run_command
from scenarios.errors import FailedReplication, OccupiedOutput, OtherRuns
from scenarios.metrics import metric
from scenarios.options import NONE, RunOptions
from scenarios.output_folder import OutputFolder
from scenarios.replicate import identity_of, replicate
from scenarios.replications import Plan, Replication, Replications

HEAD = {"scenario": "drill", "town": "072028", "city_os": "none", "duration_s": 3600.0, "seed": 0, "command": ""}


class Town:
    """Stands in for the runs: writes a folder for each seed, and counts which seeds were run."""

    def __init__(self, fault_at: int | None = None, fault: Callable[[int], Replication] | None = None) -> None:
        self.ran: list[int] = []
        self._fault_at, self._fault = fault_at, fault

    def __call__(self, options: RunOptions) -> Replication:
        """One run."""
        seed = options.seed or 0
        if seed == self._fault_at and self._fault is not None:
            return self._fault(seed)
        self.ran.append(seed)
        values = [metric("t90_s", 3600.0 + seed), metric("arrived", 100 + seed, {"district": "07"})]
        rows = [{"name": one.name, "value": one.value, "by": dict(one.by)} for one in values]
        with OutputFolder(options.out) as folder:
            (folder / "metrics.json").write_text(json.dumps({"run": HEAD, "metrics": rows}))
        return Replication(seed, tuple(values), findings=1)


def stop(seed: int) -> Replication:
    """The user presses Ctrl-C in the middle of a run."""
    raise KeyboardInterrupt


def fail(seed: int) -> Replication:
    """A run that cannot be done."""
    return Replication(seed, faults=("no roads",))


def done_in(out: Path, town: Town, runs: int, patch: pytest.MonkeyPatch, **asked: object) -> Replications:
    """The replications of a town in a folder."""
    patch.setattr(module, "run_one", town)
    options = RunOptions(scenario="drill", out=out, city_os=NONE, **asked)  # type: ignore[arg-type]
    return replicate(options, Plan(runs, jobs=1), lambda _stage, _share: None)


def files_in(folder: Path) -> dict[str, bytes]:
    """Everything below a folder."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_what_was_stopped_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves a summary of what is finished; the same command runs the rest, to the bytes of an unbroken one."""
    stopped = done_in(tmp_path / "out", Town(3, stop), 5, monkeypatch)
    assert stopped.stopped
    assert [one.seed for one in stopped.rows] == [1, 2]
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["run"]["stopped"]
    rest = Town()
    whole = done_in(tmp_path / "out", rest, 5, monkeypatch)
    assert rest.ran == [3, 4, 5]
    assert whole.findings == 5
    assert not whole.stopped
    done_in(tmp_path / "unbroken", Town(), 5, monkeypatch)
    assert files_in(tmp_path / "out") == files_in(tmp_path / "unbroken")


def test_more_runs_are_added_and_fewer_are_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--runs 5 after --runs 2 runs three; --runs 3 after that runs none and sums up three."""
    done_in(tmp_path / "out", Town(), 2, monkeypatch)
    more, none = Town(), Town()
    done_in(tmp_path / "out", more, 5, monkeypatch)
    fewer = done_in(tmp_path / "out", none, 3, monkeypatch)
    assert (more.ran, none.ran) == ([3, 4, 5], [])
    assert [one.seed for one in fewer.rows] == [1, 2, 3]


def test_nothing_stays_of_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped or failed in the first run, neither the folder nor those above it stay."""
    with pytest.raises(KeyboardInterrupt):
        done_in(tmp_path / "new" / "out", Town(1, stop), 3, monkeypatch)
    with pytest.raises(FailedReplication, match="no roads"):
        done_in(tmp_path / "new" / "out", Town(1, fail), 3, monkeypatch)
    assert list(tmp_path.iterdir()) == []


def test_finished_runs_outlive_a_failed_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What failed is told and ends it; what was finished is not run again, what nobody noted is."""
    with pytest.raises(FailedReplication, match="seed 3"):
        done_in(tmp_path / "out", Town(3, fail), 4, monkeypatch)
    (tmp_path / "out" / "run-3").mkdir()
    (tmp_path / "out" / ".run-4.1.partial").mkdir()
    rest = Town()
    done_in(tmp_path / "out", rest, 4, monkeypatch)
    assert rest.ran == [3, 4]
    assert not list((tmp_path / "out").glob(".*"))


def test_runs_of_something_else_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other options are named, and whatever no replications wrote is refused; no byte changes."""
    done_in(tmp_path / "out", Town(), 2, monkeypatch)
    before = files_in(tmp_path / "out")
    with pytest.raises(OtherRuns, match="--people, --seed"):
        done_in(tmp_path / "out", Town(), 2, monkeypatch, people=50, seed=7)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "letter.txt").write_text("Dear")
    with pytest.raises(OccupiedOutput):
        done_in(tmp_path / "foreign", Town(), 2, monkeypatch)
    (tmp_path / "foreign" / "runs.json").write_text("{")
    with pytest.raises(OccupiedOutput):
        done_in(tmp_path / "foreign", Town(), 2, monkeypatch)
    assert files_in(tmp_path / "out") == before


def test_other_code_is_other_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed programme does not add to the runs of the one before."""
    options = RunOptions(scenario="drill", out=tmp_path, city_os=NONE)
    before = identity_of(options)
    monkeypatch.setattr(module, "code_hash", lambda: "other")
    after = identity_of(options)
    assert [name for name in before if before[name] != after[name]] == ["code"]


def test_the_command_ends_with_130(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped by Ctrl-C, the summary is printed, stderr says how to go on, and the exit code is 130."""
    monkeypatch.setattr(module, "run_one", Town(3, stop))
    out = tmp_path / "out"
    words = ["run", "drill", "--runs", "4", "--jobs", "1", "--city-os", "none", "--out", str(out)]
    assert run_command(words) == 130
    told = capsys.readouterr()
    assert "2 runs, seeds 1 to 2" in told.out
    assert "2 of 4 runs are missing" in told.err
    assert f"--out {out}" in told.err
    assert "Stopped on the way" in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--ci-metric", "arrived"], "--until-ci"),
        (["--until-ci", "5%", "--runs", "5"], "6"),
        (["--until-ci", "150%"], "no share"),
        (["--until-ci", "5%", "--ci-metric", "arived"], "arrived"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Options of several runs that do nothing, or never end, are told before anything is run."""
    assert run_command(["run", "drill", *words]) == 2
    assert told in capsys.readouterr().err


def terminate(seed: int) -> Replication:
    """Somebody ends the command in the middle of a run."""
    os.kill(os.getpid(), signal.SIGTERM)
    raise AssertionError(f"seed {seed} went on")


def test_runs_ended_by_sigterm_are_kept_and_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 143, a summary of the finished runs, a word on how to go on; the same command runs the rest."""
    out = tmp_path / "out"
    typed = ["run", "drill", "--city-os", "none", "--jobs", "1", "--runs", "4", "--out", str(out), "--lang", "en"]
    monkeypatch.setattr(module, "run_one", Town(3, terminate))
    assert run_command(typed) == 143
    told = capsys.readouterr().err
    assert "2 of 4 runs are missing" in told
    assert "stopped by SIGTERM" in told
    assert json.loads((out / "metrics.json").read_text())["run"]["seeds"] == [1, 2]
    rest = Town()
    monkeypatch.setattr(module, "run_one", rest)
    assert run_command(typed) == 0
    assert rest.ran == [3, 4]


def test_progress_until_an_interval_is_told_from_look_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows how many runs it will take: what is told is how far the next look is away, whole at each look."""
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(module, "run_one", Town())
    options = RunOptions(scenario="drill", out=tmp_path / "out", city_os=NONE)
    plan = Plan(15, jobs=1, target=1e-9)
    done = replicate(options, plan, lambda stage, share: told.append((stage, round(share, 6))))
    assert (done.looks, done.reached) == (2, False)
    shares = [*(number / 10 for number in range(11)), *(number / 5 for number in range(6))]
    assert told == [("replications_look", share) for share in shares]
