"""Files of results: all of them or none, and what is there already is kept until then."""

from pathlib import Path

import pytest

from scenarios.errors import ScenarioError
from scenarios.output_files import OutputFiles


def test_files_appear_together_at_the_end(tmp_path: Path) -> None:
    """Folders are made, old files replaced, and nothing else is left."""
    one, two = tmp_path / "new" / "one.csv", tmp_path / "two.csv"
    two.write_text("old")
    with OutputFiles(one, two) as files:
        files.write(one, "1\n")
        files.write(two, "2\n")
        assert two.read_text() == "old"
    assert (one.read_text(), two.read_text()) == ("1\n", "2\n")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["new", "one.csv", "two.csv"]


def write_badly(files: OutputFiles, path: Path) -> None:
    """Write one file, and another that was not announced."""
    files.write(path, "2\n")
    files.write(path.with_name("three.csv"), "3\n")


def test_nothing_stays_of_a_failure(tmp_path: Path) -> None:
    """An old file is kept, a made folder goes."""
    one, two = tmp_path / "new" / "one.csv", tmp_path / "two.csv"
    two.write_text("old")
    with pytest.raises(KeyError), OutputFiles(one, two) as files:
        write_badly(files, two)
    assert [path.name for path in tmp_path.rglob("*")] == ["two.csv"]
    assert two.read_text() == "old"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A place that is a folder, or lies in a file, is refused before anything is done."""
    (tmp_path / "file").write_text("kept")
    for place in (tmp_path, tmp_path / "file" / "one.csv"):
        with pytest.raises(ScenarioError), OutputFiles(tmp_path / "other.csv", place):
            pytest.fail("the block must not begin")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
