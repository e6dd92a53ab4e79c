"""The guide to the conformance suite: its commands run, its files are read, its tables are complete."""

import re
import shlex
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
import yaml
from judged_city import served_city

from conformance.baseline import read_baseline
from conformance.command.run import build
from conformance.plan import ClientPart, FhirPart, LoginPart, LoginStep, PersonPart, Plan, ReceiverPart, SandboxPart
from conformance.plan import TargetPart as Target
from conformance.plan_reading import read_plan
from conformance.preflight.remark import Kind
from conformance.verdict import ROLL_UP
from scenarios.cli import run_command

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/guides/conformance.md").read_text(encoding="utf-8")
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TOML = re.compile(r"```toml\n# (\S+)\n(.*?)```", re.DOTALL)
PLAN = '[target]\nprofiles = ["core-oidc"]\nissuer = "https://id.example.jp"\n'
FEW = ("--check", "OIDC-011", "--check", "OIDC-026")


def commands() -> list[list[str]]:
    """The suite's commands of the guide, in order."""
    lines = (line.partition("#")[0].strip() for block in SHELL.findall(GUIDE) for line in block.splitlines())
    return [shlex.split(line)[1:] for line in lines if line.startswith("citytwin conform ")]


def files(name: str) -> list[str]:
    """The guide's files of a name."""
    return [text for given, text in TOML.findall(GUIDE) if given == name]


@pytest.fixture(scope="module")
def city() -> Iterator[str]:
    """Address of the reference city OS."""
    with served_city() as url:
        yield url


def test_the_commands_run_one_after_the_other(
    city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a reader types them, here with a free port and few checks; each ends well."""
    monkeypatch.chdir(tmp_path)
    for words in commands():
        given = [word.replace("http://127.0.0.1:8080", city) for word in words]
        code = run_command([*given, *(FEW if given[1] == "run" and "--check" not in given else ())])
        if given[1] == "init":
            _listen_elsewhere(tmp_path / "plan.toml")
        expected = (0, 1) if given[1] == "coverage" else (0,)
        assert code in expected, (words, capsys.readouterr().err)
    assert (tmp_path / "out/c1/report.html").stat().st_size > 0
    assert (tmp_path / "out/c4.zip").stat().st_size > 0


def _listen_elsewhere(plan: Path) -> None:
    """Another run of the tests may listen at the port of the guide."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    plan.write_text(plan.read_text(encoding="utf-8").replace(":8765", f":{port}"), encoding="utf-8")


def test_the_plan_is_read(tmp_path: Path) -> None:
    """It says what the suite understands."""
    (text,) = files("plan.toml")
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    assert set(read_plan(path).roles) == {"city_office"}


@pytest.mark.parametrize("text", files("[login]"))
def test_each_way_to_sign_in_is_read(tmp_path: Path, text: str) -> None:
    """As a part of a plan."""
    path = tmp_path / "plan.toml"
    path.write_text(PLAN + text, encoding="utf-8")
    assert f'kind = "{read_plan(path).login.kind}"' in text


def test_the_baseline_is_read(tmp_path: Path) -> None:
    """Its entry names a requirement that there is."""
    (text,) = files("known.toml")
    path = tmp_path / "known.toml"
    path.write_text(text, encoding="utf-8")
    (one,) = read_baseline(path)
    assert (one.name, one.part.owner) == ("OIDC-043", "ID team, ticket 4711")


def test_every_key_of_a_plan_is_told() -> None:
    """In the table, or in an example of signing in."""
    parts = (Target, ClientPart, PersonPart, LoginPart, ReceiverPart, FhirPart, SandboxPart)
    keys = {field.name for part in parts for field in msgspec.structs.fields(part)}
    steps = {field.name for field in msgspec.structs.fields(LoginStep)} - {"form", "method"}
    assert sorted(key for key in keys | steps if not re.search(rf"\b{key}\b", GUIDE)) == []
    tables = {field.name for field in msgspec.structs.fields(Plan)}
    assert sorted(name for name in tables if f"[{name}" not in GUIDE) == []


def test_every_word_of_preflight_is_told() -> None:
    """Users look up what stopped a run."""
    assert [kind for kind in get_args(Kind) if f"`{kind}`" not in GUIDE] == []


def test_the_order_of_verdicts_is_told() -> None:
    """As it is rolled up."""
    assert ", ".join(verdict.value for verdict in ROLL_UP) in " ".join(GUIDE.split())


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_templates_run_what_there_is(name: str) -> None:
    """They are YAML, and their command has the options that it uses."""
    told: Mapping[str, Any] = yaml.safe_load((ROOT / "docs/ci" / name).read_text(encoding="utf-8"))
    lines = [line for line in _texts(told) if line.startswith("citytwin conform run ")]
    assert len(lines) == 1
    assert build("en").make_context("run", shlex.split(lines[0])[3:]).params["plan"] == Path("plan.toml")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
