"""Workers killed in the middle of a stream of check-ins: nothing that was acknowledged is lost, nothing is doubled."""

import asyncio
import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from serving import listening

from reference_api.seed import SeedData
from reference_api.serve import fill
from reference_api.settings import Settings, settings_to_environment
from reference_api.store.opening import open_store

WORKERS = 2
DESKS = 4
PEOPLE = 120
KILL_AFTER = (25, 90)
"""After how many acknowledgements, of 160, all workers are killed. What is under way then is left to chance."""

PATIENCE_S = 60.0
FIRST, LATER = "2027-01-15T07:00:00+09:00", "2027-01-15T08:00:00+09:00"
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Arrival:
    """One check-in that a desk sends until it is acknowledged."""

    sub: str
    shelter: str
    observed_at: str

    @property
    def key(self) -> str:
        """Idempotency-Key: the same for every attempt."""
        return f"{self.sub}-{self.shelter}"


def arrivals(desk: int) -> Iterator[Arrival]:
    """What one desk sends: everybody arrives, and every third person is in another shelter later."""
    for number in range(desk, PEOPLE, DESKS):
        yield Arrival(f"c{number}", f"S{number % 3}", FIRST)
        if number % 3 == 0:
            yield Arrival(f"c{number}", "S1", LATER)


def last_place(number: int) -> str:
    """In which shelter a person is at the end."""
    return "S1" if number % 3 == 0 else f"S{number % 3}"


@dataclass
class Stream:
    """Acknowledged check-ins of all desks: the id that was answered, by key."""

    port: int
    token: str = ""
    acknowledged: dict[str, str] = field(default_factory=dict)
    deadline_s: float = field(default_factory=lambda: time.monotonic() + PATIENCE_S)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def send_all(self, desk: int) -> None:
        """Send what a desk has, each until it is acknowledged; the socket stays, so that a new worker takes over."""
        for arrival in arrivals(desk):
            body = {"sub": arrival.sub, "channel": "card", "observed_at": arrival.observed_at}
            answer = None
            while answer is None:
                answer = self._attempt(f"/v1/shelters/{arrival.shelter}/check-ins", arrival.key, body)
            with self._changed:
                self.acknowledged[arrival.key] = answer["id"]
                self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Return when that many are acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count, PATIENCE_S)

    def _attempt(self, url: str, key: str, body: dict[str, str]) -> Any:
        assert time.monotonic() < self.deadline_s, "the workers do not answer"
        headers = {"authorization": f"Bearer {self.token}", "idempotency-key": key, "content-type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S / 2)) as connection:
            try:
                connection.request("POST", url, json.dumps(body), headers)
                response = connection.getresponse()
                answer = json.loads(response.read())
            except (OSError, http.client.HTTPException):
                return None
        assert response.status in (200, 201), answer
        return answer

    def sign_in(self, client_id: str, secret: str) -> None:
        """A token for the desks, good for the workers to come as well."""
        basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
        headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)) as connection:
            connection.request("POST", "/token", "grant_type=client_credentials", headers)
            self.token = json.loads(connection.getresponse().read())["access_token"]


class Workers:
    """Processes that serve one socket over one database."""

    def __init__(self, bound: socket.socket, settings: Settings) -> None:
        self._command = [sys.executable, str(_ROOT / "tests" / "one_worker.py"), str(bound.fileno())]
        self._file = bound.fileno()
        self._environment = {**os.environ, **settings_to_environment(settings), "PYTHONPATH": str(_ROOT)}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all of them."""
        self._processes = [
            subprocess.Popen(self._command, env=self._environment, pass_fds=[self._file])  # noqa: S603 - this Python
            for _ in range(WORKERS)
        ]

    def kill(self) -> None:
        """End all of them at once, without a word (SIGKILL)."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database that several processes can use."""
    if request.param == "sqlite":
        return str(tmp_path / "city.db")
    address: str = request.getfixturevalue("postgres").make()
    return address


def rows(address: str, sql: str) -> list[tuple[Any, ...]]:
    """What a database holds when all workers are gone."""

    async def ask() -> list[tuple[Any, ...]]:
        store = open_store(address)
        await store.open()
        try:
            return await store.all(sql)
        finally:
            await store.close()

    return asyncio.run(ask())


def test_killed_workers_lose_and_double_nothing(database: str, make_seed: Callable[..., SeedData]) -> None:
    """Every acknowledged check-in is there once, under the id that was answered; every headcount is who is there."""
    seed = make_seed(PEOPLE)
    desk = next(client for client in seed.clients if client.client_id == "shelter-desk")
    with listening() as (bound, address):
        settings = Settings(sandbox=True, database=database, issuer=address)
        asyncio.run(fill(settings, seed))
        stream = Stream(bound.getsockname()[1])
        workers = Workers(bound, settings)
        workers.start()
        try:
            stream.sign_in(desk.client_id, desk.secret)
            with ThreadPoolExecutor(DESKS) as desks:
                sending = [desks.submit(stream.send_all, number) for number in range(DESKS)]
                for count in KILL_AFTER:
                    stream.wait_for(count)
                    workers.kill()
                    workers.start()
                for one in sending:
                    one.result(PATIENCE_S)
        finally:
            workers.kill()
    sent = [arrival for number in range(DESKS) for arrival in arrivals(number)]
    written = [
        (f"{row[1][2:]}-{row[2]}", str(row[0])) for row in rows(database, "SELECT id, person, shelter_id FROM check_in")
    ]
    assert sorted(written) == sorted(stream.acknowledged.items())
    assert len(written) == len(sent)
    present = rows(database, "SELECT person, shelter_id FROM check_in WHERE checked_out_at_s IS NULL")
    assert sorted(present) == sorted((f"s:c{number}", last_place(number)) for number in range(PEOPLE))
    headcounts = dict(rows(database, "SELECT id, headcount FROM shelter WHERE headcount > 0"))
    assert headcounts == Counter(last_place(number) for number in range(PEOPLE))
