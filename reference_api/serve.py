"""Serving the app over HTTP with uvicorn, on this machine unless told otherwise."""

import os
import tempfile
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from reference_api.app import Application, create_app
from reference_api.clock import WallClock
from reference_api.errors import StoreFault
from reference_api.http_protocol import BoundedProtocol
from reference_api.inline import run_inline
from reference_api.seed import SeedData, load_into
from reference_api.served import served
from reference_api.settings import Settings, check_settings, settings_from_environment, settings_to_environment
from reference_api.store.opening import is_shared, open_store
from reference_api.store.protocol import Store
from reference_api.telemetry import SHARED_FOLDER, Telemetry, log_as_json

GRACE_S = 10
"""How long requests under way may take when the server is asked to stop. Source: none; below the 30 s after which
systemd's and containers' usual stop turns into a kill. Confidence C."""

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
}


def serve(app: Application, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve in this process until interrupted; requests under way are finished first."""
    log_as_json(requests=app.services.settings.log_requests)
    uvicorn.run(served(app), host=host, port=port, **_UVICORN)


def serve_workers(settings: Settings, workers: int, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve in several processes over one database until interrupted.

    Raises:
        StoreFault: The database is one that only this process could see.
    """
    if not is_shared(settings.database):
        raise StoreFault("several workers need a database that all of them see: give a file or postgresql://")
    check_settings(settings)
    with tempfile.TemporaryDirectory(prefix="citytwin-metrics-") as folder:
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
    """The app of one worker, with settings from the environment."""
    settings = settings_from_environment()
    log_as_json(requests=settings.log_requests)
    return served(stored_app(settings))


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
