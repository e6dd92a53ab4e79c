"""One word for each concept: the glossary names what there is, all of it and nothing else."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

CONCEPTS = {
    *(f"reference_api.{name}" for name in ("consent", "disaster", "clock")),
    *(f"conformance.contract.{name}" for name in ("operations", "exchange", "catalogue")),
    *(f"scenarios.{name}" for name in ("scenario", "metrics", "oracle", "rights", "record")),
    "agents.city_os.port",
    "agents.city_os.ideal",
    "agents.movement.trips",
}
"""Modules of which every public class is a concept, beside all that lie directly in twin and agents; elsewhere classes
are parts of how a thing is done. Faults are drawn as a tree in each room's errors.py."""

ROW = re.compile(r"^\| ([A-Z]\w+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
Entry = tuple[str, str]


def is_concept(module: str) -> bool:
    """Whether the classes of a module belong into the glossary."""
    room, _, rest = module.partition(".")
    top = room in {"twin", "agents"} and rest and "." not in rest and rest != "errors"
    return bool(top) or module in CONCEPTS


@pytest.fixture(scope="module")
def rows(root: Path) -> list[tuple[str, ...]]:
    """Cells of the glossary's rows."""
    return ROW.findall((root / "docs" / "glossary.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def listed(rows: list[tuple[str, ...]]) -> set[Entry]:
    """Names of the glossary with the modules that they are said to stand in."""
    return {(name, module) for name, _, _, where in rows for module in re.findall(r"`([\w.]+)`", where)}


@pytest.fixture(scope="module")
def present(modules: dict[str, ast.Module]) -> set[Entry]:
    """Public classes that are concepts, with their modules."""
    named = {path.removesuffix(".py").replace("/", "."): tree for path, tree in modules.items()}
    return {
        (node.name, module)
        for module, tree in named.items()
        if is_concept(module)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }


def test_every_concept_is_listed(listed: set[Entry], present: set[Entry]) -> None:
    """A public class that is a concept has its row, with its module."""
    assert sorted(present - listed) == []


def test_nothing_is_listed_that_is_not_there(listed: set[Entry], present: set[Entry]) -> None:
    """A row names a class that exists where it says."""
    assert sorted(listed - present) == []


def test_each_name_has_one_row_with_all_cells(rows: list[tuple[str, ...]]) -> None:
    """No word stands for two concepts, and each has its Japanese and its sentence."""
    assert [name for name, count in Counter(row[0] for row in rows).items() if count > 1] == []
    assert [row[0] for row in rows if not all(cell.strip() for cell in row)] == []
