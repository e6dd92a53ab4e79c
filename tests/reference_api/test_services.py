"""The memory of answers: what it keeps, and when it must not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from stores import OpenedStore

from reference_api.services import Memory

ADD = "INSERT INTO district (code, name) VALUES (?, '')"
COUNT = "SELECT count(*) FROM district"


@dataclass
class Remembered:
    """A store with a memory of how many districts it has, and how often they were counted."""

    opened: OpenedStore
    memory: Memory = field(init=False)
    countings: int = 0

    def __post_init__(self) -> None:
        self.memory = Memory(self.opened.store)

    async def count(self) -> int:
        """The number as the memory has it."""
        return await self.memory.recall("districts", self.read)

    async def read(self) -> int:
        """The number as the store has it."""
        self.countings += 1
        row = await self.opened.store.one(COUNT)
        assert row is not None
        number: int = row[0]
        return number

    async def add(self, code: str) -> None:
        """Write, then forget, as handlers do."""
        async with self.opened.store.transaction():
            await self.opened.store.run(ADD, (code,))
        self.memory.forget("districts")


@pytest.fixture
def remembered(open_empty: Callable[[], OpenedStore]) -> Remembered:
    """A memory over an empty store."""
    return Remembered(open_empty())


def test_answers_are_kept_until_forgotten(remembered: Remembered) -> None:
    """Counted once however often it is asked, and again after a change."""

    async def ask() -> list[int]:
        first = [await remembered.count() for _ in range(3)]
        await remembered.add("a")
        return [*first, await remembered.count(), await remembered.count()]

    assert remembered.opened.drive(ask()) == [0, 0, 0, 1, 1]
    assert remembered.countings == 2


def test_nothing_is_kept_from_a_transaction(remembered: Remembered) -> None:
    """What was read in a transaction that is undone later is not answered afterwards."""

    async def undo() -> None:
        async with remembered.opened.store.transaction():
            await remembered.opened.store.run(ADD, ("a",))
            assert await remembered.count() == 1
            raise KeyError

    with pytest.raises(KeyError):
        remembered.opened.drive(undo())
    assert remembered.opened.drive(remembered.count()) == 0


def test_answer_older_than_a_forgetting_is_not_kept(remembered: Remembered) -> None:
    """Whoever reads while another task writes and forgets does not leave the old answer behind."""
    reached, written = asyncio.Event(), asyncio.Event()

    async def read_slowly() -> int:
        number = await remembered.read()
        reached.set()
        await written.wait()
        return number

    async def write() -> None:
        await reached.wait()
        await remembered.add("a")
        written.set()

    async def together() -> list[int]:
        slow: Awaitable[int] = remembered.memory.recall("districts", read_slowly)
        old, _ = await asyncio.gather(slow, write())
        return [old, await remembered.count()]

    assert remembered.opened.in_loop(together()) == [0, 1]


def test_another_worker_makes_everything_old(two_over_one: tuple[OpenedStore, OpenedStore]) -> None:
    """A change by another process is answered at once, though nobody here forgot anything; reading is not a change."""
    one, other = map(Remembered, two_over_one)

    async def nothing() -> None:
        await other.count()

    assert one.opened.drive(one.count()) == 0
    other.opened.drive(nothing())
    assert one.opened.drive(one.count()) == 0
    assert one.countings == 1
    other.opened.drive(other.add("a"))
    assert one.opened.drive(one.count()) == 1
    one.opened.drive(one.add("b"))
    assert other.opened.drive(other.count()) == 2
