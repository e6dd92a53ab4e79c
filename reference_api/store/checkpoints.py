"""Checkpoints of a SQLite database beside the event loop: what they write and sync holds up nobody who asks."""

import contextlib
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor

COMMITS = 100
"""Transactions of a worker between two checkpoints: at some ten pages each, the 1,000 pages at which SQLite makes them
itself. With five times as many the log of two workers filled a disk of 48 MB, on which then none could be made.
Confidence C."""

LONGEST_LOG_PAGES = 16_384
"""Length of the log from which SQLite makes a checkpoint within a transaction after all: 64 MB. Confidence C."""


class Checkpoints:
    """Copies the write-ahead log into the database now and then, with a connection and in a thread of its own.

    Neither readers nor writers wait for it. While many write, the log may grow to LONGEST_LOG_PAGES.
    Source: SQLite, Write-Ahead Logging, "Checkpointing"; PRAGMA wal_checkpoint (PASSIVE).
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._commits = 0
        self._last: Future[None] | None = None

    def committed(self) -> None:
        """A transaction has ended; now and then a checkpoint begins."""
        self._commits += 1
        if self._commits >= COMMITS and (self._last is None or self._last.done()):
            self._commits = 0
            self._last = self._thread.submit(self._make)

    def close(self) -> None:
        """Wait for the one under way."""
        self._thread.shutdown()

    def _make(self) -> None:
        # A disk that is full now takes a later one; what was acknowledged stands in the log.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self._path)) as db:
            db.execute("PRAGMA wal_checkpoint(PASSIVE)")
