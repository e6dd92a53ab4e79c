"""What locust runs, in its own process: importing locust patches sockets, so nothing of ours imports this module.

One user for each process plays all its citizens: it offers calls to a Sender when they are due. The folder named by
CITYTWIN_LOAD holds what to do, and takes what came of it. With CITYTWIN_LOAD_FETCHES the folder is this machine's own,
and a courier fetches what to do from the master's.
"""

import os
import socket
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import gevent
import msgspec
from gevent.queue import Queue
from locust import FastHttpUser, events, task
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from scenarios.collecting import rare_collections
from scenarios.load.calls import GO, PLANNED, STOP, DueCall, Lost, Progress, Setup, read_records, write_records
from scenarios.load.clock import steady_s, unix_s, work_s
from scenarios.load.courier import BEGIN, END, TO_MASTER, TO_WORKER, MasterCourier, Refused, WorkerCourier, lose
from scenarios.load.line import HttpLine
from scenarios.load.sender import Said, Sender

FOLDER, FETCHES = "CITYTWIN_LOAD", "CITYTWIN_LOAD_FETCHES"
GREEDY_CALLS = 20
"""Calls offered in a row before answers are read: a generator that is behind must not starve its own sockets."""

FAILED = 400
"""Statuses from here on are failures to locust."""

TELL_S, GO_S = 0.5, 0.05
"""How often it says how far it is, and looks whether all are ready. Source: none. Confidence C."""


class Town(FastHttpUser):
    """Everybody whose calls this process sends."""

    def __init__(self, environment: Any) -> None:
        self.folder = Path(os.environ[FOLDER])
        super().__init__(environment)
        self.courier = environment.courier
        self.part = environment.part
        self.progress = Progress()
        self.ended = False

    @task
    def live(self) -> None:
        """Offer every call when it is due, and wait for the last answers."""
        try:
            self._take()
        except Refused:
            # The courier has told both parents why.
            gevent.sleep(3600)
        with rare_collections(), (self.folder / f"measured.{self.part}").open("wb", buffering=1 << 16) as file:
            self._live(file)
        if self.courier is not None:
            self.courier.give(self.part)
        self.progress.done = True
        self._tell()
        # The parent ends all processes when all are done.
        gevent.sleep(3600)

    def _take(self) -> None:
        """Wait until what is to be done lies in the folder."""
        self.hosts = msgspec.json.decode((self.folder / "hosts.json").read_bytes(), type=list[str])
        if self.courier is not None:
            self.courier.fetch(self.part, self.hosts)
        while self.courier is None and not (self.folder / PLANNED).exists():
            gevent.sleep(GO_S)
        self.setup = msgspec.json.decode((self.folder / "setup.json").read_bytes(), type=Setup)

    def _heard(self, name: str, method: str, length_s: float, said: Said) -> None:
        """Let locust's own page show a request."""
        fault = None if 0 < said.status < FAILED else RuntimeError(said.fault or str(said.status))
        self.environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=1000 * length_s,
            response_length=len(said.body),
            exception=fault,
            context={},
        )

    def _live(self, file: BinaryIO) -> None:
        heard = self._heard if self.setup.shows else None
        line = HttpLine(self.setup, self.hosts, self._when_all_are_ready(), heard)
        sender = Sender(self.setup, line, lambda measured: write_records(file, (measured,)))
        self.worked_s = work_s()
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
        line.close()
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
        self.progress.work_s = work_s() - self.worked_s
        self.progress.sent, self.progress.answered, self.progress.failed = sender.sent, sender.answered, sender.failed

    def _tell(self) -> None:
        place = self.folder / f"progress.{self.part}"
        new = place.with_name(f"{place.name}.new")
        new.write_bytes(msgspec.json.encode(self.progress))
        new.replace(place)
        if self.courier is not None:
            self.courier.tell(self.progress)


@events.init.add_listener
def begin(environment: Any, **_: object) -> None:
    """Before all else: a master hears its workers, and a worker says hello."""
    gevent.spawn(_end_with_parent, os.getppid())
    environment.courier, environment.part = None, 0
    if isinstance(environment.runner, MasterRunner):
        _hear_workers(environment.runner)
    elif isinstance(environment.runner, WorkerRunner):
        _join(environment)


def _end_with_parent(parent: int) -> None:
    """Send nothing more once nobody is there to measure it: a parent that was killed could not say stop."""
    while os.getppid() == parent:
        gevent.sleep(TELL_S)
    os._exit(1)


def _hear_workers(runner: MasterRunner) -> None:
    parts = int(runner.environment.parsed_options.expect_workers)
    courier = MasterCourier(Path(os.environ[FOLDER]), parts, version("citytwin"), partial(_send, runner))

    def hear(msg: Any, **_: object) -> None:
        courier.hear(msg.type, msg.data, msg.node_id)

    def is_alive(client: str) -> bool:
        node = runner.clients.get(client)
        return node is not None and node.state != STATE_MISSING

    def keep_looking() -> None:
        while True:
            courier.look(is_alive)
            gevent.sleep(GO_S)

    for kind in TO_MASTER:
        runner.register_message(kind, hear)
    gevent.spawn(keep_looking)


def _join(environment: Any) -> None:
    runner, replies = environment.runner, Queue()
    courier = WorkerCourier(Path(os.environ[FOLDER]), partial(_send, runner), replies, gevent.sleep)

    fetches = bool(os.environ.get(FETCHES))

    def hear(msg: Any, **_: object) -> None:
        if msg.type not in (BEGIN, END):
            replies.put((msg.type, msg.data))
        elif fetches:
            courier.hear(msg.type, msg.data)

    for kind in TO_WORKER:
        runner.register_message(kind, hear)
    try:
        environment.part = courier.join(version("citytwin"), socket.gethostname())
    except Refused:
        # The courier has told our parent why.
        gevent.spawn(runner.quit)
    environment.courier = courier if fetches else None


def _send(runner: Any, kind: str, data: Any, client: str | None) -> None:
    runner.send_message(kind, data, client)


@events.user_error.add_listener
def fail(user_instance: Any, exception: BaseException, **_: object) -> None:
    """A fault of our own: the parent need not wait for what will not come."""
    # locust names a user's set of tasks where it says user.
    town: Town = getattr(user_instance, "user", user_instance)
    told = f"{type(exception).__name__}: {exception}"
    if town.courier is None:
        lose(town.folder, Lost(town.part, socket.gethostname(), "failed", told))
    else:
        town.courier.fail(told)
