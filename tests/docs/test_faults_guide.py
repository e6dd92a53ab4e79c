"""The guide to faults: its example is read, its tables are those of the form, what it shows is what is told."""

import json
import re
from pathlib import Path

import msgspec
import pytest

from scenarios.cli import run_command
from scenarios.faults.form import KINDS, FaultFile, TimedFault
from scenarios.faults.log import FaultLine
from scenarios.faults.reader import read_faults

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "faults.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "faults" / "bad-morning.toml"
ROWS = {row[0]: row[1] for row in re.findall(r"^\| `(\w+)` \|(.*)$", GUIDE, re.MULTILINE)}


def keys(form: type[msgspec.Struct]) -> set[str]:
    """Keys of a table of the file."""
    return {one.name for one in msgspec.structs.fields(form)}


def test_every_kind_and_each_of_its_keys_is_told() -> None:
    """The table of kinds has a row for each, with the keys that only it has."""
    assert set(KINDS) <= set(ROWS)
    for kind, form in KINDS.items():
        assert keys(form) - keys(TimedFault) <= set(re.findall(r"`(\w+)`", ROWS[kind]))


def test_every_common_key_is_told() -> None:
    """The table of keys has them all, and ``seed`` is told of."""
    told = set(re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", GUIDE, re.MULTILINE))
    assert keys(TimedFault) | {"kind"} <= set(re.findall(r"\w+", " ".join(told)))
    assert keys(FaultFile) - {"fault"} == {"seed"}


def test_the_lines_shown_are_of_the_example() -> None:
    """The summary names the example's faults by name and kind."""
    (shown,) = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)
    names = [one.name for one in read_faults(EXAMPLE).fault]
    assert re.findall(r"^Fault (\S+) \(.*\): hit \d+ of \d+ calls\.$", shown, re.MULTILINE) == names


def test_the_line_of_the_log_has_the_form_of_the_log() -> None:
    """What the guide shows can be read as what the proxy writes."""
    (line,) = re.findall(r"```json\n(.*?)\n```", GUIDE, re.DOTALL)
    shown = msgspec.json.decode(line, type=FaultLine)
    assert msgspec.to_builtins(shown) == json.loads(line)


def test_mistakes_read_as_the_guide_tells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The faults of the page are told of such a file."""
    monkeypatch.chdir(tmp_path)
    text = EXAMPLE.read_text(encoding="utf-8").partition("\n")[2].partition("\n")[2]
    spoiled = text.replace("reportSafety", "reportSafty", 1).replace('"0:40"', '"0:10"', 1)
    Path("faults.toml").write_text(spoiled, encoding="utf-8")
    assert run_command(["run", "drill", "--people", "50", "--faults", "faults.toml", "--lang", "en"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if line in GUIDE.splitlines()] == told
    assert len(told) == 2
