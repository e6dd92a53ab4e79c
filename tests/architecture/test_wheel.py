"""What is shipped: the five packages with their data, and nothing else."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOMS = {"twin", "agents", "reference_api", "conformance", "scenarios"}


@pytest.fixture(scope="module")
def shipped(root: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel of this tree."""
    builder = WheelBuilder(str(root))
    (wheel,) = builder.build(directory=str(tmp_path_factory.mktemp("dist")), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def source_files(root: Path) -> Iterator[str]:
    """Files of the five packages that somebody wrote."""
    for room in ROOMS:
        for path in (root / room).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(root).as_posix()


def test_top_level_names_are_the_five_rooms(shipped: set[str]) -> None:
    """Installing citytwin puts five names on the path, and never tests."""
    tops = {name.partition("/")[0] for name in shipped}
    assert {top for top in tops if not top.endswith(".dist-info")} == ROOMS


def test_every_file_of_the_rooms_is_shipped(root: Path, shipped: set[str]) -> None:
    """Data files, scenarios, migrations and typing markers go with the code."""
    assert set(source_files(root)) - shipped == set()


def test_no_compiled_code_is_shipped(shipped: set[str]) -> None:
    """Caches of this machine stay on this machine."""
    assert [name for name in shipped if "__pycache__" in name or name.endswith((".pyc", ".nbi", ".nbc"))] == []


def test_the_licence_is_shipped(shipped: set[str]) -> None:
    """The wheel carries its licence."""
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in shipped)
