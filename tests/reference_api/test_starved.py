"""A database that is away or full: what cannot be done is put off, what was acknowledged stays, all goes on later."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from postgres import RESTARTABLE, running_postgres, server_binaries
from sandbox_city import AT, City, small_seed
from stores import OpenedStore

from reference_api.app import create_app
from reference_api.clock import GivenClock
from reference_api.errors import StoreFault, StoreUnavailable
from reference_api.inline import run_inline
from reference_api.seed import load_into
from reference_api.settings import Settings
from reference_api.store.postgres import PostgresStore
from reference_api.store.sqlite import SqliteStore

SPARE_PAGES = 3


def _city(opened: OpenedStore) -> City:
    """A sandbox over an empty store."""
    seed, clock = small_seed(), GivenClock(1_800_000_000.0)
    opened.drive(load_into(opened.store, seed, sandbox=True))
    return City(create_app(Settings(sandbox=True), opened.store, clock), opened, clock, seed)


def _report(city: City, who: str, key: str) -> Any:
    """A citizen's safety report."""
    return city.call("POST", "/v1/safety-reports", who, {"status": "safe", "observed_at": AT}, idempotency_key=key)


def _is_put_off(answer: Any) -> bool:
    return answer.status == 503 and int(answer.headers["retry-after"]) > 0 and answer.problem.endswith("-capacity")


def test_a_full_disk_puts_writes_off_and_serves_the_board(tmp_path: Path) -> None:
    """What was acknowledged before is there, what was refused is not, and is done once when there is room again."""
    path = str(tmp_path / "city.db")
    store = SqliteStore(path)
    city = _city(OpenedStore(store, run_inline, path))
    tokens = {f"c{number}": city.token(f"c{number}") for number in range(8)}
    pages = city.rows("PRAGMA page_count")[0][0]
    city.rows(f"PRAGMA max_page_count = {pages + SPARE_PAGES}")
    statuses: dict[str, int] = {}
    for attempt in range(200):
        who, key = f"c{attempt % len(tokens)}", f"k{attempt}"
        answer = _report(city, who, key)
        statuses[key] = answer.status
        if answer.status == 503:
            break
    assert _is_put_off(answer)
    assert city.call("GET", "/v1/shelters/status").status == 200
    assert city.call("GET", "/readyz").status == 200
    written = [key for key, status in statuses.items() if status == 201]
    assert len(city.rows("SELECT 1 FROM idempotency")) == len(written)
    city.rows(f"PRAGMA max_page_count = {pages * 10}")
    assert _report(city, who, key).status == 201
    again = [_report(city, f"c{int(one[1:]) % len(tokens)}", one).status for one in written]
    assert set(again) <= {200, 201}
    assert len(city.rows("SELECT 1 FROM idempotency")) == len(written) + 1
    run_inline(store.close())


def test_postgresql_may_restart_between_two_requests() -> None:
    """Meanwhile requests are put off and the process is alive; afterwards what was said is said again the same."""
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: initdb is not on the PATH, nor where pg_config says; apt-get install postgresql")
    with running_postgres(binaries, RESTARTABLE) as databases, asyncio.Runner() as runner:
        store = PostgresStore(databases.make())
        runner.run(store.open())
        city = _city(OpenedStore(store, runner.run))
        first = city.check_in("S0", "c0", idempotency_key="first")
        assert first.status == 201
        databases.server.end(signal.SIGQUIT)
        assert _is_put_off(city.check_in("S0", "c1", idempotency_key="second"))
        assert _is_put_off(city.call("GET", "/readyz"))
        assert city.call("GET", "/healthz").status == 200
        databases.server.start()
        assert city.check_in("S0", "c0", idempotency_key="first").json == first.json
        assert city.check_in("S0", "c1", idempotency_key="second").status == 201
        assert city.board()["S0"]["headcount"] == 2
        runner.run(store.close())


@pytest.mark.parametrize(
    ("fault", "may_pass"),
    [
        (asyncpg.DiskFullError("full"), True),
        (asyncpg.AdminShutdownError("stopped"), True),
        (asyncpg.CannotConnectNowError("starting"), True),
        (asyncpg.TooManyConnectionsError("many"), True),
        (asyncpg.LockNotAvailableError("held"), True),
        (asyncpg.ConnectionDoesNotExistError("lost"), True),
        (asyncpg.InternalClientError("lost while it spoke"), True),
        (ConnectionRefusedError("away"), True),
        (asyncpg.UniqueViolationError("twice"), False),
        (asyncpg.UndefinedTableError("none"), False),
    ],
)
def test_what_may_pass_is_told_from_what_does_not(fault: Exception, may_pass: bool) -> None:  # noqa: FBT001 - a row
    """A fault of the machine is worth asking again, one of the statement is not."""
    told = PostgresStore("postgresql://city@/city")._told(fault, "SELECT 1")
    assert isinstance(told, StoreFault)
    assert isinstance(told, StoreUnavailable) == may_pass
