"""Checkpoints are made beside the event loop, and what was written is there whatever becomes of them."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from reference_api.store import checkpoints
from reference_api.store.sqlite import SqliteStore

MARK = "INSERT INTO sandbox_clock (offset_s) VALUES (?)"


async def _write(path: Path, times: int) -> list[str]:
    """Write so often, and say which threads opened a database meanwhile."""
    store, opened = SqliteStore(str(path)), []
    store.sync_together()
    connect = sqlite3.connect

    def watched(*words: object, **options: object) -> sqlite3.Connection:
        opened.append(threading.current_thread().name)
        return connect(*words, **options)  # type: ignore[call-overload, no-any-return]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints.sqlite3, "connect", watched)
        for number in range(times):
            async with store.transaction():
                await store.run("DELETE FROM sandbox_clock")
                await store.run(MARK, (float(number),))
        await store.close()
    return opened


def _held(path: Path) -> float:
    with sqlite3.connect(path) as db:
        value: float = db.execute("SELECT offset_s FROM sandbox_clock").fetchone()[0]
    return value


def test_a_checkpoint_is_made_now_and_then_in_a_thread_of_its_own(tmp_path: Path) -> None:
    """None before its turn, and the last thing written is there afterwards."""
    path = tmp_path / "city.db"
    assert asyncio.run(_write(path, checkpoints.COMMITS - 1)) == []
    assert asyncio.run(_write(path, checkpoints.COMMITS)) == ["checkpoint_0"]
    assert _held(path) == checkpoints.COMMITS - 1


def test_a_checkpoint_that_fails_harms_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writers go on, and find what they wrote."""
    monkeypatch.setattr(checkpoints, "COMMITS", 1)

    def fails(*_words: object, **_options: object) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    async def write() -> None:
        store = SqliteStore(str(tmp_path / "city.db"))
        store.sync_together()
        monkeypatch.setattr(checkpoints.sqlite3, "connect", fails)
        for number in range(3):
            async with store.transaction():
                await store.run("DELETE FROM sandbox_clock")
                await store.run(MARK, (float(number),))
            await store.settle()
        await store.close()

    asyncio.run(write())
    monkeypatch.undo()
    assert _held(tmp_path / "city.db") == 2.0
