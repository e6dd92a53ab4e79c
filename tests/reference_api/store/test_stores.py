"""What every store keeps to; each test runs on SQLite and on PostgreSQL."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stores import OpenedStore

from reference_api.errors import StoreFault, UnstorableValue
from reference_api.store.protocol import Store

OpenEmpty = Callable[[], OpenedStore]
NAMES = "SELECT code, name FROM district ORDER BY code"
ADD = "INSERT INTO district (code, name) VALUES (?, ?)"


@pytest.fixture
def opened(open_empty: OpenEmpty) -> OpenedStore:
    """An empty store."""
    return open_empty()


def test_failed_transaction_leaves_nothing(opened: OpenedStore) -> None:
    """What was executed before a fault in a transaction is undone, and the next one begins anew."""

    async def fail() -> None:
        async with opened.store.transaction():
            await opened.store.run(ADD, ("d", "東"))
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            opened.drive(fail())
        assert opened.rows(NAMES) == []


@dataclass(frozen=True)
class Block:
    """A transaction to try: statements and further blocks in order; ``fails`` at its end."""

    steps: tuple["Block | tuple[str, str]", ...]
    fails: bool


WRITES = st.tuples(st.sampled_from("abc"), st.text("xyz", max_size=3))
BLOCKS = st.recursive(
    st.builds(Block, st.lists(WRITES, max_size=3).map(tuple), st.booleans()),
    lambda inner: st.builds(Block, st.lists(WRITES | inner, max_size=4).map(tuple), st.booleans()),
    max_leaves=8,
)


class Undo(Exception):
    """No error: the way out of a block."""


async def perform(store: Store, block: Block) -> None:
    """The block's steps in a transaction that ends as the block says."""
    with suppress(Undo):
        async with store.transaction():
            for step in block.steps:
                if isinstance(step, Block):
                    await perform(store, step)
                else:
                    await store.run(ADD + " ON CONFLICT (code) DO UPDATE SET name = excluded.name", step)
            if block.fails:
                raise Undo


def expected(before: dict[str, str], block: Block) -> dict[str, str]:
    """What a block leaves, by dictionaries that are copied and thrown away."""
    after = dict(before)
    for step in block.steps:
        after = expected(after, step) if isinstance(step, Block) else {**after, step[0]: step[1]}
    return before if block.fails else after


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(block=BLOCKS)
def test_parts_of_a_transaction_are_undone_alone(opened: OpenedStore, block: Block) -> None:
    """However transactions nest and fail, what is left is what copying dictionaries leaves."""
    opened.drive(opened.store.run("DELETE FROM district"))
    opened.drive(perform(opened.store, block))
    assert dict(opened.rows(NAMES)) == expected({}, block)


def test_caller_knows_whether_it_is_in_a_transaction(opened: OpenedStore) -> None:
    """True within, also after a part has failed; false before and after."""
    store, told = opened.store, []

    async def ask() -> None:
        told.append(store.in_transaction)
        async with store.transaction():
            told.append(store.in_transaction)
            with pytest.raises(KeyError):
                async with store.transaction():
                    raise KeyError
            told.append(store.in_transaction)
        told.append(store.in_transaction)

    opened.drive(ask())
    assert told == [False, True, True, False]


def test_run_tells_how_many_rows_it_changed(opened: OpenedStore) -> None:
    """Insert, conflict, update and delete each give the number of rows they touched."""
    run = opened.store.run
    assert opened.drive(run(ADD, ("a", "1"))) == 1
    assert opened.drive(run(ADD + " ON CONFLICT (code) DO NOTHING", ("a", "2"))) == 0
    assert opened.drive(run(ADD, ("b", "2"))) == 1
    assert opened.drive(run("UPDATE district SET name = ?", ("same",))) == 2
    assert opened.drive(run("DELETE FROM district WHERE code > ?", ("a",))) == 1
    assert opened.drive(opened.store.one("SELECT code, name FROM district WHERE code = ?", ("b",))) is None
    assert opened.drive(opened.store.one(NAMES)) == ("a", "same")


def test_many_is_all_or_nothing(opened: OpenedStore) -> None:
    """One bad row among many, outside of any transaction, and none is kept."""
    with pytest.raises(StoreFault):
        opened.drive(opened.store.many(ADD, [("a", "1"), ("b", "2"), ("a", "3")]))
    assert opened.rows(NAMES) == []
    opened.drive(opened.store.many(ADD, iter([("a", "1"), ("b", "2")])))
    assert opened.rows(NAMES) == [("a", "1"), ("b", "2")]


