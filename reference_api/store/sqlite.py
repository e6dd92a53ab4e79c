"""SQLite, in this process: one connection, write-ahead log, every transaction IMMEDIATE."""

import sqlite3
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from reference_api.errors import StoreFault
from reference_api.store.migration import SQLITE, pending
from reference_api.store.protocol import Row

CACHED_STATEMENTS = 256
"""More than there are statements in the room, so that none is parsed twice."""

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another process. Source: none; shorter than common HTTP client timeouts. Confidence C."""


class SqliteStore:
    """A SQLite database at ``path`` (``:memory:`` for one that dies with the object), migrated on opening.

    Raises:
        StoreFault: The file is no database, or was written by a newer version.
    """

    def __init__(self, path: str = ":memory:") -> None:
        try:
            self._db = sqlite3.connect(
                path,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=CACHED_STATEMENTS,
                timeout=BUSY_TIMEOUT_S,
            )
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            _migrate(self._db)
        except sqlite3.Error as fault:
            raise StoreFault(
                f"database {path!r} cannot be opened: {fault}; give a new file or a database of ours"
            ) from fault
        self._shared = path != ":memory:"

    async def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """First row of the result, None if there is none."""
        row: Row | None = self._db.execute(sql, parameters).fetchone()
        return row

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of the result."""
        return self._db.execute(sql, parameters).fetchall()

    async def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute; number of rows changed."""
        return self._db.execute(sql, parameters).rowcount

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute once for each row of parameters."""
        self._db.executemany(sql, rows)

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All that is executed within takes effect together, or none of it; a writer at a time."""
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    async def foreign_changes(self) -> int:
        """A number that changes when another connection wrote. Source: SQLite, PRAGMA data_version."""
        if not self._shared:
            return 0
        number: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return number

    async def close(self) -> None:
        """Let go of the database."""
        self._db.close()


def _migrate(db: sqlite3.Connection) -> None:
    """Apply the numbered migrations that the database has not seen; ``user_version`` counts them."""
    done: int = db.execute("PRAGMA user_version").fetchone()[0]
    for number, script in pending(done, SQLITE):
        db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
