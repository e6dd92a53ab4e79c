"""Apps served over real HTTP on a free port of this machine."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

STARTUP_S = 10.0


@contextmanager
def listening() -> Iterator[tuple[socket.socket, str]]:
    """A bound socket on a free port of this machine, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound, f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def served(app: ASGIApp, bound: socket.socket, lifespan: Literal["on", "off"] = "off") -> Iterator[None]:
    """The app on a socket, in a thread; with its lifespan if it has one that is wanted."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan=lifespan, access_log=False))
    thread = threading.Thread(target=server.run, args=([bound],), daemon=True)
    thread.start()
    try:
        deadline_s = time.monotonic() + STARTUP_S
        while not server.started and time.monotonic() < deadline_s:
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(STARTUP_S)
