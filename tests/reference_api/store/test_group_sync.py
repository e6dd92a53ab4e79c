"""Who writes under an event loop is told so when the disk has it: one sync for many, and a disk that fails is told."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference_api.errors import StoreUnavailable
from reference_api.store import group_sync
from reference_api.store.sqlite import SqliteStore

MARK = "INSERT INTO sandbox_clock (offset_s) VALUES (?)"


class Disk:
    """Counts syncs, and holds them up until it is told to go on; ``fault`` is what they end with."""

    def __init__(self) -> None:
        self.syncs = 0
        self.goes = threading.Event()
        self.fault: OSError | None = None

    def sync(self, file: int) -> None:
        """What stands for the system's."""
        self.goes.wait(10.0)
        os.fsync(file)
        self.syncs += 1
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """A disk in place of the machine's."""
    made = Disk()
    monkeypatch.setattr(group_sync, "_sync", made.sync)
    yield made
    made.goes.set()


async def _write(store: SqliteStore, number: int) -> None:
    async with store.transaction():
        await store.run("DELETE FROM sandbox_clock")
        await store.run(MARK, (float(number),))
    await store.settle()


def _store(folder: Path) -> SqliteStore:
    store = SqliteStore(str(folder / "city.db"))
    store.sync_together()
    return store


def test_many_writers_wait_for_one_sync(tmp_path: Path, disk: Disk) -> None:
    """Those who write while a sync is under way wait for the next one, which is theirs together."""

    async def write() -> None:
        store = _store(tmp_path)
        first = asyncio.create_task(_write(store, 0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        others = [asyncio.create_task(_write(store, number)) for number in range(1, 50)]
        for _ in range(5):
            await asyncio.sleep(0)
        assert store.commits == 50
        assert not any(task.done() for task in (first, *others)), "told before the disk had it"
        disk.goes.set()
        await asyncio.gather(first, *others)
        await store.settle()
        await store.close()

    asyncio.run(write())
    assert disk.syncs == 2


def test_a_disk_that_fails_is_told_to_all_who_wait(tmp_path: Path, disk: Disk) -> None:
    """And the next ones are written when it goes on."""
    disk.goes.set()
    disk.fault = OSError("no space left")

    async def write() -> None:
        store = _store(tmp_path)
        told = await asyncio.gather(*(_write(store, number) for number in range(3)), return_exceptions=True)
        assert [type(one) for one in told] == [StoreUnavailable] * 3
        disk.fault = None
        await _write(store, 3)
        await store.close()

    asyncio.run(write())


def test_what_fails_owes_nothing(tmp_path: Path, disk: Disk) -> None:
    """A transaction that was undone is not waited for; nor does a store wait that syncs each on its own."""

    async def write() -> None:
        store = _store(tmp_path)
        with pytest.raises(ZeroDivisionError):
            async with store.transaction():
                raise ZeroDivisionError
        await store.settle()
        await store.close()
        alone = SqliteStore(str(tmp_path / "city.db"))
        await _write(alone, 1)
        assert alone.commits == 0
        await alone.close()

    asyncio.run(write())
    assert disk.syncs == 0


def test_closing_waits_for_the_disk(tmp_path: Path, disk: Disk) -> None:
    """What background tasks wrote last is on the disk when the store is closed."""
    disk.goes.set()

    async def write() -> None:
        store = _store(tmp_path)
        async with store.transaction():
            await store.run(MARK, (1.0,))
        await store.close()

    asyncio.run(write())
    assert disk.syncs == 1
