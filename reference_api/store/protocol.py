"""Store: plain SQL in the subset that SQLite and PostgreSQL share; ``?`` stands for a parameter."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]


class Store(Protocol):
    """A database. Its methods are coroutines; an embedded one never waits in them.

    Outside a transaction each statement takes effect at once and alone, and a loss of power may take the last of them
    away: that is for what is short-lived, such as positions. Whatever must last, whatever ``services.Memory``
    remembers, and whatever is read page by page in the order of its number, is written in a transaction.

    Raises:
        StoreFault: from every method, if the database cannot do it; never with values of parameters or rows.
        UnstorableValue: A parameter is of a kind that no column can hold.
    """

    async def open(self) -> None:
        """Connect where that takes a network; to be awaited in the event loop that will use the store."""

    async def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row | None:
        """First row of the result, None if there is none."""

    async def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of the result."""

    async def run(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Execute; number of rows changed."""

    async def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute once for each row of parameters, all or nothing."""

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All that is executed within takes effect together, or none of it; a writer at a time.

        Within another transaction it is a part of that one which can be undone alone.
        """

    @property
    def in_transaction(self) -> bool:
        """Whether the caller is within a transaction: what is read there may still be undone."""

    def sync_together(self) -> None:
        """Let transactions end before they are on the disk; ``settle`` waits for that. Under an event loop only."""

    @property
    def commits(self) -> int:
        """How many transactions have ended that ``settle`` waits for."""

    async def settle(self) -> None:
        """Wait until what was written is on the disk: nobody may be told of it before.

        Raises:
            StoreUnavailable: The disk does not take it.
        """

    async def foreign_changes(self) -> int:
        """A number that changes when somebody else wrote in a transaction: what was remembered before is old."""

    def foreign_changes_now(self) -> int | None:
        """The same number where it can be told without waiting; None where it cannot."""

    async def close(self) -> None:
        """Let go of the database."""
