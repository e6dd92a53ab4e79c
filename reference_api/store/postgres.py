"""PostgreSQL over the network, by asyncpg: a pool of connections, plain SQL, a writer at a time.

Writers follow one another by an advisory lock, which PostgreSQL gives up after a commit is visible. So numbers of rows
appear in the order in which they are committed, and a reader that pages by them misses nothing. Every transaction that
wrote increases the one number in ``change_count``: it tells all processes that something changed, at the moment it did.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from reference_api.errors import StoreFault, StoreUnavailable, UnstorableValue
from reference_api.store.address import without_password
from reference_api.store.migration import POSTGRESQL, pending
from reference_api.store.protocol import Row

T = TypeVar("T")
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"

CACHED_STATEMENTS = 512
"""Above the number of statements in the room, so that none is parsed twice."""

POOL_CONNECTIONS = 10
"""Connections of one worker. Source: PostgreSQL admits 100 by default, enough for nine workers."""

BUSY_TIMEOUT_S = 10.0
"""How long a statement waits for another's lock. Source: none; as in SQLite. Confidence C."""

IDLE_WRITER_TIMEOUT_S = 30.0
"""When a transaction that says nothing more is undone, so that a hung worker holds up nobody for ever.

Source: none; longer than any request may take. Confidence C.
"""

WRITER_LOCK, MIGRATION_LOCK = 0x63697479, 0x63697480
"""Keys of the advisory locks of the one who writes and the one who migrates. Source: none; "city" in ASCII."""

_BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({WRITER_LOCK})"
_PASSED_OVER = "a statement of this transaction failed and was passed over: nothing of it was kept"
_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""Faults of connections that ended, are ending, or could not be made."""

_FAULTS = (asyncpg.PostgresError, *_LOST)

_PASSING = (
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TransactionRollbackError,
)
"""Faults that are the server's and may pass, not the statement's: a full disk, a stop, a lock held for too long, a
standby. Source: PostgreSQL, Error Codes, classes 25, 40, 53, 55, 57 and 58."""


@dataclass(slots=True)
class _Held:
    """The connection of a transaction under way, how many are open within it, and whether anything was written."""

    connection: Connection
    depth: int = 1
    wrote: bool = False


class PostgresStore:
    """A PostgreSQL database at ``url`` (postgresql://user@host/name), its encoding UTF-8; connected by ``open``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._shown = without_password(url)
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._writing = asyncio.Lock()
        self._held: dict[asyncio.Task[Any], _Held] = {}
        self._own: set[int] = set()
        self._seen = 0
        self._foreign = 0

    async def open(self) -> None:
        """Connect, and apply the migrations that the database has not seen.

        Raises:
            StoreFault: It cannot be reached or is not as it must be; the message says what to do.
        """
        try:
            pool = await asyncpg.create_pool(self._url, **_POOL)
        except (asyncpg.PostgresError, OSError) as fault:
            # A driver's message on an address may quote it: only the server's and the network's own words are told.
            raise self._unreachable(f"{type(fault).__name__}: {fault}") from None
        except (asyncpg.InterfaceError, ValueError) as fault:
            raise self._unreachable(f"the address cannot be read ({type(fault).__name__})") from None
        try:
            async with pool.acquire() as connection, connection.transaction():
                self._seen = await _prepare(connection)
        except asyncpg.PostgresError as fault:
            pool.terminate()
            raise StoreFault(f"database {self._shown} cannot be migrated: {fault}; see the server's log") from fault
        except BaseException:
            pool.terminate()
            raise
        self._pool = pool

    async def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """First row of the result, None if there is none."""
        record = await self._ask(sql, lambda connection: connection.fetchrow(numbered(sql), *parameters))
        return None if record is None else tuple(record)

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of the result."""
        records = await self._ask(sql, lambda connection: connection.fetch(numbered(sql), *parameters))
        return [tuple(record) for record in records]

    async def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute; number of rows changed."""
        status = await self._ask(sql, lambda connection: connection.execute(numbered(sql), *parameters))
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else -1

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute once for each row of parameters, all or nothing."""
        await self._ask(sql, lambda connection: connection.executemany(numbered(sql), rows))

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All that is executed within takes effect together, or none of it; a writer at a time.

        Within another one it is a part that can be undone alone. It belongs to the task that opened it.
        """
        held = self._held.get(_task())
        return self._transaction() if held is None else self._part(held)

    @property
    def in_transaction(self) -> bool:
        """Whether the caller is within a transaction."""
        return _task() in self._held

    def sync_together(self) -> None:
        """Nothing to do: PostgreSQL syncs the transactions that end at the same time together."""

    @property
    def commits(self) -> int:
        """None: there is nothing to wait for."""
        return 0

    async def settle(self) -> None:
        """Nothing to wait for: a transaction is on the disk when it has ended."""

    def foreign_changes_now(self) -> None:
        """Not to be told: the database must be asked."""

    async def foreign_changes(self) -> int:
        """A number that changes when another process wrote in a transaction.

        Every transaction has its number, and this process knows its own: those do not count.
        """
        row = await self.one("SELECT n FROM change_count")
        newest: int = self._seen if row is None else row[0]
        while self._seen < newest:
            self._seen += 1
            self._foreign += self._seen not in self._own
            self._own.discard(self._seen)
        return self._foreign

    async def close(self) -> None:
        """Let go of the database, when all connections have been given back."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _ask(self, sql: str, question: Callable[[Connection], Awaitable[T]]) -> T:
        try:
            held = self._held.get(_task())
            if held is not None:
                held.wrote = held.wrote or not sql.startswith("SELECT")
                return await question(held.connection)
            async with self._connections().acquire() as connection:
                return await question(connection)
        except _FAULTS as fault:
            raise self._told(fault, sql) from None

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[None]:
        # One writer of this process waits for the lock; the others wait here and leave connections to the readers.
        async with self._writing, self._lent() as connection:
            task, held = _task(), _Held(connection)
            try:
                await self._end(connection, _BEGIN)
                self._held[task] = held
                yield
                await self._commit(held)
            except BaseException:
                await self._undo(connection, "ROLLBACK")
                raise
            finally:
                self._held.pop(task, None)

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator[Connection]:
        """A connection of the pool, made anew if the one it had was lost."""
        pool = self._connections()
        try:
            connection = await pool.acquire()
        except _FAULTS as fault:
            raise self._told(fault, "BEGIN") from None
        try:
            yield connection
        finally:
            with suppress(*_FAULTS):
                await pool.release(connection)

    async def _commit(self, held: _Held) -> None:
        """Count what was written, and commit.

        Whoever reads the number from then on knows that it is our own. Whether a commit that failed took effect is not
        known: then it counts as foreign.
        """
        number = await self._number(held) if held.wrote else None
        try:
            status = await self._end(held.connection, "COMMIT")
        except BaseException:
            self._disown(number)
            raise
        if status != "COMMIT":
            raise StoreFault(_PASSED_OVER)

    async def _number(self, held: _Held) -> int:
        try:
            number: int = await held.connection.fetchval("UPDATE change_count SET n = n + 1 RETURNING n")
        except asyncpg.InFailedSQLTransactionError:
            raise StoreFault(_PASSED_OVER) from None
        except _FAULTS as fault:
            raise self._told(fault, "COMMIT") from None
        self._own.add(number)
        return number

    def _disown(self, number: int | None) -> None:
        if number is not None:
            self._own.discard(number)
            self._foreign += 1

    async def _undo(self, connection: Connection, how: str) -> None:
        """Undo what is undone by the server anyway where the connection is lost."""
        with suppress(StoreFault):
            await self._end(connection, how)

    async def _end(self, connection: Connection, how: str) -> str:
        try:
            return await connection.execute(how)
        except _FAULTS as fault:
            raise self._told(fault, how) from None

    @asynccontextmanager
    async def _part(self, held: _Held) -> AsyncIterator[None]:
        name = f"part_{held.depth}"
        await self._end(held.connection, f"SAVEPOINT {name}")
        held.depth += 1
        try:
            yield
        except BaseException:
            await self._undo(held.connection, f"ROLLBACK TO {name}")
            raise
        finally:
            held.depth -= 1
        await self._end(held.connection, f"RELEASE {name}")

    def _connections(self) -> "asyncpg.Pool[asyncpg.Record]":
        if self._pool is None:
            raise self._unreachable("it has not been opened")
        return self._pool

    def _unreachable(self, why: str) -> StoreFault:
        return StoreUnavailable(
            f"database {self._shown} cannot be used: {why}; start PostgreSQL there, or give another address"
        )

    def _told(self, fault: Exception, sql: str) -> StoreFault:
        """The fault without values of parameters or rows: they may be somebody's data."""
        if isinstance(fault, _LOST):
            return self._unreachable(type(fault).__name__)
        if isinstance(fault, asyncpg.CharacterNotInRepertoireError):
            return UnstorableValue(f"a text with U+0000 cannot be stored: {sql}")
        if isinstance(fault.__cause__, OverflowError | UnicodeError):
            return UnstorableValue(f"a value cannot be stored ({type(fault.__cause__).__name__}): {sql}")
        if isinstance(fault, _PASSING):
            return StoreUnavailable(f"{type(fault).__name__} in: {sql}")
        return StoreFault(f"{type(fault).__name__} in: {sql}")


_QUOTED_OR_MARK = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\?""")


@lru_cache(maxsize=4 * CACHED_STATEMENTS)
def numbered(sql: str) -> str:
    """The statement with ``$1``, ``$2`` ... for its question marks; those in quotes stay."""
    numbers = count(1)
    return _QUOTED_OR_MARK.sub(lambda found: f"${next(numbers)}" if found[0] == "?" else found[0], sql)


async def _prepare(connection: Connection) -> int:
    """Migrate, one process at a time; the number of changes so far."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise StoreFault(f"the database is in {encoding}: make one with ENCODING 'UTF8' TEMPLATE template0")
    await connection.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    if await connection.fetchval("SELECT to_regclass('change_count')") is None:
        await connection.execute(
            "CREATE TABLE migration (number INTEGER PRIMARY KEY); CREATE TABLE change_count (n BIGINT NOT NULL);"
            " INSERT INTO change_count (n) VALUES (0)"
        )
    done: int = await connection.fetchval("SELECT COALESCE(max(number), 0) FROM migration")
    for number, script in pending(done, POSTGRESQL):
        # Together, because asyncpg cannot execute a text of nothing but comments.
        await connection.execute(f"{script}\n; INSERT INTO migration (number) VALUES ({number})")
    newest: int = await connection.fetchval("SELECT n FROM change_count")
    return newest


async def _leave_as_it_is(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """A connection given back needs no reset: nothing here sets, listens or opens a cursor."""


_POOL: Mapping[str, Any] = {
    "min_size": 1,
    "max_size": POOL_CONNECTIONS,
    "max_queries": 1 << 62,
    "max_inactive_connection_lifetime": 0.0,
    "statement_cache_size": CACHED_STATEMENTS,
    "reset": _leave_as_it_is,
    "timeout": BUSY_TIMEOUT_S,
    "server_settings": {
        "application_name": "citytwin",
        "lock_timeout": f"{BUSY_TIMEOUT_S:.0f}s",
        "idle_in_transaction_session_timeout": f"{IDLE_WRITER_TIMEOUT_S:.0f}s",
    },
}
"""Connections stay for good, and speak as little as possible."""


def _task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise StoreFault("PostgreSQL is asked under an event loop only")
    return task
