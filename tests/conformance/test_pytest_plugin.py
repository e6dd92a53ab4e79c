"""``pytest --citytwin-plan``: one item for each requirement, with its verdict; nothing without the option."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from judged_city import served_city

from conformance.contract.requirements import load_requirements

PLUGIN = ("-p", "conformance.pytest_plugin", "-p", "no:cacheprovider", "-W", "error", "-q", "-rA")
WITH_PLAN = ("--citytwin-plan", "plan.toml", "--citytwin-profile", "core-oidc")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Pytest in a folder, in a process of its own, without other plugins than those it needs."""
    command = [sys.executable, "-m", "pytest", *PLUGIN, *arguments]
    environ = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(  # noqa: S603 - ours
        command, capture_output=True, text=True, check=False, cwd=folder, env=environ, timeout=120
    )


def plan_at(url: str, folder: Path) -> None:
    """A plan for the reference, and a test that is not to be run with it."""
    (folder / "plan.toml").write_text(
        f'[target]\nprofiles = ["core-oidc", "disaster"]\nissuer = "{url}"\ncity_os = "{url}"\n'
        '[client]\norigin = "sandbox"\n[person]\norigin = "sandbox"\n',
        encoding="utf-8",
    )
    (folder / "test_mine.py").write_text("def test_mine():\n    pass\n", encoding="utf-8")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a plan for the reference."""
    folder = tmp_path_factory.mktemp("plan")
    with served_city() as url:
        plan_at(url, folder)
        yield folder


def test_one_item_for_each_requirement(city: Path) -> None:
    """Of the plan's profiles, or of those that are named; other tests are left alone."""
    listed = run(city, *WITH_PLAN, "--collect-only").stdout
    wanted = {one.id for one in load_requirements() if one.profile == "core-oidc"}
    assert {line.partition("::")[2] for line in listed.splitlines() if "::" in line} == wanted


def test_verdicts_are_outcomes(city: Path) -> None:
    """Pass passes; review and omit are skipped, with the reason."""
    done = run(city, *WITH_PLAN, "-k", "OIDC-011 or OIDC-026 or OIDC-070")
    assert "2 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert "review: OIDC-070" in done.stdout


def test_a_failure_shows_clause_and_finding(tmp_path: Path) -> None:
    """Without lines of the suite's own code; with other tests where they are named."""
    with served_city("O-AUT-01") as url:
        plan_at(url, tmp_path)
        done = run(tmp_path, *WITH_PLAN, "test_mine.py", "-k", "OIDC-011 or test_mine", "-p", "xdist", "-n", "2")
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "OIDC-011 (SHALL; RFC6749 4.1.2)" in done.stdout
    assert "plan_items.py" not in done.stdout.partition("OIDC-011 (SHALL")[2].partition("short test summary")[0]


def test_configuration_is_told_before_anything_is_judged(tmp_path: Path) -> None:
    """Of a plan that cannot be read, and of one that does not fit: usage errors of pytest."""
    (tmp_path / "plan.toml").write_text("[taget]\n", encoding="utf-8")
    wrong = run(tmp_path, "--citytwin-plan", "plan.toml")
    assert wrong.returncode == 4
    assert "Did you mean target?" in wrong.stderr
    (tmp_path / "plan.toml").write_text(
        '[target]\nprofiles = ["health-fhir"]\nfhir = "http://127.0.0.1:1"\n', encoding="utf-8"
    )
    closed = run(tmp_path, "--citytwin-plan", "plan.toml")
    assert closed.returncode == 4
    assert "nobody listens" in closed.stderr + closed.stdout


def test_nothing_happens_without_the_option(city: Path) -> None:
    """Everybody's own tests run as ever."""
    done = run(city)
    assert done.returncode == 0
    assert "1 passed" in done.stdout


def test_pytest_finds_it_by_itself() -> None:
    """The package names it as a plugin."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["project"]["entry-points"]["pytest11"] == {"citytwin": "conformance.pytest_plugin"}
