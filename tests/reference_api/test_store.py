"""The SQLite store: durable, atomic, shared between connections; and filling it."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reference_api.__main__ import run
from reference_api.app import create_app
from reference_api.clock import GivenClock
from reference_api.errors import InvalidSeed, StoreFault
from reference_api.inline import run_inline
from reference_api.oidc.keys import new_private_jwk
from reference_api.seed import Consent, District, Neighbourhood, SeedData, User, load, sandbox_client
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore


def test_failed_transaction_leaves_nothing() -> None:
    """What was executed before a fault in a transaction is undone."""
    store = SqliteStore()

    async def fail() -> None:
        async with store.transaction():
            await store.run("INSERT INTO district (code, name) VALUES ('d', 'd')")
            raise KeyError

    with pytest.raises(KeyError):
        run_inline(fail())
    assert run_inline(store.all("SELECT * FROM district")) == []


def test_file_keeps_and_migrates_once(tmp_path: Path) -> None:
    """A file opened again holds what was written, in WAL mode, and no migration runs twice."""
    path = str(tmp_path / "city.db")
    first = SqliteStore(path)
    run_inline(first.run("INSERT INTO district (code, name) VALUES ('d', '東')"))
    run_inline(first.close())
    second = SqliteStore(path)
    assert run_inline(second.all("SELECT * FROM district")) == [("d", "東")]
    assert run_inline(second.one("PRAGMA journal_mode")) == ("wal",)
    run_inline(second.close())


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


def test_workers_see_one_another(tmp_path: Path, make_city: Any) -> None:
    """Two apps over one file with one key: what one writes, the other answers, cached bodies included."""
    key = new_private_jwk()
    settings = Settings(sandbox=True, database=str(tmp_path / "city.db"), signing_key_jwk=key)
    one = make_city(settings=settings)
    other = through(one, create_app(settings, SqliteStore(settings.database), GivenClock(one.clock.now_s())))
    assert other.board()["S0"]["headcount"] == 0
    one.check_in("S0", "c0")
    one.declare("drill", "d0")
    assert other.board()["S0"]["headcount"] == 1
    assert other.call("GET", "/v1/disaster-state").json["mode"] == "drill"
    assert other.check_in("S1", "c0", idempotency_key="another").status == 201
    assert {name: item["headcount"] for name, item in one.board().items()} == {"S0": 0, "S1": 1, "S2": 0}


def through(city: Any, app: Any) -> Any:
    """The same city asked through another app."""
    return type(city)(app, city.opened, city.clock, city.seed)


def test_waiting_store_is_noticed() -> None:
    """A coroutine that waits for something outside is refused, not left hanging."""

    @dataclass
    class Never:
        def __await__(self) -> Any:
            yield

    async def wait() -> None:
        await Never()

    with pytest.raises(StoreFault, match="event loop"):
        run_inline(wait())


def test_seed_names_all_contradictions_at_once() -> None:
    """Doubles, strangers and unknown codes are collected into one error; nothing is written."""
    user = User(
        "c0", "n", "k", "1990-01-01", "male", "a", "p", "e", "h", "d9", "n0", support_flag=False, push_device=False
    )
    seed = SeedData(
        "072028",
        "t",
        2,
        1,
        "x",
        districts=(District("d0", "a"), District("d0", "b")),
        neighbourhoods=(Neighbourhood("n0", "n", "d0"),),
        users=(user,),
        consents=(Consent("c0", "purpose", ("nothing",), ("city",), ("war",), state="maybe"),),
    )
    store = SqliteStore()
    with pytest.raises(InvalidSeed) as caught:
        load(store, seed)
    told = str(caught.value)
    assert len(caught.value.faults) == 7
    for word in ("'d0' is there 2 times", "'d9'", "'purpose'", "'nothing'", "'city'", "'war'", "'maybe'"):
        assert word in told
    assert run_inline(store.all("SELECT * FROM account")) == []


def test_seed_survives_a_file(city: Any) -> None:
    """SeedData written as JSON reads back equal."""
    assert msgspec.json.decode(msgspec.json.encode(city.seed), type=SeedData) == city.seed


def test_role_and_area_belong_together() -> None:
    """An association has an area, nobody else; two clients never share a secret."""
    with pytest.raises(ValueError, match="association"):
        sandbox_client("association")
    with pytest.raises(ValueError, match="n0"):
        sandbox_client("city_office", "n0")
    assert sandbox_client("city_office").secret != sandbox_client("city_office").secret


def test_command_tells_why_it_does_not_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken seed file and unsafe settings end with exit code 2 and a word on the cause."""
    broken = tmp_path / "seed.json"
    broken.write_text("{}")
    assert run([str(broken)]) == 2
    assert "seed.json" in capsys.readouterr().err
    monkeypatch.setenv("CITYTWIN_ENVIRONMENT", "production")
    assert run([]) == 2
    assert "CITYTWIN_SIGNING_KEY" in capsys.readouterr().err
