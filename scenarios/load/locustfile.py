"""What locust runs, in its own process: importing locust patches sockets, so nothing of ours imports this module.

One user for each process plays all its citizens: it offers calls to a Sender when they are due. The folder named by
CITYTWIN_LOAD holds what to do, and takes what came of it.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import gevent
import msgspec
from locust import FastHttpUser, task

from scenarios.collecting import rare_collections
from scenarios.load.calls import GO, STOP, DueCall, Progress, Setup, read_records, write_records
from scenarios.load.clock import steady_s, unix_s
from scenarios.load.sender import Said, Sender, fault_kind

FOLDER = "CITYTWIN_LOAD"
GREEDY_CALLS = 20
"""Calls offered in a row before answers are read: a generator that is behind must not starve its own sockets."""

TELL_S, GO_S = 0.5, 0.05
"""How often it says how far it is, and looks whether all are ready. Source: none. Confidence C."""


class FastLine:
    """The line of a FastHttpUser."""

    def __init__(self, client: Any, start_s: float) -> None:
        self._client = client
        # What another host is named for in an answer was never allowed to be loaded.
        client.client.redirect_response_codes = frozenset()
        self._start_s = start_s
        self.pool = gevent.pool.Group()

    def send(self, name: str, method: str, url: str, headers: dict[str, str], body: str) -> Said:
        """Send a request and read all of the answer."""
        response = self._client.request(method, url, name=name, data=body or None, headers=headers)
        fault = getattr(response, "error", None)
        if fault is not None and not response.status_code:
            return Said(0, b"", {}, fault_kind(fault))
        return Said(int(response.status_code), bytes(response.content or b""), response.headers or {})

    def start(self, work: Callable[..., None], *arguments: object) -> None:
        """A greenlet for each request."""
        self.pool.spawn(work, *arguments)

    def now_s(self) -> float:
        """Seconds since the beginning."""
        return steady_s() - self._start_s


class Town(FastHttpUser):
    """Everybody whose calls this process sends."""

    def __init__(self, environment: Any) -> None:
        self.folder = Path(os.environ[FOLDER])
        self.setup = msgspec.json.decode((self.folder / "setup.json").read_bytes(), type=Setup)
        self.host = self.setup.target
        self.concurrency = self.setup.most_waiting
        self.network_timeout = self.connection_timeout = self.setup.timeout_s
        self.insecure = False
        super().__init__(environment)
        self.part = max(0, getattr(environment.runner, "worker_index", 0))
        self.progress = Progress()
        self.ended = False

    @task
    def live(self) -> None:
        """Offer every call when it is due, and wait for the last answers."""
        with rare_collections(), (self.folder / f"measured.{self.part}").open("wb", buffering=1 << 16) as file:
            self._live(file)
        self.progress.done = True
        self._tell()
        # The parent ends all processes when all are done.
        gevent.sleep(3600)

    def _live(self, file: BinaryIO) -> None:
        line = FastLine(self.client, self._when_all_are_ready())
        sender = Sender(self.setup, line, lambda measured: write_records(file, (measured,)))
        teller = gevent.spawn(self._keep_telling, sender)
        for number, call in enumerate(read_records(self.folder / f"calls.{self.part}", DueCall)):
            self.progress.due_s = call.due_s
            while not self.ended and (early_s := call.due_s - line.now_s()) > 0:
                gevent.sleep(min(early_s, TELL_S))
            if self.ended:
                break
            sender.offer(call)
            if number % GREEDY_CALLS == 0:
                gevent.sleep(0)
        line.pool.join(timeout=0.0 if self.ended else 3 * self.setup.timeout_s)
        line.pool.kill()
        teller.kill()
        self._count(sender)

    def _when_all_are_ready(self) -> float:
        """Say that this process is ready, and wait for the common beginning, on this process's clock."""
        self.progress.ready = True
        self._tell()
        go = self.folder / GO
        while not go.exists():
            gevent.sleep(GO_S)
        begins_s = float(go.read_text(encoding="ascii"))
        return steady_s() + begins_s - unix_s()

    def _keep_telling(self, sender: Sender) -> None:
        while True:
            self._count(sender)
            self._tell()
            self.ended = (self.folder / STOP).exists()
            gevent.sleep(TELL_S)

    def _count(self, sender: Sender) -> None:
        self.progress.sent, self.progress.answered, self.progress.failed = sender.sent, sender.answered, sender.failed

    def _tell(self) -> None:
        place = self.folder / f"progress.{self.part}"
        new = place.with_name(f"{place.name}.new")
        new.write_bytes(msgspec.json.encode(self.progress))
        new.replace(place)
