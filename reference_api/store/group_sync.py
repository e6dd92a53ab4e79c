"""One sync of the disk for all who wrote since the last, beside the event loop: a slow disk holds up nobody else."""

import asyncio
import os
import threading
from collections import deque
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
        self._lock = threading.Lock()
        self._is_busy = False
        self._committed = self._synced = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    def owe(self) -> None:
        """Something was committed: it is synced at once, or with all else that is committed during the sync before."""
        with self._lock:
            self._committed += 1
            begins, self._is_busy = not self._is_busy, True
        if begins:
            self._thread.submit(self._work, asyncio.get_running_loop())

    async def settle(self) -> None:
        """Wait until all that was committed so far is on the disk.

        Raises:
            StoreUnavailable: The disk does not take it; it may be there all the same.
        """
        if self._synced == self._committed:
            return
        done = asyncio.get_running_loop().create_future()
        self._waiting.append((self._committed, done))
        await done

    async def close(self) -> None:
        """Sync what is owed, and let go of the file."""
        await self.settle()
        self._thread.shutdown()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        """In the thread: sync until nothing more is owed, without waiting for the loop in between."""
        while True:
            upto, fault = self._committed, None
            try:
                self._sync()
            except OSError as told:
                fault = StoreUnavailable(f"the disk was not synced: {told}")
            with self._lock:
                self._is_busy = self._committed != upto
                goes_on = self._is_busy
            loop.call_soon_threadsafe(self._tell, upto, fault)
            if not goes_on:
                return

    def _sync(self) -> None:
        if self._file is None:
            self._file = os.open(self._log, os.O_RDWR)
            _sync_folder(self._log.parent)
        _sync(self._file)

    def _tell(self, upto: int, fault: StoreUnavailable | None) -> None:
        """Wake those who waited for a sync of so many commits."""
        self._synced = upto
        while self._waiting and self._waiting[0][0] <= upto:
            done = self._waiting.popleft()[1]
            if done.done():
                continue
            if fault is None:
                done.set_result(None)
            else:
                done.set_exception(fault)


def _sync_folder(folder: Path) -> None:
    """Sync the names in a folder: the log's is new when the first worker begins."""
    if os.name == "nt":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
