"""A real server process of the reference city OS, which can be killed, and its database."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import psutil

from reference_api.seed import SeedData
from reference_api.serve import fill
from reference_api.settings import Settings, settings_to_environment
from resilience.caller import raw

STARTUP_S = 60.0
LOOK_S = 0.05
TRACEBACK = "Traceback (most recent call last)"
NO_QUOTA = 10**9
_ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """The command ``python -m reference_api serve`` with its workers, as ``citytwin serve`` starts them too.

    What it says is kept in ``log``; ``temporary`` is its folder for temporary files.
    """

    settings: Settings
    port: int
    workers: int
    log: Path
    temporary: Path | None = None
    starts: int = 0
    _process: "subprocess.Popen[bytes] | None" = None
    _secrets: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start it, and wait until it can serve."""
        command = [sys.executable, "-m", "reference_api", "serve", "--port", str(self.port)]
        temporary = {} if self.temporary is None else {"TMPDIR": str(self.temporary)}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this Python
                [*command, "--workers", str(self.workers)],
                env={**os.environ, **settings_to_environment(self.settings), "PYTHONPATH": str(_ROOT), **temporary},
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        self.starts += 1
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until it answers that it can serve.

        Raises:
            AssertionError: It ended, or did not get ready.
        """
        until_s = time.monotonic() + STARTUP_S
        while self.ask("/readyz") != 200:
            assert self.running.poll() is None, self.said()[-2000:]
            assert time.monotonic() < until_s, self.said()[-2000:]
            time.sleep(LOOK_S)

    @property
    def running(self) -> "subprocess.Popen[bytes]":
        """Its first process."""
        assert self._process is not None
        return self._process

    def ask(self, path: str) -> int:
        """Status of a GET request; 0 if there is no answer."""
        return self.get(path)[0]

    def get(self, path: str) -> tuple[int, str]:
        """Status and ETag of the answer to a GET request; 0 if there is no answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30.0)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("etag", "")
        except (OSError, HTTPException):
            return 0, ""
        finally:
            connection.close()

    def token(self, client_id: str, **form: str) -> str:
        """An access token of a client, by its credentials unless ``form`` says otherwise; it outlives the process."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30.0)
        connection.request("POST", "/token", *self._token_form(client_id, form))
        told = msgspec.json.decode(connection.getresponse().read())
        connection.close()
        return str(told["access_token"])

    def token_request(self, client_id: str, **form: str) -> bytes:
        """The bytes of a request for a token."""
        body, headers = self._token_form(client_id, form)
        return raw("POST", "/token", headers, body.encode())

    def _token_form(self, client_id: str, form: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        basic = b64encode(f"{client_id}:{self._secrets[client_id]}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        return urlencode(form or {"grant_type": "client_credentials"}), headers

    def processes(self) -> list[psutil.Process]:
        """Its workers; of a single one, the process itself."""
        first = psutil.Process(self.running.pid)
        return [one for one in first.children() if _is_worker(one)] or [first]

    def memory_bytes(self) -> int:
        """Memory of all workers that is theirs alone or shared (RSS)."""
        return sum(one.memory_info().rss for one in self.processes())

    def held_ports(self) -> set[int]:
        """Ports of the clients that its workers are connected with."""
        found = [one.net_connections("tcp") for one in self.processes()]
        return {one.raddr.port for part in found for one in part if one.raddr}

    def kill_worker(self, number: int) -> None:
        """End one of its workers at once (SIGKILL); the others go on."""
        workers = self.processes()
        workers[number % len(workers)].kill()

    def kill(self) -> None:
        """End all of its processes at once, without a word (SIGKILL)."""
        os.killpg(self.running.pid, signal.SIGKILL)
        self.running.wait()
        _wait_for_end(self.running.pid)

    def stop(self) -> None:
        """Ask it to end, as an operator does."""
        if self.running.poll() is None:
            self.running.terminate()
            self.running.wait(STARTUP_S)

    @property
    def is_clean(self) -> bool:
        """Whether it has said no traceback."""
        return TRACEBACK not in self.said()

    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")


def _is_worker(process: psutil.Process) -> bool:
    """Whether it serves; one that was killed just now does not."""
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def _wait_for_end(group: int) -> None:
    """Wait until no process of a group is left."""
    until_s = time.monotonic() + STARTUP_S
    while time.monotonic() < until_s:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(LOOK_S / 10)


@contextmanager
def serving(
    database: str,
    seed: SeedData,
    folder: Path,
    *,
    workers: int = 2,
    settings: Settings | None = None,
    temporary: Path | None = None,
) -> Iterator[Server]:
    """A server over a database filled with a seed, on a free port, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    given = settings or Settings(sandbox=True, client_quota=NO_QUOTA, subject_quota=NO_QUOTA)
    chosen = replace(given, database=database, issuer=f"http://127.0.0.1:{port}")
    asyncio.run(fill(chosen, seed))
    server = Server(chosen, port, workers, folder / "server.log", temporary)
    server._secrets.update({one.client_id: one.secret or "" for one in seed.clients})
    server.start()
    try:
        yield server
    finally:
        server.stop()
