"""OutputFolder: all results or none; what is there already is never touched."""

import os
import shutil
from pathlib import Path
from types import TracebackType

from scenarios.errors import OccupiedOutput, UnwritableOutput


def check_free(folder: Path) -> None:
    """Refuse a folder that holds anything.

    Raises:
        OccupiedOutput: it is a file, or a folder that is not empty.
        UnwritableOutput: it cannot be looked at.
    """
    try:
        if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
            raise OccupiedOutput(folder)
    except PermissionError as reason:
        raise UnwritableOutput(folder, reason.strerror) from reason


class OutputFolder:
    """A folder written beside its place and put there at the end: ``with OutputFolder(path) as work: ...``.

    ``work`` is where to write. If the block fails, nothing of it stays.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._work = self._folder.with_name(f".{self._folder.name}.{os.getpid()}.partial")
        self._made: list[Path] = []

    def __enter__(self) -> Path:
        check_free(self._folder)
        missing = [one for one in (self._work, *self._work.parents) if not one.exists()]
        try:
            for one in reversed(missing):
                one.mkdir()
                self._made.append(one)
        except OSError as reason:
            self._remove()
            raise UnwritableOutput(self._folder, reason.strerror) from reason
        return self._work

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._remove()
            return
        try:
            # Replaces an empty folder, and refuses one that somebody filled meanwhile.
            self._work.rename(self._folder)
        except OSError as reason:
            self._remove()
            raise OccupiedOutput(self._folder) from reason

    def _remove(self) -> None:
        for one in reversed(self._made):
            if one == self._work:
                shutil.rmtree(one, ignore_errors=True)
            elif not any(one.iterdir()):
                one.rmdir()
