"""What decides a run's results beside its scenario: files of data, and the code itself, told by their hashes."""

import hashlib
import platform
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from scenarios.packages import installed
from scenarios.recipes import data_files

SOURCES = frozenset({".py", ".toml", ".csv", ".json", ".yaml", ".sql"})
"""Suffixes of files that programmes and their constants are kept in."""

TOLD_APART = frozenset({"library", "studies", "towns"})
"""Folders of ``scenarios`` whose files enter into a run by themselves, each with a hash of its own."""

SHOWING = frozenset(
    {
        *("commands", "comparison", "consequences", "load", "messages", "report", "schema", "study", "validation"),
        "verification",
    }
)
"""Folders of ``scenarios`` that ask for runs or show them, and change no result."""

COMPUTING = ("mesa", "networkx", "numba", "numpy", "scipy", "simpy")
"""Packages that do the sums of a run: another version may round otherwise."""


@cache
def code_hash() -> str:
    """SHA-256 over all code and constants that a run's results can depend on, and what computes, as installed here."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(repr(computed_with()).encode())
    for path in sorted(_sources(root)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def computed_with() -> tuple[str, ...]:
    """Versions of Python and of the packages that compute; "" of one that is not installed."""
    return platform.python_version(), *(installed(name) or "" for name in COMPUTING)


def file_hashes(recipes: Iterable[Path], data: Path | None, roads: Path | None) -> dict[str, str]:
    """SHA-256 of every file that towns are built of, by name: recipes, the files of ``data`` that they name, roads."""
    files = {} if roads is None else {f"roads:{roads.name}": roads}
    for recipe in recipes:
        files[f"recipe:{recipe.name}"] = recipe
        files |= {f"data:{name}": data / name for name in data_files(recipe, data)} if data else {}
    return {name: hash_of(path) for name, path in files.items()}


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sources(root: Path) -> Iterator[Path]:
    for folder in (root / "twin", root / "agents", root / "reference_api", root / "conformance" / "contract"):
        yield from _below(folder)
    for one in (root / "scenarios").iterdir():
        if one.is_file() and one.suffix in SOURCES:
            yield one
        elif one.is_dir() and one.name not in TOLD_APART | SHOWING:
            yield from _below(one)


def _below(folder: Path) -> Iterator[Path]:
    return (one for one in folder.rglob("*") if one.is_file() and one.suffix in SOURCES)
