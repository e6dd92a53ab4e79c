"""OutputFiles: files that are put in their places together when all is well, and not at all otherwise."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from scenarios.errors import UnwritableFile


class OutputFiles:
    """Files written beside their places: ``with OutputFiles(paths) as files: files.write(path, text)``.

    Files that are there already are replaced at the end, or kept if the block fails.

    Raises:
        UnwritableFile: A place is a folder, or cannot be written.
    """

    def __init__(self, *paths: Path) -> None:
        self._work = {path: path.parent / f".{path.name}.{os.getpid()}.partial" for path in paths}
        self._made: list[Path] = []
        self._begun: list[Path] = []

    def __enter__(self) -> Self:
        for path, work in self._work.items():
            try:
                self._prepare(path, work)
            except OSError as reason:
                self._remove()
                raise UnwritableFile(path, reason.strerror) from reason
        return self

    def write(self, path: Path, text: str) -> None:
        """Write what shall stand at a path.

        Raises:
            UnwritableFile: There is no room, or the place has gone.
        """
        try:
            self._work[path].write_text(text, encoding="utf-8", newline="")
        except OSError as reason:
            raise UnwritableFile(path, reason.strerror) from reason

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            for path, work in self._work.items():
                try:
                    work.replace(path)
                except OSError as reason:
                    self._remove()
                    raise UnwritableFile(path, reason.strerror) from reason
        else:
            self._remove()

    def _prepare(self, path: Path, work: Path) -> None:
        if path.exists() and not path.is_file():
            raise IsADirectoryError(0, "it is there and is no file")
        missing = [one for one in path.absolute().parents if not one.exists()]
        for one in reversed(missing):
            one.mkdir()
            self._made.append(one)
        work.touch()
        self._begun.append(work)

    def _remove(self) -> None:
        for work in self._begun:
            work.unlink(missing_ok=True)
        for folder in reversed(self._made):
            folder.rmdir()
