"""OutputFolder: all or nothing, and nothing of anybody else's is touched."""

from pathlib import Path

import pytest

from scenarios.errors import OccupiedOutput, UnwritableOutput
from scenarios.output_folder import OutputFolder, check_free


def test_success_puts_the_folder_there(tmp_path: Path) -> None:
    """What was written lies in the folder at the end and nowhere else, new or empty, parents made."""
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "a" / "b", tmp_path / "empty"):
        with OutputFolder(folder) as work:
            (work / "x").write_text("1")
            assert not (folder / "x").exists()
        assert [one.name for one in folder.iterdir()] == ["x"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a", "empty"]


def fail_within(folder: Path, failure: type[BaseException]) -> None:
    """Write something, then fail."""
    with OutputFolder(folder) as work:
        (work / "deep").mkdir()
        (work / "deep" / "x").write_text("1")
        raise failure


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_failure_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    """A run that fails leaves the disk as it was, whatever the failure."""
    with pytest.raises(failure):
        fail_within(tmp_path / "a" / "b", failure)
    assert list(tmp_path.iterdir()) == []


def test_occupied_folder_is_refused(tmp_path: Path) -> None:
    """A folder that holds anything, and a file, are refused and left alone."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "metrics.json").write_text("old")
    (tmp_path / "file").write_text("old")
    for name in ("full", "file"):
        with pytest.raises(OccupiedOutput, match=name), OutputFolder(tmp_path / name):
            pytest.fail("must not begin")
        with pytest.raises(OccupiedOutput):
            check_free(tmp_path / name)
    assert (tmp_path / "full" / "metrics.json").read_text() == "old"
    assert (tmp_path / "file").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def fill_meanwhile(folder: Path) -> None:
    """Write something, while somebody else fills the folder."""
    with OutputFolder(folder) as work:
        (work / "x").write_text("ours")
        folder.mkdir()
        (folder / "y").write_text("theirs")


def test_folder_filled_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """If somebody else fills the folder during the run, theirs stays."""
    with pytest.raises(OccupiedOutput):
        fill_meanwhile(tmp_path / "a")
    assert [one.name for one in (tmp_path / "a").iterdir()] == ["y"]
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_unwritable_place_is_told(tmp_path: Path) -> None:
    """A place below a file cannot be a folder; that is told, and nothing is left."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableOutput, match="file"), OutputFolder(tmp_path / "file" / "out"):
        pytest.fail("must not begin")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
