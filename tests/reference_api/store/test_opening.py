"""Opening a store by its address, and what of an address may be shown."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.errors import StoreFault
from reference_api.inline import run_inline
from reference_api.store.address import without_password
from reference_api.store.opening import is_shared, open_store
from reference_api.store.postgres import PostgresStore
from reference_api.store.sqlite import SqliteStore

PLACES = {"city.db": "city.db", "sqlite:///city.db": "city.db", "sqlite:///a%20b.db": "a b.db"}


@pytest.mark.parametrize("address", PLACES)
def test_relative_paths(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare path and one after three slashes are relative to where the server runs."""
    monkeypatch.chdir(tmp_path)
    run_inline(open_store(address).close())
    assert (tmp_path / PLACES[address]).exists()
    assert is_shared(address)


def test_absolute_path(tmp_path: Path) -> None:
    """A path after four slashes is absolute."""
    path = tmp_path / "city.db"
    run_inline(open_store(f"sqlite:///{path}").close())
    assert path.exists()


@pytest.mark.parametrize("address", [":memory:", "sqlite://", "sqlite:///:memory:"])
def test_memory_is_nobody_elses(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three ways to say that a database dies with its process; none makes a file."""
    monkeypatch.chdir(tmp_path)
    store = open_store(address)
    assert isinstance(store, SqliteStore)
    run_inline(store.open())
    run_inline(store.close())
    assert list(tmp_path.iterdir()) == []
    assert not is_shared(address)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_postgresql_connects_later(scheme: str) -> None:
    """The store is made without a network; asked before it was opened, it says so."""
    store = open_store(f"{scheme}://city:secret@nowhere.invalid/city")
    assert isinstance(store, PostgresStore)
    assert is_shared(f"{scheme}://city@host/city")


def test_other_databases_are_refused() -> None:
    """An address of another kind is named without its password, with what can be given."""
    with pytest.raises(StoreFault, match=r"mysql://city@host/db.*postgresql://") as caught:
        open_store("mysql://city:geheim@host/db")
    assert "geheim" not in str(caught.value)


PARTS = st.sampled_from(["geheim", "@", ":", "/", "?", "#", "%40", "&", "=", "//", "漢"])
SECRETS = st.lists(PARTS, min_size=1, max_size=6).map(lambda parts: "".join(["geheim", *parts, "geheim"]))


@given(password=SECRETS, place=st.sampled_from(["/city", "db.example/city", "[::1]:5432/city?sslmode=require"]))
def test_passwords_are_never_shown(password: str, place: str) -> None:
    """Whatever is in a password, escaped or not, before the host or in the options: no part of it is shown."""
    for address in (f"postgresql://city:{password}@{place}", f"postgresql://city@/city?password={password}"):
        assert "geheim" not in without_password(address)


def test_what_is_clear_is_shown() -> None:
    """User, host and name stay, so that one knows which database is meant."""
    assert (
        without_password("postgresql://city:geheim@db.example:5432/city?x=1")
        == "postgresql://city@db.example:5432/city"
    )
    assert without_password("postgresql://db.example/city?x=1") == "postgresql://db.example/city"
    assert without_password("/var/lib/city.db") == "/var/lib/city.db"
