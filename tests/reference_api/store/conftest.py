"""Two stores over one database, as two workers have them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import CleanDatabases, OpenedStore

from reference_api.inline import run_inline
from reference_api.store.postgres import PostgresStore
from reference_api.store.sqlite import SqliteStore


@pytest.fixture(params=["sqlite", "postgresql"])
def two_over_one(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[OpenedStore, OpenedStore]]:
    """A file opened twice, then the same test again over PostgreSQL."""
    if request.param == "sqlite":
        path = str(tmp_path / "city.db")
        first, second = (OpenedStore(SqliteStore(path), run_inline) for _ in range(2))
        yield first, second
        run_inline(first.store.close())
        run_inline(second.store.close())
        return
    databases: CleanDatabases = request.getfixturevalue("clean_databases")
    with databases.lent() as lend:
        first = lend()
        second = OpenedStore(PostgresStore(first.address), first.drive)
        first.drive(second.store.open())
        yield first, second
        first.drive(second.store.close())
