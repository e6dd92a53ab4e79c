"""The PostgreSQL store: many tasks over one pool, faults of the network, statements in its dialect."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from postgres import Databases
from stores import CleanDatabases, OpenedStore

from reference_api.errors import StoreFault, UnstorableValue
from reference_api.store.migration import migration_texts
from reference_api.store.postgres import PostgresStore, numbered

ADD = "INSERT INTO district (code, name) VALUES (?, ?)"
CODES = "SELECT code FROM district ORDER BY code"


@pytest.fixture
def opened(clean_databases: CleanDatabases) -> Any:
    """An empty store on PostgreSQL."""
    with clean_databases.lent() as lend:
        yield lend()


@given(st.lists(st.sampled_from(["?", "'a?'", "'it''s ?'", '"a?b"', " AND ", "$9", "𠮷"])))
def test_marks_are_numbered_outside_of_quotes(parts: list[str]) -> None:
    """Each question mark outside of quotes gets the next number; everything else stays as it is."""
    sql = " ".join(parts)
    marks = iter(range(1, len(parts) + 1))
    assert numbered(sql) == " ".join(f"${next(marks)}" if part == "?" else part for part in parts)


def test_writers_follow_one_another(opened: OpenedStore) -> None:
    """Many tasks read a number, wait, and write one more; none is lost, with more tasks than connections."""

    async def increase() -> None:
        async with opened.store.transaction():
            row = await opened.store.one("SELECT n FROM outcome")
            assert row is not None
            await asyncio.sleep(0)
            await opened.store.run("UPDATE outcome SET n = ?", (row[0] + 1,))

    async def all_of_them() -> None:
        await asyncio.gather(*(increase() for _ in range(40)))

    opened.drive(opened.store.run("CREATE TABLE outcome AS SELECT 0 AS n"))
    opened.drive(all_of_them())
    assert opened.rows("SELECT n FROM outcome") == [(40,)]


def test_reader_by_number_misses_nothing(two_postgres: tuple[OpenedStore, OpenedStore]) -> None:
    """Who reads what came after the last number seen gets every row once, while two processes write."""
    one, other = two_postgres
    got: list[int] = []
    written = 0

    async def write(store: Any, number: int) -> None:
        nonlocal written
        async with store.transaction():
            await store.one("INSERT INTO access_grant (grants) VALUES (?) RETURNING id", (str(number),))
            for _ in range(number % 5):
                await store.one("SELECT 1")
        written += 1

    async def read() -> None:
        while True:
            finished = written == 60
            after = got[-1] if got else 0
            got.extend(
                row[0] for row in await one.store.all("SELECT id FROM access_grant WHERE id > ? ORDER BY id", (after,))
            )
            if finished:
                return

    async def together() -> None:
        await asyncio.gather(read(), *(write((one, other)[n % 2].store, n) for n in range(60)))

    one.drive(together())
    assert len(got) == 60
    assert got == [row[0] for row in one.rows("SELECT id FROM access_grant ORDER BY id")]


def test_cancelled_writer_leaves_nothing_and_holds_up_nobody(opened: OpenedStore) -> None:
    """A client that goes away in the middle of a transaction undoes it; the next writer goes on."""

    async def hang(reached: asyncio.Event) -> None:
        async with opened.store.transaction():
            await opened.store.run(ADD, ("a", ""))
            reached.set()
            await asyncio.Event().wait()

    async def go_away() -> None:
        reached = asyncio.Event()
        task = asyncio.create_task(hang(reached))
        await reached.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        async with opened.store.transaction():
            await opened.store.run(ADD, ("b", ""))

    opened.drive(go_away())
    assert opened.rows(CODES) == [("b",)]


def test_statement_that_failed_cannot_be_passed_over(opened: OpenedStore) -> None:
    """A transaction in which a statement failed and nobody said so is not taken for done."""

    async def pass_over() -> None:
        async with opened.store.transaction():
            await opened.store.run(ADD, ("a", ""))
            with pytest.raises(StoreFault):
                await opened.store.run(ADD, ("a", ""))

    async def pass_over_reading() -> None:
        async with opened.store.transaction():
            with pytest.raises(StoreFault):
                await opened.store.one("SELECT 1 / 0")

    for passes_over in (pass_over, pass_over_reading):
        with pytest.raises(StoreFault, match="passed over"):
            opened.drive(passes_over())
        assert opened.rows(CODES) == []


def test_commit_that_failed_counts_as_foreign(opened: OpenedStore) -> None:
    """Where it is not sure whether a commit took effect, whatever is remembered is old; the next writer goes on."""

    async def violate() -> None:
        async with opened.store.transaction():
            await opened.store.many("INSERT INTO outcome (n) VALUES (?)", [(1,), (1,)])

    opened.drive(opened.store.run("CREATE TABLE outcome (n INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
    before = opened.drive(opened.store.foreign_changes())
    with pytest.raises(StoreFault, match="UniqueViolationError in: COMMIT"):
        opened.drive(violate())
    assert opened.rows("SELECT n FROM outcome") == []
    assert opened.drive(opened.store.foreign_changes()) != before


def test_text_with_nul_is_the_values_fault(opened: OpenedStore) -> None:
    """PostgreSQL holds no U+0000; that is told apart from a fault of the database."""
    with pytest.raises(UnstorableValue):
        opened.drive(opened.store.run(ADD, ("a\0b", "")))


def test_wrong_kind_is_our_own_fault(opened: OpenedStore) -> None:
    """A text for a number is a defect of a statement, not a value that a client may be blamed for."""
    with pytest.raises(StoreFault) as caught:
        opened.rows("SELECT 1 FROM account WHERE id = ?", "1")
    assert not isinstance(caught.value, UnstorableValue)


def test_lost_connections_are_made_anew(opened: OpenedStore) -> None:
    """When the server ends a connection in a transaction, that one fails without a trace; the next one works."""

    async def lose() -> None:
        async with opened.store.transaction():
            await opened.store.run(ADD, ("a", ""))
            await opened.store.one("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(StoreFault, match="start PostgreSQL"):
        opened.drive(lose())
    assert opened.rows(CODES) == []
    opened.drive(opened.store.run(ADD, ("b", "")))
    assert opened.rows(CODES) == [("b",)]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://city:geheim@127.0.0.1:1/city",
        "postgresql://city:geheim@127.0.0.1:port/city",
        "postgresql://city:ge/heim@127.0.0.1/city",
        "postgresql://city@/city?host=/nowhere&password=geheim",
        "postgresql://city:geheim@127.0.0.1/city?sslmode=geheim",
    ],
)
def test_unreachable_databases_are_named_without_password(address: str) -> None:
    """What cannot be reached or read is told with what to do, and never with any of the password."""
    store = PostgresStore(address)
    with pytest.raises(StoreFault, match="start PostgreSQL there, or give another address") as caught:
        asyncio.run(store.open())
    assert not re.search("geheim|heim", str(caught.value))
    assert caught.value.__cause__ is None


def test_store_that_was_not_opened_says_so() -> None:
    """Asked before it was opened, and after it was closed."""
    with pytest.raises(StoreFault, match="not been opened"):
        asyncio.run(PostgresStore("postgresql://city@/city").all("SELECT 1"))


def with_store(address: str, look: Callable[[PostgresStore], Any]) -> Any:
    """What ``look`` finds in the database at an address."""

    async def do() -> Any:
        store = PostgresStore(address)
        await store.open()
        try:
            return await look(store)
        finally:
            await store.close()

    return asyncio.run(do())


def test_several_processes_migrate_at_once(postgres: Databases) -> None:
    """Five stores open an empty database together: every migration is applied once, each can use it."""
    address = postgres.make_empty()

    async def open_all() -> list[Any]:
        stores = [PostgresStore(address) for _ in range(5)]
        await asyncio.gather(*(store.open() for store in stores))
        counts = [await store.all("SELECT number FROM migration ORDER BY number") for store in stores]
        await asyncio.gather(*(store.close() for store in stores))
        return counts

    every = [(number,) for number in range(1, len(migration_texts()) + 1)]
    assert asyncio.run(open_all()) == [every] * 5


def test_newer_database_is_refused(postgres: Databases) -> None:
    """A database that a newer version has migrated is left alone."""
    address = postgres.make()
    with_store(address, lambda store: store.run("INSERT INTO migration (number) VALUES (999)"))
    with pytest.raises(StoreFault, match="999"):
        with_store(address, lambda store: store.one("SELECT 1"))


def test_database_in_another_encoding_is_refused(postgres: Databases) -> None:
    """A database that cannot hold every name is refused with what to do."""
    with pytest.raises(StoreFault, match="ENCODING 'UTF8'"):
        with_store(postgres.make_empty("ENCODING 'SQL_ASCII'"), lambda store: store.one("SELECT 1"))


def test_order_does_not_depend_on_the_locale(postgres: Databases) -> None:
    """In a database with Japanese collation text is still ordered by code point."""
    try:
        address = postgres.make_empty("LOCALE_PROVIDER icu ICU_LOCALE 'ja' ENCODING 'UTF8'")
    except asyncpg.PostgresError as fault:
        pytest.skip(f"this PostgreSQL has no ICU collations: {fault}")
    names = ["b", "a", "B", "ア", "あ", "亜", "Z", "é"]

    async def look(store: PostgresStore) -> list[Any]:
        await store.many(ADD, [(name, "") for name in names])
        return [row[0] for row in await store.all(CODES)]

    assert with_store(address, look) == sorted(names)
