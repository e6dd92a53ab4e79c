"""Stores under test: the same tests run on SQLite in memory and on PostgreSQL."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from postgres import Databases

from reference_api.inline import run_inline
from reference_api.store.postgres import PostgresStore
from reference_api.store.protocol import Row, Store
from reference_api.store.sqlite import SqliteStore

T = TypeVar("T")
Drive = Callable[[Coroutine[Any, Any, Any]], Any]

_TABLES = {
    SqliteStore: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
    PostgresStore: "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
}
_OF_THE_STORE = ("change_count", "migration", "sqlite_sequence")
"""Tables that a driver keeps for itself."""


@dataclass(frozen=True)
class OpenedStore:
    """A store, and what drives its coroutines: nothing for an embedded one, an event loop for PostgreSQL."""

    store: Store
    drive: Drive
    address: str = ":memory:"

    def in_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that waits for more than the store, in an event loop."""
        result: T = asyncio.run(coroutine) if self.drive is run_inline else self.drive(coroutine)
        return result

    def rows(self, sql: str, *parameters: Any) -> list[Row]:
        """All rows of a result."""
        found: list[Row] = self.drive(self.store.all(sql, parameters))
        return found

    def tables(self) -> list[str]:
        """Names of the tables that migrations made."""
        return [row[0] for row in self.rows(_TABLES[type(self.store)]) if row[0] not in _OF_THE_STORE]

    def contents(self) -> dict[str, list[str]]:
        """Everything that is in the store, by table, in an order that does not depend on how it came there."""
        select = "SELECT * FROM "
        return {table: sorted(map(repr, self.rows(select + table))) for table in self.tables()}


_WRITE = re.compile(r"\s*((?:INSERT INTO|UPDATE|DELETE FROM) \w+)")
_ALONE = {
    *(f"{verb} position" for verb in ("INSERT INTO", "DELETE FROM")),
    *(f"{verb} outbox" for verb in ("UPDATE", "DELETE FROM")),
    *(f"{verb} {table}" for verb in ("INSERT INTO", "UPDATE", "DELETE FROM") for table in ("interaction", "guess")),
}
"""What may be written by statements alone: nobody remembers it, and it does no harm that a position is lost, a message
sent twice, a sign-in that was under way begun anew, or a guess at a password not counted, when the power fails."""


@dataclass(frozen=True)
class Watched:
    """A store that refuses what Store forbids: a statement alone that writes what must last."""

    store: Store

    async def open(self) -> None:
        """As the store does."""
        await self.store.open()

    async def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """As the store does, unless it is forbidden."""
        self._judge(sql)
        return await self.store.one(sql, parameters)

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """As the store does, unless it is forbidden."""
        self._judge(sql)
        return await self.store.all(sql, parameters)

    async def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """As the store does, unless it is forbidden."""
        self._judge(sql)
        return await self.store.run(sql, parameters)

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """As the store does, unless it is forbidden."""
        self._judge(sql)
        await self.store.many(sql, rows)

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """As the store does."""
        return self.store.transaction()

    @property
    def in_transaction(self) -> bool:
        """As the store tells."""
        return self.store.in_transaction

    def sync_together(self) -> None:
        """The store's."""
        self.store.sync_together()

    @property
    def commits(self) -> int:
        """As the store tells."""
        return self.store.commits

    async def settle(self) -> None:
        """The store's."""
        await self.store.settle()

    async def foreign_changes(self) -> int:
        """As the store tells."""
        return await self.store.foreign_changes()

    def foreign_changes_now(self) -> int | None:
        """As the store tells."""
        return self.store.foreign_changes_now()

    async def close(self) -> None:
        """As the store does."""
        await self.store.close()

    def _judge(self, sql: str) -> None:
        found = _WRITE.match(sql)
        if found and not self.store.in_transaction and found[1] not in _ALONE:
            raise AssertionError(f"write it in a transaction: {sql}")


def in_memory() -> OpenedStore:
    """A new SQLite database that dies with its store."""
    return OpenedStore(SqliteStore(), run_inline)


@dataclass
class CleanDatabases:
    """Databases of PostgreSQL lent to one test after the other, empty each time, connections kept."""

    databases: Databases
    runner: asyncio.Runner
    _free: list[OpenedStore] = field(default_factory=list)
    _tables: list[str] = field(default_factory=list)

    @contextmanager
    def lent(self) -> Iterator[Callable[[], OpenedStore]]:
        """Lends as many as are asked for, and takes them back."""
        out: list[OpenedStore] = []

        def lend() -> OpenedStore:
            out.append(self._free.pop() if self._free else self._new())
            return out[-1]

        try:
            yield lend
        finally:
            self._free += [opened for opened in out if self._emptied(opened)]

    def close(self) -> None:
        """Let go of all of them."""
        for opened in self._free:
            opened.drive(opened.store.close())

    def _new(self) -> OpenedStore:
        address = self.databases.make()
        store = PostgresStore(address)
        self.runner.run(store.open())
        opened = OpenedStore(store, self.runner.run, address)
        self._tables = self._tables or opened.tables()
        return opened

    def _emptied(self, opened: OpenedStore) -> bool:
        """Empty it and number from the start again; False if a test has dropped a table: it is not lent again."""
        pool = cast("PostgresStore", opened.store)._pool
        assert pool is not None
        assert pool.get_idle_size() == pool.get_size(), "a test has left a transaction open"
        there = opened.tables()
        if not set(self._tables) <= set(there):
            opened.drive(opened.store.close())
            return False
        names = [row[0] for row in opened.rows("SELECT sequencename FROM pg_sequences")]
        clean = [f"DROP TABLE {table};" for table in there if table not in self._tables]
        clean += [f"DELETE FROM {table};" for table in self._tables]  # noqa: S608 - names that the catalogue gave
        clean += [f"PERFORM setval('{name}', 1, false);" for name in names]
        body = " ".join(["SET LOCAL session_replication_role = replica;", *clean])
        opened.drive(opened.store.run(f"DO $$ BEGIN {body} END $$"))
        return True