def test_faults_name_the_statement_and_nobody(opened: OpenedStore) -> None:
    """A refused row is told by its statement, without a value; not even the chain of causes holds one."""
    opened.drive(opened.store.run(ADD, ("田中", "秘密")))
    with pytest.raises(StoreFault) as caught:
        opened.drive(opened.store.run(ADD, ("田中", "秘密")))
    assert ADD in str(caught.value)
    assert "田中" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "statement", ["SELECT count(*) FROM account WHERE id = ?", "SELECT count(*) FROM account WHERE sub = ?"]
)
def test_values_that_no_column_holds_are_told_apart(opened: OpenedStore, statement: str) -> None:
    """An integer beyond 64 bits or a lone surrogate is the value's fault, not the database's."""
    value: Any = 1 << 63 if "id =" in statement else "\ud800"
    with pytest.raises(UnstorableValue):
        opened.rows(statement, value)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=TEXTS | st.just("𠮷野󠄁 👩‍🚒 'quoted' ? $1"),
    degrees=NUMBERS,
    at_s=st.none() | st.integers(-(1 << 40), 1 << 40),
)
def test_values_return_as_they_were(opened: OpenedStore, text: str, degrees: float, at_s: int | None) -> None:
    """Text of any plane, doubles to the last bit, whole numbers for doubles, and nothing at all survive the store."""
    opened.drive(opened.store.run("DELETE FROM position"))
    opened.drive(
        opened.store.run(
            "INSERT INTO position (sub, longitude_deg, latitude_deg, observed_at_s, accuracy_m, expires_at_s)"
            " VALUES (?, ?, ?, ?, ?, 0)",
            (text, degrees, -degrees, 1.5, at_s),
        )
    )
    assert opened.rows(
        "SELECT sub, longitude_deg, latitude_deg, accuracy_m FROM position WHERE sub = ? AND 'a?b' <> ?", text, text
    ) == ([] if text == "a?b" else [(text, degrees, -degrees, at_s)])


def test_text_is_ordered_by_code_point(opened: OpenedStore) -> None:
    """Lists that are read page by page come in one order everywhere."""
    names = ["b", "a", "B", "あ", "𠮷", "Z", "é", "e\u0301", "￮"]
    opened.drive(opened.store.many(ADD, [(name, "") for name in names]))
    assert [row[0] for row in opened.rows(NAMES)] == sorted(names)


def test_numbers_of_rows_ascend(opened: OpenedStore) -> None:
    """A ROW_ID numbers itself, and RETURNING tells the number."""
    insert = "INSERT INTO access_grant (grants) VALUES (?) RETURNING id"
    given_out = [opened.drive(opened.store.one(insert, (str(number),)))[0] for number in range(5)]
    assert given_out == sorted(set(given_out))


Pair = tuple[OpenedStore, OpenedStore]


def test_changes_of_others_are_noticed(two_over_one: Pair) -> None:
    """Somebody else's transaction changes the number; one's own, reading, and what was undone do not."""
    mine, other = two_over_one

    codes = iter("abcdef")

    async def write(store: Store, *, fails: bool = False) -> None:
        async with store.transaction():
            await store.run(ADD, (next(codes), ""))
            if fails:
                raise KeyError

    def number() -> int:
        found: int = mine.drive(mine.store.foreign_changes())
        return found

    async def look() -> None:
        async with other.store.transaction():
            await other.store.all(NAMES)

    before = number()
    mine.drive(write(mine.store))
    assert number() == before
    other.drive(look())
    with pytest.raises(KeyError):
        other.drive(write(other.store, fails=True))
    assert number() == before
    other.drive(write(other.store))
    seen = number()
    assert seen != before
    mine.drive(write(mine.store))
    assert number() == seen


def test_own_transaction_is_no_foreign_change(two_over_one: Pair) -> None:
    """Asked within a transaction of one's own, before and after a change of somebody else's."""
    mine, other = two_over_one
    told = []

    async def ask() -> None:
        told.append(await mine.store.foreign_changes())
        async with mine.store.transaction():
            told.append(await mine.store.foreign_changes())
            await mine.store.run(ADD, ("d", "d"))
            told.append(await mine.store.foreign_changes())
        told.append(await mine.store.foreign_changes())

    async def change() -> None:
        async with other.store.transaction():
            await other.store.run(ADD, ("o", "o"))

    mine.drive(ask())
    other.drive(change())
    mine.drive(mine.store.run("DELETE FROM district"))
    mine.drive(ask())
    assert len(set(told[:4])) == 1
    assert len(set(told[4:])) == 1
    assert told[0] != told[4]
