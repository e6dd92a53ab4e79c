"""Every command of the readmes and guides can be typed as it stands."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from scenarios.cli import command, run_command
from scenarios.language import Language

ROOT = Path(__file__).resolve().parents[2]
READMES = ("README.md", "README.ja.md")
PAGES = (*READMES, *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "guides").glob("*.md")))

SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
PYTHON_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)\)")
SMALL = ("--people", "300", "--hours", "1", "--quiet")


def commands(page: str) -> list[str]:
    """The command lines of a page, without comments."""
    blocks = SHELL_BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    lines = (line.partition("#")[0].strip() for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


TYPED = sorted({line for page in PAGES for line in commands(page) if line.startswith("citytwin ")})


def parse(words: list[str]) -> dict[str, Any]:
    """What click makes of a command's words."""
    group = command(Language.EN)
    name, *rest = words
    found = group.get_command(click.Context(group), name)
    assert found is not None, f"there is no command {name}"
    return found.make_context(name, rest).params


@pytest.mark.parametrize("line", TYPED)
def test_it_parses(line: str) -> None:
    """Each command is one that there is, with options that it has."""
    assert parse(shlex.split(line)[1:]) is not None


@pytest.mark.parametrize(
    "line",
    [
        line
        for line in TYPED
        if line.startswith("citytwin run ") and not {"http", "--data", "--runs"} & set(re.split("[ :]", line))
    ],
)
def test_it_runs(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run ends well, with a report; here with few people and for an hour."""
    monkeypatch.chdir(ROOT)
    out = tmp_path / "out"
    assert run_command([*shlex.split(line)[1:], *SMALL, "--out", str(out)]) == 0
    assert (out / "report.html").stat().st_size > 0


@pytest.mark.parametrize("line", [line for line in TYPED if "--data" in line])
def test_it_runs_on_real_data(line: str, shared_data: Path, tmp_path: Path) -> None:
    """Each run on real files ends well; here with few people and for an hour."""
    out = tmp_path / "out"
    words = [*shlex.split(line)[1:], *SMALL, "--data", str(shared_data), "--out", str(out)]
    assert run_command(words) == 0
    assert (out / "report.html").stat().st_size > 0


@pytest.mark.parametrize("line", [line for line in TYPED if line.startswith("citytwin explain ")])
def test_it_explains(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each explanation tells parameters."""
    assert run_command(shlex.split(line)[1:]) == 0
    assert "[" in capsys.readouterr().out


def test_both_readmes_hold_the_same_commands() -> None:
    """Readers of either language can do the same things."""
    assert commands(READMES[0]) == commands(READMES[1])
    assert commands(READMES[0])[:2] == ["make demo", "make test"]


def test_every_make_target_named_is_there() -> None:
    """What a page tells to make can be made."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        line.split()[1] for page in (*PAGES, "CONTRIBUTING.md") for line in commands(page) if line.startswith("make ")
    }
    assert named <= targets


def test_the_seed_of_the_guide_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's program writes what a city OS is filled with."""
    (program,) = PYTHON_BLOCK.findall((ROOT / "docs/guides/run-against-your-city-os.md").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "guide", "exec"), {})  # noqa: S102 - our own page
    assert (tmp_path / "seed.json").stat().st_size > 0


@pytest.mark.parametrize("page", [*PAGES, "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/glossary.md"])
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link of a page is a file or folder of the repository."""
    place = (ROOT / page).parent
    links = LINK.findall((ROOT / page).read_text(encoding="utf-8"))
    # The picture is taken of a finished run.
    assert [link for link in links if not (place / link).exists() and not link.endswith("figures/report.png")] == []
