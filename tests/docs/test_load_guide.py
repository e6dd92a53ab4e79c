"""The guide to loads: its faults can be put in and are those it shows, and every option stands in it."""

import re
from pathlib import Path

import click

from scenarios.cli import command
from scenarios.faults.reader import read_faults
from scenarios.language import Language

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "load.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "faults" / "under-load.toml"


def test_the_faults_shown_are_those_of_the_example() -> None:
    """Each fault of the file is named in the verdict that the guide shows, and no other."""
    shown = set(re.findall(r"^Fault put in: (\S+),", GUIDE, re.MULTILINE))
    assert shown == {fault.name for fault in read_faults(EXAMPLE).fault}


def test_every_option_is_told() -> None:
    """But those of all commands, and of the town that was served."""
    group = command(Language.EN)
    load = group.get_command(click.Context(group), "load")
    assert load is not None
    options = {name for one in load.params for name in one.opts if name.startswith("--")}
    common = {"--town", "--data", "--out", "--quiet", "--lang", "--help", "--ui-port"}
    assert {one for one in options - common if one not in GUIDE} == set()
