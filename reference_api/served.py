"""The app as it is served: with time limits, a look at its own load, and what it has to send to others."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.routing import Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reference_api.app import Application
from reference_api.disaster import gravest, modes
from reference_api.door import STATE, Door
from reference_api.errors import ApiError, StoreUnavailable, UnsafeSettings, unavailable
from reference_api.fault_bodies import fault_reply
from reference_api.oidc.key_ring import prepare_keys
from reference_api.outbox import deliver_forever
from reference_api.services import Services

logger = logging.getLogger(__name__)

ATTEMPT_S = 1.0
"""How often a database that is away is tried again. Source: none; PostgreSQL restarts within seconds. Confidence C."""

ALIVE = "/healthz"
"""The path of the probe that asks for the process alone."""

LOOK_S = 0.05
"""How often the load is measured. Source: none; a tenth of the lag at which anything is put off. Confidence C."""


def served(app: Application, *, patient: bool = False) -> ASGIApp:
    """The app with its lifespan: the store is opened and closed in the event loop, background tasks run between.

    ``patient``: a database that is away when it starts is waited for, and requests are told so meanwhile. A worker that
    takes the place of another is, or it would end the whole server while PostgreSQL restarts.
    """
    guard = Guard(app)
    door = Door(app.routes, app.services.pressure, app.services.memory)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        try:
            await _open(app.services)
        except StoreUnavailable:
            if not patient:
                raise
            guard.is_waiting = True
        background = asyncio.create_task(_work(app, guard, door))
        try:
            yield
        finally:
            await _stop(background)
            await app.services.store.close()

    router = Router(routes=[], default=guard, lifespan=lifespan)

    async def opened(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" and "state" in scope:
            scope["state"][STATE] = door
        await router(scope, receive, send)

    return opened


async def _open(services: Services) -> None:
    await services.store.open()
    try:
        await refuse_sandbox_in_production(services)
        await prepare_keys(services)
        services.store.sync_together()
    except BaseException:
        await services.store.close()
        raise


async def _work(app: Application, guard: "Guard", door: Door) -> None:
    """What a server does beside answering, until cancelled; first of all it waits for a database that is away."""
    while guard.is_waiting:
        try:
            await _open(app.services)
            guard.is_waiting = False
        except StoreUnavailable as fault:
            logger.warning("not open yet: %s", fault)
            await asyncio.sleep(ATTEMPT_S)
    await asyncio.gather(watch_load(app, door), deliver_forever(app.services))


async def refuse_sandbox_in_production(services: Services) -> None:
    """Refuse a database whose clients' secrets and people's password a sandbox has shown to everybody.

    Raises:
        UnsafeSettings: The server is one of production, and the database was filled for a sandbox.
    """
    if services.settings.environment != "production":
        return
    for table in ("sandbox_secret", "sandbox_password"):
        if await services.store.one(f"SELECT 1 FROM {table} LIMIT 1") is not None:
            raise UnsafeSettings(["the database was filled for a sandbox: give CITYTWIN_DATABASE another one"])


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def watch_load(app: Application, door: Door) -> None:
    """Measure how late the event loop is, until cancelled; what waits in it waits as long. Count the door's answers."""
    loop = asyncio.get_running_loop()
    services = app.services
    is_known = True
    while True:
        asked_s = loop.time()
        services.pressure.expect(asked_s + LOOK_S)
        await asyncio.sleep(LOOK_S)
        now_s = loop.time()
        lag_s = max(now_s - asked_s - LOOK_S, door.intake.waited_s(now_s), 0.0)
        try:
            mode, is_known = gravest(await modes(services)), True
        except Exception:
            # The boundary of a background task: without a store the last known mode is not worth stopping for.
            if is_known:
                logger.exception("mode not read")
            mode, is_known = "disaster", False
        services.pressure.observe(lag_s, mode, now_s)
        if services.telemetry is not None:
            services.telemetry.lag(lag_s)
            services.telemetry.at_the_door(door.take_counts())


class Guard:
    """Stands before each request: sees whether the server is late, and ends what takes too long.

    A client that sends its body drop by drop must not hold a worker's memory. ``is_waiting``: the database has not been
    reached yet, so that only whether the process lives can be told.
    """

    def __init__(self, app: Application) -> None:
        self.is_waiting = False
        self._app = app
        self._timeout_s = app.services.settings.request_timeout_s
        self._pressure = app.services.pressure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI); 408 if it took too long before there was an answer.

        How long the client takes to read the answer is the connection's affair.
        """
        if self.is_waiting and scope["path"] != ALIVE:
            await _answer(send, unavailable())
            return
        self._pressure.notice(asyncio.get_running_loop().time())

        limit = asyncio.timeout(self._timeout_s)

        async def note(message: Message) -> None:
            limit.reschedule(None)
            await send(message)

        try:
            async with limit:
                await self._app(scope, receive, note)
        except TimeoutError:
            await _answer(send, ApiError("request-timeout", headers={"connection": "close"}))


async def _answer(send: Send, fault: ApiError) -> None:
    reply = fault_reply(fault, None)
    headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
    headers += [(b"content-type", reply.media_type.encode()), (b"content-length", str(len(reply.body)).encode())]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
