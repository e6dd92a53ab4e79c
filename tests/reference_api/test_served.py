"""A served app opens and closes its store, ends what takes too long, and sees that it is late before it answers."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hostile import hostile_city

from reference_api.admission import LAG_S
from reference_api.errors import StoreUnavailable, UnsafeSettings
from reference_api.served import refuse_sandbox_in_production, served
from reference_api.settings import Settings


def _scope(path: str, token: str = "") -> dict[str, Any]:
    headers = [(b"authorization", b"Bearer " + token.encode())] if token else []
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": headers,
    }


async def _ask(app: Any, scope: dict[str, Any], receive: Any) -> tuple[int, Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


async def _at_once() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _never() -> Any:
    await asyncio.Event().wait()


def test_a_request_that_never_ends_is_ended() -> None:
    """A body that does not come gets 408 when the time is over, and nothing else is hindered."""
    city = hostile_city()
    limited = replace(city.app.services.settings, request_timeout_s=0.01)  # type: ignore[attr-defined]
    services = replace(city.app.services, settings=limited)  # type: ignore[attr-defined]
    app = served(type(city.app)(services))  # type: ignore[call-arg, arg-type]
    status, problem = asyncio.run(_ask(app, _scope("/v1/shelters"), _never))
    assert status == 408
    assert problem["type"].endswith("/request-timeout")
    assert asyncio.run(_ask(app, _scope("/v1/shelters"), _at_once))[0] == 200


@pytest.mark.parametrize(("late", "statuses"), [(0.0, (200, 200)), (1.01, (503, 200))])
def test_a_late_server_puts_off_bulk_reads_at_once(late: float, statuses: tuple[int, int]) -> None:
    """When the next look at the load is overdue, a bulk read is put off before any look, and the board is served."""
    city = hostile_city()
    token = city.token("city-office")
    app = served(city.app)  # type: ignore[arg-type]
    pressure = city.app.services.pressure  # type: ignore[attr-defined]

    async def ask_both() -> tuple[int, int]:
        pressure.expect(asyncio.get_running_loop().time() - late * LAG_S["normal"][0])
        bulk, _ = await _ask(app, _scope("/v1/users", token), _at_once)
        board, _ = await _ask(app, _scope("/v1/shelters/status"), _at_once)
        return bulk, board

    assert asyncio.run(ask_both()) == statuses


def test_lifespan_opens_and_closes_the_store() -> None:
    """The server says when it is up and when it is down; afterwards its database is let go."""
    city = hostile_city()
    said: list[str] = []
    steps = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> Any:
        return {"type": next(steps)}

    async def send(message: Any) -> None:
        said.append(message["type"])

    asyncio.run(served(city.app)({"type": "lifespan", "state": {}}, receive, send))  # type: ignore[arg-type]
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


class _Late:
    """A store that cannot be opened before it is there; all else is another's."""

    def __init__(self, store: Any) -> None:
        self._store, self.is_there, self.tried = store, False, asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def open(self) -> None:
        self.tried.set()
        if not self.is_there:
            raise StoreUnavailable("away")
        await self._store.open()


def _over(city: Any, store: Any) -> Any:
    """The app of a city over another store."""
    return type(city.app)(replace(city.app.services, store=store))


def test_a_worker_waits_for_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lives and puts off until the database is there, and then serves; nobody need start it again."""
    monkeypatch.setattr("reference_api.served.ATTEMPT_S", 0.0)
    city = hostile_city()
    steps: asyncio.Queue[str] = asyncio.Queue()
    said: asyncio.Queue[str] = asyncio.Queue()

    async def receive() -> Any:
        return {"type": await steps.get()}

    async def send(message: Any) -> None:
        await said.put(message["type"])

    async def live() -> list[int]:
        store = _Late(city.store)
        app = served(_over(city, store), patient=True)
        life = asyncio.create_task(app({"type": "lifespan", "state": {}}, receive, send))  # type: ignore[arg-type]
        await steps.put("lifespan.startup")
        assert await said.get() == "lifespan.startup.complete"
        statuses = [(await _ask(app, _scope(path), _at_once))[0] for path in ("/healthz", "/v1/shelters/status")]
        store.is_there = True
        store.tried.clear()
        await store.tried.wait()
        while statuses[-1] == 503:
            await asyncio.sleep(0)
            statuses[2:] = [(await _ask(app, _scope("/v1/shelters/status"), _at_once))[0]]
        await steps.put("lifespan.shutdown")
        await life
        return statuses

    assert asyncio.run(live()) == [200, 503, 200]


def test_a_server_that_is_started_says_that_its_database_is_away() -> None:
    """Who starts a server is told at once; only a worker that takes the place of another waits."""
    city = hostile_city()
    said: list[str] = []

    async def receive() -> Any:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        said.append(message["type"])

    with pytest.raises(StoreUnavailable):
        asyncio.run(served(_over(city, _Late(city.store)))({"type": "lifespan", "state": {}}, receive, send))  # type: ignore[arg-type]
    assert said == ["lifespan.startup.failed"]


def test_what_is_urgent_goes_before_what_came_with_it() -> None:
    """Under load a check of the board that came after a position is answered before it."""
    city = hostile_city()
    token = city.token("c0")
    app = served(city.app)  # type: ignore[arg-type]
    pressure = city.app.services.pressure  # type: ignore[attr-defined]
    answered: list[str] = []

    async def ask(path: str) -> None:
        await _ask(app, _scope(path, token), _at_once)
        answered.append(path)

    async def together(level: int) -> list[str]:
        answered.clear()
        pressure.expect(asyncio.get_running_loop().time() + 60.0)
        pressure.level = level
        await asyncio.gather(ask("/v1/users/c0/notifications"), ask("/v1/shelters/status"))
        return list(answered)

    calm, loaded = asyncio.run(together(0)), asyncio.run(together(1))
    assert calm == ["/v1/users/c0/notifications", "/v1/shelters/status"]
    assert loaded == calm[::-1]


def test_production_refuses_a_database_of_a_sandbox(make_city: Any) -> None:
    """Its secrets were shown to everybody; a database that never was a sandbox's is taken."""
    for sandbox, is_refused in ((True, True), (False, False)):
        city = make_city(settings=Settings(sandbox=sandbox))
        settings = replace(city.app.services.settings, sandbox=False, environment="production")
        services = replace(city.app.services, settings=settings)
        if is_refused:
            with pytest.raises(UnsafeSettings, match="sandbox"):
                city.opened.drive(refuse_sandbox_in_production(services))
        else:
            city.opened.drive(refuse_sandbox_in_production(services))
