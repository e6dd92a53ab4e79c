"""The folder in which several workers count together: in memory where there is such a place, gone with its server.

A server that was killed cannot take its folder along. The next one does, for each whose owner's lock is free: the
system frees it when the owner ends, however it ends.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - the folder made in it is only ours
"""Files in memory, which no full disk reaches: counts are written through mapped memory, where a full disk kills.
Source: Filesystem Hierarchy Standard 3.0, Linux annex."""

_PREFIX = "citytwin-metrics-"
_OWNER = "owner"
"""A file that the server keeps locked as long as it lives."""


@contextmanager
def folder_of_counts() -> Iterator[str]:
    """A folder until the block ends; those of servers that were killed are taken away first."""
    is_in_memory = MEMORY_FOLDER.is_dir() and os.access(MEMORY_FOLDER, os.W_OK)
    if is_in_memory:
        forget_ended(MEMORY_FOLDER)
    with (
        tempfile.TemporaryDirectory(prefix=_PREFIX, dir=MEMORY_FOLDER if is_in_memory else None) as folder,
        (Path(folder) / f"{_OWNER}.new").open("w") as owner,
    ):
        _lock(owner)
        # Only now it may be looked at: nobody must find it free before it is held.
        Path(owner.name).rename(Path(folder) / _OWNER)
        yield folder


def forget_ended(memory: Path) -> None:
    """Take away the folders of servers that have ended; what is not ours, or says nothing of its owner, stays."""
    for folder in memory.glob(f"{_PREFIX}*"):
        try:
            with (folder / _OWNER).open("r+") as owner:
                _lock(owner)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _lock(owner: IO[str]) -> None:
    """Hold a file until it is closed or this process ends.

    Raises:
        BlockingIOError: Somebody else holds it.
    """
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415 - there is none on Windows, nor folders in memory

        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
