"""SQLite, in this process: one connection, write-ahead log, every transaction IMMEDIATE."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic, sleep
from types import TracebackType
from typing import Any

from reference_api.errors import StoreFault, StoreUnavailable, UnstorableValue
from reference_api.store.checkpoints import LONGEST_LOG_PAGES, Checkpoints
from reference_api.store.group_sync import GroupSync
from reference_api.store.migration import SQLITE, pending
from reference_api.store.protocol import Row

CACHED_STATEMENTS = 512
"""More than there are statements in the room, so that none is parsed twice."""

PAGE_BYTES = 16_384
"""Page of a database in memory: SQLite walks over all its pages at each commit, so that few large ones are cheaper.
Measured with 450,000 rows; at 65,536 the copies of changed pages cost more than is won."""

BUSY_TIMEOUT_S = 10.0
"""How long a writer waits for another process. Source: none; shorter than common HTTP client timeouts. Confidence C."""

BUSY_PAUSE_S = 0.01
"""Between two tries where SQLite does not wait by itself. Source: none; short beside the wait. Confidence C."""


class SqliteStore:
    """A SQLite database at ``path`` (``:memory:`` for one that dies with the object), migrated on opening.

    Raises:
        StoreFault: The file is no database, or was written by a newer version.
        StoreUnavailable: The file cannot be used now.
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
            if path == ":memory:":
                self._db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            _write_ahead(self._db)
            # Of a statement alone: it survives the end of the process, not always the loss of power.
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            _migrate(self._db)
        except sqlite3.Error as fault:
            kind = StoreUnavailable if _may_pass(fault) else StoreFault
            raise kind(f"database {path!r} cannot be opened: {fault}; give a new file or a database of ours") from fault
        self._path = path
        self._shared = path != ":memory:"
        self._group: GroupSync | None = None
        self._checkpoints: Checkpoints | None = None
        self._commits = 0
        self._depth = 0
        self._writer: asyncio.Task[Any] | None = None

    async def open(self) -> None:
        """Nothing more to do: it has been open since it was made."""

    async def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """First row of the result, None if there is none."""
        try:
            row: Row | None = self._db.execute(sql, parameters).fetchone()
        except _FAULTS as fault:
            raise _told(fault, sql) from None
        return row

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of the result."""
        try:
            return self._db.execute(sql, parameters).fetchall()
        except _FAULTS as fault:
            raise _told(fault, sql) from None

    async def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute; number of rows changed."""
        try:
            return self._db.execute(sql, parameters).rowcount
        except _FAULTS as fault:
            raise _told(fault, sql) from None

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute once for each row of parameters, all or nothing."""
        if self._depth == 0:
            async with self._transaction():
                await self.many(sql, rows)
            return
        try:
            self._db.executemany(sql, rows)
        except _FAULTS as fault:
            raise _told(fault, sql) from None

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All that is executed within takes effect together, or none of it; a writer at a time.

        Within another transaction it is a part of that one which can be undone alone.
        """
        if self._depth > 0:
            return self._part()
        return self._durable() if self._shared else self._transaction()

    @property
    def in_transaction(self) -> bool:
        """Whether the caller is within a transaction."""
        return self._depth > 0

    def sync_together(self) -> None:
        """From now on transactions are on the disk when ``settle`` has ended, several at once; under a loop only."""
        if self._shared:
            self._group, self._checkpoints = GroupSync(self._path), Checkpoints(self._path)
            self._db.execute(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG_PAGES}")

    @property
    def commits(self) -> int:
        """How many transactions have ended that ``settle`` waits for."""
        return self._commits

    async def settle(self) -> None:
        """Wait until what was written is on the disk."""
        if self._group is not None:
            await self._group.settle()

    @asynccontextmanager
    async def _durable(self) -> AsyncIterator[None]:
        """A transaction that is on the disk when it, or ``settle``, has ended: it survives the loss of power too."""
        if self._group is not None and self._checkpoints is not None:
            async with self._transaction():
                yield
            self._commits += 1
            self._group.owe()
            self._checkpoints.committed()
            return
        await self.run("PRAGMA synchronous = FULL")
        try:
            async with self._transaction():
                yield
        finally:
            await self.run("PRAGMA synchronous = NORMAL")

    def _transaction(self) -> "_Transaction":
        return _Transaction(self)

    async def begin(self) -> None:
        """Begin a transaction; for ``transaction`` alone."""
        await self.run("BEGIN IMMEDIATE")
        self._depth, self._writer = 1, _task()

    async def end(self, *, failed: bool) -> None:
        """End the transaction, and undo it if it failed or cannot be kept; for ``transaction`` alone."""
        try:
            if not failed:
                await self.run("COMMIT")
        finally:
            # After some faults, a full disk for one, SQLite has undone it already.
            if self._db.in_transaction:
                await self.run("ROLLBACK")
            self._depth, self._writer = 0, None

    @asynccontextmanager
    async def _part(self) -> AsyncIterator[None]:
        if _task() is not self._writer:
            raise StoreFault("another task is within a transaction: over SQLite no handler may wait inside one")
        name = f"part_{self._depth}"
        await self.run(f"SAVEPOINT {name}")
        self._depth += 1
        try:
            yield
        except BaseException:
            await self.run(f"ROLLBACK TO {name}")
            raise
        finally:
            self._depth -= 1
            if self._db.in_transaction:
                await self.run(f"RELEASE {name}")

    async def foreign_changes(self) -> int:
        """A number that changes when another connection wrote. Source: SQLite, PRAGMA data_version."""
        return self.foreign_changes_now()

    def foreign_changes_now(self) -> int:
        """The same: nobody waits for an embedded database."""
        if not self._shared:
            return 0
        try:
            number: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as fault:
            raise _told(fault, "PRAGMA data_version") from None
        return number

    async def close(self) -> None:
        """Let go of the database."""
        if self._group is not None and self._checkpoints is not None:
            await self._group.close()
            self._checkpoints.close()
        self._db.close()


