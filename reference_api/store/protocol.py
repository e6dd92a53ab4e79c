"""Store: plain SQL in the subset that SQLite and PostgreSQL share; ``?`` stands for a parameter."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]


class Store(Protocol):
    """A database. Its methods are coroutines; an embedded one never waits in them."""

    async def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """First row of the result, None if there is none."""

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of the result."""

    async def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute; number of rows changed."""

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute once for each row of parameters."""

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All that is executed within takes effect together, or none of it; a writer at a time."""

    async def foreign_changes(self) -> int:
        """A number that changes when somebody else wrote to the database: what was cached before is old."""

    async def close(self) -> None:
        """Let go of the database."""
