"""One sync of the disk for all who wrote since the last, beside the event loop: a slow disk holds up nobody else."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reference_api.errors import StoreUnavailable

_sync = getattr(os, "fdatasync", os.fsync)
"""What SQLite calls itself; macOS has no fdatasync."""


class GroupSync:
    """Syncs the write-ahead log of a SQLite database for an event loop.

    What is committed with ``synchronous = NORMAL`` stands in the log, and is on the disk when that is synced.
    Source: SQLite, Write-Ahead Logging; PRAGMA synchronous.
    """

    def __init__(self, path: str) -> None:
        self._log = Path(f"{path}-wal")
        self._file: int | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._owed: asyncio.Future[None] | None = None
        self._running: asyncio.Future[None] | None = None

    def owe(self) -> None:
        """Something was committed; it is synced with what else this round of the event loop commits."""
        if self._owed is None:
            loop = asyncio.get_running_loop()
            self._owed = loop.create_future()
            if self._running is None:
                loop.call_soon(self._begin)

    async def settle(self) -> None:
        """Wait until all that was committed so far is on the disk.

        Raises:
            StoreUnavailable: The disk does not take it; it may be there all the same.
        """
        waited = self._owed or self._running
        if waited is not None:
            await asyncio.shield(waited)

    async def close(self) -> None:
        """Sync what is owed, and let go of the file."""
        while self._owed is not None or self._running is not None:
            await self.settle()
        self._thread.shutdown()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _begin(self) -> None:
        self._running, self._owed = self._owed, None
        synced = asyncio.get_running_loop().run_in_executor(self._thread, self._sync)
        synced.add_done_callback(self._end)

    def _sync(self) -> None:
        if self._file is None:
            self._file = os.open(self._log, os.O_RDWR)
            _sync_folder(self._log.parent)
        _sync(self._file)

    def _end(self, synced: asyncio.Future[None]) -> None:
        running, self._running = self._running, None
        if running is not None and not running.cancelled():
            fault = synced.exception()
            if fault is None:
                running.set_result(None)
            else:
                running.set_exception(StoreUnavailable(f"the disk was not synced: {fault}"))
                # Nobody need have waited for it.
                running.exception()
        if self._owed is not None:
            self._begin()


def _sync_folder(folder: Path) -> None:
    """Sync the names in a folder: the log's is new when the first worker begins."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
