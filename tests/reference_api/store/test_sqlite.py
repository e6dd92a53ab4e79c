"""The SQLite store: a file that lasts, shared between processes."""

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from reference_api.errors import StoreFault, StoreUnavailable
from reference_api.inline import run_inline
from reference_api.store.migration import migration_texts
from reference_api.store.sqlite import SqliteStore


def test_file_keeps_and_migrates_once(tmp_path: Path) -> None:
    """A file opened again holds what was written; no migration runs twice."""
    path = str(tmp_path / "city.db")
    first = SqliteStore(path)
    run_inline(first.run("INSERT INTO district (code, name) VALUES ('d', '東')"))
    run_inline(first.close())
    second = SqliteStore(path)
    assert run_inline(second.all("SELECT * FROM district")) == [("d", "東")]
    assert run_inline(second.one("PRAGMA user_version")) == (len(migration_texts()),)
    run_inline(second.close())


def test_transactions_are_on_the_disk(tmp_path: Path) -> None:
    """Write-ahead log; synced (2, FULL) at the end of each transaction, not (1, NORMAL) after a statement alone."""
    store = SqliteStore(str(tmp_path / "city.db"))
    levels = []

    async def look() -> None:
        levels.append(await store.one("PRAGMA synchronous"))

    async def write() -> None:
        for _ in range(3):
            await look()
            async with store.transaction():
                await look()
            await look()
            with suppress(KeyError):
                async with store.transaction():
                    await look()
                    raise KeyError

    run_inline(write())
    assert levels == [(1,), (2,), (1,), (2,)] * 3
    assert run_inline(store.one("PRAGMA journal_mode")) == ("wal",)
    run_inline(store.close())


def test_several_processes_migrate_at_once(tmp_path: Path) -> None:
    """Eight connections open a new file together: every migration is applied once, each can use it."""
    with ThreadPoolExecutor(8) as threads:
        # Of one file, one time in ten meets the moment in which two change its mode.
        for number in range(20):
            path = str(tmp_path / f"city{number}.db")
            for store in list(threads.map(SqliteStore, [path] * 8)):
                assert run_inline(store.one("PRAGMA user_version")) == (len(migration_texts()),)
                run_inline(store.close())


def test_a_file_that_stays_locked_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening waits for whoever holds the file, and after the timeout says that it is locked."""
    monkeypatch.setattr("reference_api.store.sqlite.BUSY_TIMEOUT_S", 0.05)
    path = str(tmp_path / "city.db")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable, match="locked"):
        SqliteStore(path)
    holder.execute("ROLLBACK")
    holder.close()


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    """A file that is no database, or a newer one, is refused by name."""
    text = tmp_path / "notes.txt"
    text.write_text("no database" * 100)
    with pytest.raises(StoreFault, match=r"notes\.txt"):
        SqliteStore(str(text))
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(StoreFault, match="999"):
        SqliteStore(str(newer))


def test_handler_that_waits_in_a_transaction_is_noticed() -> None:
    """While one task is within a transaction, another one cannot slip into it; the first one ends as if alone."""
    store = SqliteStore()

    async def write(code: str) -> None:
        async with store.transaction():
            await asyncio.sleep(0)
            await store.run("INSERT INTO district (code, name) VALUES (?, '')", (code,))

    async def both() -> list[BaseException | None]:
        return await asyncio.gather(write("a"), write("b"), return_exceptions=True)

    first, second = asyncio.run(both())
    assert first is None
    assert isinstance(second, StoreFault)
    assert run_inline(store.all("SELECT code FROM district")) == [("a",)]
    run_inline(store.close())


def test_writer_that_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that somebody else does not give up is a fault of the store, and nothing hangs."""
    monkeypatch.setattr("reference_api.store.sqlite.BUSY_TIMEOUT_S", 0.01)
    path = str(tmp_path / "city.db")
    one, other = SqliteStore(path), SqliteStore(path)

    async def write_both() -> None:
        async with one.transaction(), other.transaction():
            pass

    with pytest.raises(StoreFault, match="locked"):
        run_inline(write_both())
    run_inline(one.close())
    run_inline(other.close())
