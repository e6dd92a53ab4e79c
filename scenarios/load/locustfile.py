"""What locust runs, in its own process: importing locust patches sockets, so nothing of ours imports this module.

One user for each process plays all its citizens: it offers calls to a Sender when they are due. The folder named by
CITYTWIN_LOAD holds what to do, and takes what came of it. With CITYTWIN_LOAD_FETCHES the folder is this machine's own,
and a courier fetches what to do from the master's.

What a user does is done in a greenlet of its own: locust kills its users where it stands when somebody stops the test
on its page, and what was measured until then is to be kept.
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
from locust import User, events, task
from locust.exception import StopUser
from locust.runners import STATE_MISSING, STATE_STOPPED, STATE_STOPPING, MasterRunner, WorkerRunner

from scenarios.collecting import rare_collections
from scenarios.load.calls import GO, LOST, PLANNED, STOP, DueCall, Lost, Progress, Setup, read_records, write_records
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


class Town(User):
    """Everybody whose calls this process sends; further users, which locust's page offers, do nothing."""

    @task
    def live(self) -> None:
        """Wait until every call was offered and the last answers are there."""
        if self.environment.part is None:
            self.environment.part = Part(self.environment)
            gevent.spawn(self.environment.part.play).join()
        raise StopUser


class Part:
    """The part of a load that this process plays."""

    def __init__(self, environment: Any) -> None:
        self.environment = environment
        self.folder = Path(os.environ[FOLDER])
        self.courier = environment.courier
        self.number = environment.number
        self.progress = Progress()
        self.ended = False

    def play(self) -> None:
        """Offer every call when it is due, wait for the last answers, and say that it is done.

        A fault of our own is told: the parent need not wait for what will not come.
        """
        try:
            self._play()
        except Refused:
            # The courier has told both parents why.
            return
        except Exception as fault:
            self._fail(f"{type(fault).__name__}: {fault}")
            raise

    def _play(self) -> None:
        self._take()
        with rare_collections(), (self.folder / f"measured.{self.number}").open("wb", buffering=1 << 16) as file:
            self._live(file)
        if self.courier is not None:
            self.courier.give(self.number)
        self.progress.done = True
        self._tell()

    def _fail(self, told: str) -> None:
        if self.courier is None:
            lose(self.folder, Lost(self.number, socket.gethostname(), "failed", told))
        else:
            self.courier.fail(told)

    def _take(self) -> None:
        """Wait until what is to be done lies in the folder."""
        self.hosts = msgspec.json.decode((self.folder / "hosts.json").read_bytes(), type=list[str])
        if self.courier is not None:
            self.courier.fetch(self.number, self.hosts)
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
        for turn, call in enumerate(read_records(self.folder / f"calls.{self.number}", DueCall)):
            self.progress.due_s = call.due_s
            while not self.ended and (early_s := call.due_s - line.now_s()) > 0:
                gevent.sleep(min(early_s, TELL_S))
            if self.ended:
                break
            sender.offer(call)
            if turn % GREEDY_CALLS == 0:
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
        place = self.folder / f"progress.{self.number}"
        new = place.with_name(f"{place.name}.new")
        new.write_bytes(msgspec.json.encode(self.progress))
        new.replace(place)
        if self.courier is not None:
            self.courier.tell(self.progress)


@events.init.add_listener
def begin(environment: Any, **_: object) -> None:
    """Before all else: a master hears its workers, and a worker says hello."""
    gevent.spawn(_end_with_parent, os.getppid())
    environment.courier, environment.number, environment.part = None, 0, None
    environment.look = _no_worker
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
        if node is None:
            # A master that stops forgets its workers until they say hello again.
            return runner.state in (STATE_STOPPING, STATE_STOPPED)
        return bool(node.state != STATE_MISSING)

    def look() -> None:
        courier.look(is_alive)

    def keep_looking() -> None:
        while True:
            look()
            gevent.sleep(GO_S)

    for kind in TO_MASTER:
        runner.register_message(kind, hear)
    runner.environment.look = look
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
        environment.number = courier.join(version("citytwin"), socket.gethostname())
    except Refused:
        # The courier has told our parent why.
        gevent.spawn(runner.quit)
    environment.courier = courier if fetches else None


def _send(runner: Any, kind: str, data: Any, client: str | None) -> None:
    runner.send_message(kind, data, client)


@events.test_stopping.add_listener
def stop(environment: Any, **_: object) -> None:
    """Somebody stopped the test on locust's own page, or locust ends: nothing more is offered.

    A master stops by itself once its last worker is gone: that one is lost, and nobody stopped anything.
    """
    environment.look()
    folder = Path(os.environ[FOLDER])
    if not (folder / LOST).exists():
        (folder / STOP).touch()


def _no_worker() -> None:
    """Look after nobody."""
