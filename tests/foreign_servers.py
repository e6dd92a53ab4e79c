"""Servers that others wrote, started from tests/servers; without Node.js their tests are skipped."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVERS = Path(__file__).parent / "servers"
STARTUP_LINE = "listening"


def require_node() -> None:
    """Skip where Node.js or the packages are missing; in CI that is a failure."""
    missing = shutil.which("node") is None or not (SERVERS / "node_modules").is_dir()
    if missing and os.environ.get("CI"):
        pytest.fail("Node.js or tests/servers/node_modules is missing; `make setup` installs the packages")
    if missing:
        pytest.skip("no Node.js, or tests/servers/node_modules is missing; `make setup` installs it")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
    return port


@contextmanager
def node_server(script: str, *arguments: str, port: int | None = None) -> Iterator[str]:
    """Address of a script of tests/servers that runs until the context ends; its first argument is its port."""
    require_node()
    chosen = port or free_port()
    command = ["node", str(SERVERS / script), str(chosen), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # noqa: S603 - ours
    try:
        assert process.stdout is not None
        assert any(STARTUP_LINE in line for line in process.stdout), f"{script} did not start"
        yield f"http://127.0.0.1:{chosen}"
    finally:
        process.kill()
        process.communicate()
