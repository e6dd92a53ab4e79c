"""The guide to movement alone: its commands run and tell what it tells, its columns are those that are read."""

import re
import shlex
from pathlib import Path

import pytest

from agents.movement.gmns.faults import definitions
from agents.movement.gmns.network import LINK_COLUMNS, NODE_COLUMNS
from agents.movement.gmns.trips import CLOSURE_COLUMNS, TRIP_COLUMNS
from scenarios.cli import run_command

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "traffic.md").read_text(encoding="utf-8")
COMMANDS = [block.strip() for block in re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)]
TOLD = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize("line", COMMANDS)
def test_it_runs(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command ends well and writes its table."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    words = shlex.split(line)[1:]
    assert run_command([*words, "--quiet"]) == 0
    assert (tmp_path / words[words.index("--out") + 1]).stat().st_size > 0


def test_it_tells_what_the_guide_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The summary and the first row of the arrivals are those of the page."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    assert run_command([*shlex.split(COMMANDS[0])[1:], "--lang", "en"]) == 0
    assert capsys.readouterr().out.startswith(TOLD[0])
    assert (tmp_path / "out" / "arrivals.csv").read_text(encoding="utf-8").startswith(TOLD[1])


def test_faults_read_as_the_guide_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The faults of the page are told of such a file."""
    monkeypatch.chdir(tmp_path)
    for path in (ROOT / "docs" / "examples" / "traffic").iterdir():
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(
            text.replace(",640,", ",-640,", 1).replace("road,south,school", "road,south,shool")
        )
    words = ["traffic", "node.csv", "link.csv", "trips.csv", "--until", "60", "--out", "a.csv", "--lang", "en"]
    assert run_command([*words, "--quiet"]) == 2
    assert capsys.readouterr().err == TOLD[2]


def test_every_column_is_explained() -> None:
    """Each column that is read has its place in the guide."""
    columns = {*NODE_COLUMNS, *LINK_COLUMNS, *TRIP_COLUMNS, *CLOSURE_COLUMNS, *definitions()["numbers"]}
    assert [column for column in sorted(columns) if f"`{column}`" not in GUIDE] == []


def test_the_program_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The Python of the page runs, and prints the first arrivals."""
    (program,) = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    monkeypatch.chdir(ROOT)
    exec(compile(program, "guide", "exec"), {})  # noqa: S102 - our own page
    assert capsys.readouterr().out.startswith("[147.6")
