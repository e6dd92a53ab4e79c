"""What a vendor types: init, preflight and run against a city OS, and what they leave behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from judged_city import served_city

from scenarios.cli import run_command

FEW = ("--check", "OIDC-011", "--check", "OIDC-026", "--check", "OIDC-070")


def typed(*arguments: object) -> int:
    """The exit code of ``citytwin conform``."""
    return run_command(["conform", *map(str, arguments)])


@pytest.fixture(scope="module")
def city() -> Iterator[str]:
    """Address of the reference city OS."""
    with served_city() as url:
        yield url


def planned(folder: Path, url: str) -> Path:
    """A plan as init writes it, with nothing to listen for."""
    path = folder / "plan.toml"
    assert typed("init", url, "--out", path, "--force") == 0
    path.write_text(path.read_text(encoding="utf-8").replace('url = "http://127.0.0.1:8765"', 'url = ""'), "utf-8")
    return path


@pytest.fixture
def plan(city: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A plan for the reference."""
    path = planned(tmp_path, city)
    capsys.readouterr()
    return path


def test_init_tells_what_it_found(city: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On the terminal, with the next command; and never overwrites unasked."""
    path = tmp_path / "new" / "plan.toml"
    assert typed("init", city, "--out", path, "--lang", "ja") == 0
    told = capsys.readouterr().out
    assert "core-oidc, core-rest" in told
    assert "password (password)" in told
    assert f"citytwin conform preflight {path}" in told
    before = path.read_bytes()
    assert typed("init", city, "--out", path) == 3
    assert "already" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_preflight_is_sound(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A plan that init wrote can be used as it is."""
    assert typed("preflight", plan) == 0
    assert "nothing stands in the way" in capsys.readouterr().out


def test_a_run_judges_and_writes(plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table, and results with the verdicts; a second run may take the same folder."""
    out = tmp_path / "out"
    assert typed("run", plan, *FEW, "--out", out) == 0
    told = capsys.readouterr().out
    assert told.startswith("profile")
    assert str(out / "report.html") in told
    results = json.loads((out / "results.json").read_bytes())
    verdicts = {one["id"]: one["verdict"] for one in results["results"]}
    assert verdicts["OIDC-026"] == "pass"
    assert verdicts["OIDC-070"] == "review"
    assert typed("run", plan, "--check", "OIDC-026", "--out", out, "--quiet", "--no-preflight") == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_a_folder_with_something_else_is_left_alone(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever it is."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
    assert typed("run", plan, "--out", tmp_path / "mine") == 3
    assert "thesis.txt" in capsys.readouterr().err
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_names_that_are_not_known_are_told(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is asked of the target."""
    assert typed("run", plan, "--check", "OIDC-11") == 3
    assert "Did you mean OIDC-011?" in capsys.readouterr().err
    assert typed("run", plan, "--profile", "core-odic") == 3
    assert "Did you mean core-oidc?" in capsys.readouterr().err


def test_preflight_comes_first(plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run whose configuration must be mended ends with 3 and judges nothing."""
    text = plan.read_text(encoding="utf-8").replace('kind = "form"', 'kind = "form"\nuser_field = "kennung"')
    plan.write_text(text, encoding="utf-8")
    out = tmp_path / "none"
    assert typed("run", plan, *FEW, "--out", out) == 3
    assert "config [login-page]" in capsys.readouterr().err
    assert list(out.iterdir()) == []


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[Path]:
    """A plan for a city OS that leaves state out of its answers."""
    with served_city("O-AUT-01") as url:
        yield planned(tmp_path, url)


def known(folder: Path, requirement: str, expires: str = "2999-01-01") -> Path:
    """A baseline with one entry."""
    path = folder / "known.toml"
    path.write_text(
        f'[[known]]\nrequirement = "{requirement}"\nverdict = "fail"\nreason = "known"\nowner = "ID team"\n'
        f"expires = {expires}\n",
        encoding="utf-8",
    )
    return path


def test_a_failure_is_1_unless_it_is_accepted(
    failing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a baseline the run passes, and says what was accepted; an expired or stale entry fails it."""
    run: Callable[..., int] = lambda *more: typed(  # noqa: E731 - short, and used here only
        "run", failing, "--check", "OIDC-011", "--out", tmp_path / "out", "--no-preflight", *more
    )
    assert run() == 1
    assert "fail   OIDC-011" in capsys.readouterr().out
    assert run("--baseline", known(tmp_path, "OIDC-011")) == 0
    assert "accepted until 2999-01-01, ID team" in capsys.readouterr().out
    entries = json.loads((tmp_path / "out" / "results.json").read_bytes())["results"]
    assert {one["verdict"] for one in entries if one["accepted"]} == {"fail"}
    assert run("--baseline", known(tmp_path, "OIDC-011", "2020-01-01")) == 1
    assert "2020-01-01 only" in capsys.readouterr().err
    assert run("--baseline", known(tmp_path, "OIDC-011"), "--format", "github") == 0
    assert run("--format", "github") == 1
    assert "::error" in capsys.readouterr().out


def test_a_stale_entry_fails_the_run(plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What no longer fails is taken off the list."""
    baseline = known(tmp_path, "OIDC-026")
    assert typed("run", plan, *FEW, "--out", tmp_path / "out", "--no-preflight", "--baseline", baseline) == 1
    assert f"{baseline}:1: OIDC-026: accepted as fail, but it is pass now" in capsys.readouterr().err


def test_a_target_that_dies_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In bounded time, with an error for each check that heard nothing."""
    with served_city() as url:
        path = planned(tmp_path, url)
    capsys.readouterr()
    assert typed("run", path, *FEW, "--out", tmp_path / "out") == 3
    assert "nobody listens" in capsys.readouterr().err
    assert typed("run", path, *FEW, "--out", tmp_path / "out", "--no-preflight") == 2


def test_ctrl_c_writes_what_is_known(plan: Path, tmp_path: Path) -> None:
    """The results so far are there, marked as not all, and the exit code is 130."""
    out = tmp_path / "out"
    program = "import scenarios.cli; scenarios.cli.main()"
    command = [sys.executable, "-c", program, "conform", "run", str(plan), "--out", str(out), "--no-preflight"]
    process = subprocess.Popen(  # noqa: S603 - ours
        [*command, "--jobs", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stderr is not None
    assert " of " in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    begin_s = time.monotonic()
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert time.monotonic() - begin_s < 20
    results = json.loads((out / "results.json").read_bytes())
    assert results["interrupted"]
    assert results["results"]