class _Transaction:
    """A transaction as a context; a generator would cost each of them several times as much."""

    __slots__ = ("_store",)

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    async def __aenter__(self) -> None:
        await self._store.begin()

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._store.end(failed=kind is not None)


_FAULTS = (sqlite3.Error, OverflowError, UnicodeEncodeError)

_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
"""Faults that are the machine's and may pass, not the statement's. Source: SQLite, Result and Error Codes."""

_PRIMARY_CODE = 0xFF
"""The primary result code within an extended one. Source: SQLite, Result and Error Codes, section 2."""


def _told(fault: Exception, sql: str) -> StoreFault:
    """The fault without values of parameters; SQLite's own messages hold none."""
    if isinstance(fault, OverflowError | UnicodeEncodeError):
        return UnstorableValue(f"a value cannot be stored ({type(fault).__name__}): {sql}")
    kind = StoreUnavailable if _may_pass(fault) else StoreFault
    return kind(f"{fault} in: {sql}")


def _may_pass(fault: Exception) -> bool:
    return getattr(fault, "sqlite_errorcode", 0) & _PRIMARY_CODE in _PASSING


def _is_busy(fault: sqlite3.Error) -> bool:
    return fault.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY


def _task() -> asyncio.Task[Any] | None:
    """The task under way; None in process, where there is no event loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _write_ahead(db: sqlite3.Connection) -> None:
    """Change to the write-ahead log, also where several processes open a new file at once."""
    # Two that change a new file's mode hold what the other needs: SQLite then refuses one at once instead of waiting.
    until_s = monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            if not _is_busy(fault) or monotonic() > until_s:
                raise
            sleep(BUSY_PAUSE_S)
        else:
            return


def _migrate(db: sqlite3.Connection) -> None:
    """Apply the numbered migrations that the database has not seen, one process at a time; ``user_version`` counts."""
    if not pending(_version(db), SQLITE):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for number, script in pending(_version(db), SQLITE):
            for statement in _statements(script):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: sqlite3.Connection) -> int:
    number: int = db.execute("PRAGMA user_version").fetchone()[0]
    return number


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: ``executescript`` would end the transaction that they belong to."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    yield statement
