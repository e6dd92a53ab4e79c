"""The reference city OS under load over HTTP: one worker in a process of its own, the load from this one."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import msgspec
import psutil
from sandbox_city import AT, EXCHANGE, small_seed

USERS = 1_000
"""People of the sandbox; the mix sends the traffic of 50,000."""
MEASURE_S = 10.0
CONNECTIONS = 32
PINGS, REPORTS, READS = 833, 42, 400
"""Position pings, safety reports and shelter reads a second of 50,000 IDs. Source: contract C7; pings each 60 s."""


@contextmanager
def served() -> Iterator[tuple[str, dict[str, str], "subprocess.Popen[bytes]"]]:
    """The address of a sandbox on SQLite with one worker, its clients' secrets, and its process."""
    seed = small_seed(USERS)
    with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        file = Path(folder) / "seed.json"
        file.write_bytes(msgspec.json.encode(seed))
        probe.close()
        url = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            "CITYTWIN_ISSUER": url,
            "CITYTWIN_SANDBOX": "1",
            "CITYTWIN_DATABASE": str(Path(folder) / "city.db"),
            "CITYTWIN_CLIENT_QUOTA": str(10**9),
        }
        command = [sys.executable, "-m", "reference_api", "serve", str(file), "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)  # noqa: S603 - our own server
        try:
            _wait(url, process)
            yield url, {one.client_id: one.secret or "" for one in seed.clients}, process
        finally:
            process.terminate()
            process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    until_s = time.monotonic() + 30.0
    while time.monotonic() < until_s and process.poll() is None:
        try:
            with urlopen(f"{url}/readyz", timeout=1.0):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not start")


def token(url: str, client_id: str, secret: str, **form: str) -> str:
    """An access token."""
    basic = b64encode(f"{client_id}:{secret}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
    request = Request(f"{url}/token", urlencode(form).encode(), headers)  # noqa: S310 - our own server
    with urlopen(request) as answer:  # noqa: S310 - our own server
        return str(json.load(answer)["access_token"])


def _raw(method: str, path: str, bearer: str, body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"authorization: Bearer {bearer}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Connection:
    """One keep-alive connection that sends prepared bytes and reads answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, url: str) -> "Connection":
        """A new connection to a server on this machine."""
        port = int(url.rpartition(":")[2])
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, request: bytes) -> int:
        """Status of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        at = head.lower().find(b"content-length:")
        if at >= 0:
            await self._reader.readexactly(int(head[at + 15 : head.index(b"\r", at)]))
        return status


def reads_over_http() -> tuple[float, float]:
    """Token-checked reads a second over keep-alive connections: by the clock, and by the server's own CPU time."""
    with served() as (url, secrets, process):
        bearer = token(url, "shelter-desk", secrets["shelter-desk"], grant_type="client_credentials")
        body = msgspec.json.encode({"sub": "c0", "channel": "app", "observed_at": AT})
        check_in = _raw("POST", "/v1/shelters/S0/check-ins", bearer, body, idempotency_key="k")
        read = _raw("GET", "/v1/check-ins/1", bearer)
        before_s = _cpu_s(process)
        rate = asyncio.run(_closed_loop(url, check_in, read))
        return rate, rate * MEASURE_S / (_cpu_s(process) - before_s)


def _cpu_s(process: "subprocess.Popen[bytes]") -> float:
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


async def _closed_loop(url: str, first: bytes, request: bytes) -> float:
    connections = [await Connection.open(url) for _ in range(CONNECTIONS)]
    assert await connections[0].ask(first) == 201
    until_s, answered = time.monotonic() + MEASURE_S, 0

    async def work(connection: Connection) -> None:
        nonlocal answered
        while time.monotonic() < until_s:
            assert await connection.ask(request) == 200
            answered += 1

    await asyncio.gather(*map(work, connections))
    return answered / MEASURE_S


@dataclass
class Mix:
    """Requests that leave at their times whatever the answers do; ``latencies_s`` from the time they were due."""

    latencies_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    failed: int = 0

    def told(self) -> str:
        """The result in a sentence."""
        ordered = sorted(self.latencies_s)
        p50, p95, p99 = (ordered[int(len(ordered) * share)] * 1e3 for share in (0.5, 0.95, 0.99))
        lag_ms = sorted(self.lags_s)[int(len(self.lags_s) * 0.95)] * 1e3
        return (
            f"disaster mix of 50,000 IDs on one worker ({PINGS} pings/s, {REPORTS} reports/s, {READS} shelter reads/s):"
            f" {len(ordered) / MEASURE_S:,.0f}/s, p50 {p50:.1f} ms, p95 {p95:.1f} ms (wanted 50), p99 {p99:.1f} ms,"
            f" {self.failed} failed; the generator itself was late by {lag_ms:.1f} ms (p95)"
        )


def disaster_mix() -> str:
    """Latencies of the disaster's traffic."""
    with served() as (url, secrets, _process):
        bearers = [
            token(
                url,
                "citizen-app",
                secrets["citizen-app"],
                grant_type=EXCHANGE,
                subject_token=f"c{number}",
                subject_token_type="urn:citytwin:local-id",
            )
            for number in range(USERS)
        ]
        return asyncio.run(_open_loop(url, bearers)).told()


def _schedule(bearers: list[str]) -> list[tuple[float, bytes]]:
    """When each request is due (s from the start), and its bytes; each kind at its own steady rate."""
    place = {"type": "Point", "coordinates": [139.93, 37.49]}
    due: list[tuple[float, bytes]] = []
    for number in range(int(PINGS * MEASURE_S)):
        person = number % USERS
        body = msgspec.json.encode({"position": place, "observed_at": AT, "accuracy_m": 10.0})
        due.append((number / PINGS, _raw("PUT", f"/v1/users/c{person}/location", bearers[person], body)))
    for number in range(int(REPORTS * MEASURE_S)):
        person = (number * 7) % USERS
        body = msgspec.json.encode({"status": "safe", "observed_at": AT})
        raw = _raw("POST", "/v1/safety-reports", bearers[person], body, idempotency_key=f"r{number}")
        due.append((number / REPORTS, raw))
    due += [
        (number / READS, _raw("GET", "/v1/shelters/status", bearers[0])) for number in range(int(READS * MEASURE_S))
    ]
    return sorted(due, key=lambda entry: entry[0])


async def _open_loop(url: str, bearers: list[str]) -> Mix:
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(CONNECTIONS * 8):
        free.put_nowait(await Connection.open(url))
    mix, tasks = Mix(), set[asyncio.Task[None]]()
    loop = asyncio.get_running_loop()
    began_s = loop.time() + 0.5

    async def one(due_s: float, request: bytes) -> None:
        connection = await free.get()
        status = await connection.ask(request)
        mix.latencies_s.append(loop.time() - began_s - due_s)
        mix.failed += status >= 300
        free.put_nowait(connection)

    for due_s, request in _schedule(bearers):
        wait_s = began_s + due_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        mix.lags_s.append(loop.time() - began_s - due_s)
        task = asyncio.create_task(one(due_s, request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    return mix
