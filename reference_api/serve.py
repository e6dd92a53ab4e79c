"""Serving the app over HTTP with uvicorn, on this machine unless told otherwise."""

import asyncio
import gc
import logging
import os
import sys
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from reference_api.app import Application, create_app
from reference_api.clock import WallClock
from reference_api.errors import StoreFault, StoreUnavailable
from reference_api.http_protocol import BoundedProtocol
from reference_api.inline import run_inline
from reference_api.seed import SeedData, load_into
from reference_api.served import served
from reference_api.settings import Settings, check_settings, settings_from_environment, settings_to_environment
from reference_api.shared_counts import folder_of_counts
from reference_api.store.opening import is_shared, open_store
from reference_api.store.protocol import Store
from reference_api.telemetry import SHARED_FOLDER, Telemetry, forget_the_dead, log_as_json

logger = logging.getLogger(__name__)

GRACE_S = 10
"""How long requests under way may take when the server is asked to stop. Source: none; below the 30 s after which
systemd's and containers' usual stop turns into a kill. Confidence C."""

BACKLOG = 16_384
"""Connections that may wait to be taken up; beyond, a client tries again after 1, 3, 7, 15 s (RFC 6298). Linux
takes no more than net.core.somaxconn of it (4,096). Source: none; a third of 50,000 IDs at once. Confidence C."""

OPEN_FILES = 65_536
"""Files, and so connections, that a worker may hold. Source: none; more than the 50,000 IDs of contract C7 at once.
Confidence C."""

GARBAGE = (10_000, 10, 100)
"""After how many new objects garbage is looked for among them, and after how many such searches further back. Source:
none; fourteen and ten times Python's own, some tens of thousands of requests. Confidence C."""

_UVICORN: dict[str, Any] = {
    # uvicorn's access log is off: its lines hold people's identifiers.
    "access_log": False,
    "server_header": False,
    "log_config": None,
    "lifespan": "on",
    "http": BoundedProtocol,
    # No operation is a WebSocket: who asks for one is answered as if not.
    "ws": "none",
    "timeout_graceful_shutdown": GRACE_S,
    "backlog": BACKLOG,
    "loop": "reference_api.event_loop:new_event_loop",
}


def serve(app: Application, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve in this process until interrupted; requests under way are finished first."""
    log_as_json(requests=app.services.settings.log_requests)
    allow_open_files()
    collect_seldom()
    uvicorn.run(served(app), host=host, port=port, **_UVICORN)


def serve_workers(settings: Settings, workers: int, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve in several processes over one database until interrupted.

    Raises:
        StoreFault: The database is one that only this process could see.
    """
    if not is_shared(settings.database):
        raise StoreFault("several workers need a database that all of them see: give a file or postgresql://")
    check_settings(settings)
    # What is wrong with the database is told here, once; workers that come later wait for it.
    asyncio.run(is_filled(settings))
    log_as_json(requests=settings.log_requests)
    allow_open_files()
    with folder_of_counts() as folder:
        os.environ.update({**settings_to_environment(settings), SHARED_FOLDER: folder})
        uvicorn.run(
            "reference_api.serve:app_from_environment",
            factory=True,
            workers=workers,
            host=host,
            port=port,
            **_UVICORN,
        )


def app_from_environment() -> ASGIApp:
    """The app of one worker, with settings from the environment.

    Raises:
        SystemExit: The database cannot be used now; who started the worker starts the next one.
    """
    settings = settings_from_environment()
    log_as_json(requests=settings.log_requests)
    forget_the_dead()
    try:
        app = stored_app(settings)
    except StoreUnavailable as fault:
        logger.warning("worker ends: %s", fault)
        sys.exit(1)
    collect_seldom()
    return served(app, patient=True)


def allow_open_files() -> None:
    """Let this process and its children hold as many connections as the machine allows without asking."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def collect_seldom() -> None:
    """Let the search for garbage leave alone what stays until the end, and look at all the rest seldom.

    It holds the worker up: for 0.1 to 0.7 s when an overload began, as every new connection brings it nearer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def stored_app(settings: Settings, seed: SeedData | None = None) -> Application:
    """The app over the database that the settings name; an embedded one is filled with ``seed`` if it is empty.

    Raises:
        InvalidSeed: with every contradiction.
        StoreFault: The database cannot be used, or takes a network to be filled.
    """
    store = open_store(settings.database)
    if seed is not None:
        run_inline(_fill(store, settings, seed))
    return create_app(settings, store, WallClock(), telemetry=Telemetry())


async def is_filled(settings: Settings) -> bool:
    """Whether the database that the settings name was filled before.

    Raises:
        StoreFault: The database cannot be used.
    """
    store = open_store(settings.database)
    await store.open()
    try:
        return await store.one("SELECT 1 FROM about") is not None
    finally:
        await store.close()


async def fill(settings: Settings, seed: SeedData) -> bool:
    """Fill the database that the settings name, unless it was filled before; whether it was empty.

    Raises:
        InvalidSeed: with every contradiction.
        StoreFault: The database cannot be used.
    """
    store = open_store(settings.database)
    await store.open()
    try:
        return await _fill(store, settings, seed)
    finally:
        await store.close()


async def _fill(store: Store, settings: Settings, seed: SeedData) -> bool:
    if await store.one("SELECT 1 FROM about") is not None:
        return False
    await load_into(store, seed, sandbox=settings.sandbox)
    return True
