"""The generator's process: locust with our locustfile, started, watched and ended."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from zlib import crc32

import msgspec

from scenarios.load.calls import (
    GO,
    LOST,
    PLANNED,
    STOP,
    DueCall,
    Lost,
    Measured,
    Progress,
    Setup,
    read_records,
    write_records,
)
from scenarios.load.clock import pause, steady_s, unix_s
from scenarios.load.errors import GeneratorFailed, WorkerLost
from scenarios.load.sender import LONG_BODY_BYTES
from scenarios.progress import Tell

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
LOG, HOSTS = "locust.log", "hosts.json"
LOOK_S = 0.05
"""How often the parent looks at its child. Source: none; some 20 µs of work each. Confidence C."""

BEGIN_S = 0.5
"""From all being ready to the first call. Source: none; ten looks of a process. Confidence C."""

START_S, STOP_S, END_S = 120.0, 60.0, 10.0
"""How long processes may take to be ready, to give back what they measured when they are stopped, and to end. Source:
none; ten times as long as seen. Confidence C."""


def prepare(folder: Path, setup: Setup, calls: Iterable[DueCall]) -> None:
    """Write what the processes are to do, and let them take it.

    A person's calls go to one process, and so do calls that need one another.
    """
    (folder / "setup.json").write_bytes(msgspec.json.encode(setup))
    files = [(folder / f"calls.{part}").open("wb") for part in range(setup.processes)]
    part_of: dict[int, int] = {}
    try:
        for call in calls:
            whose = call.reader or (call.actor if call.actor.startswith("citizen:") else str(call.number))
            part = part_of.get(call.after, crc32(whose.encode()) % setup.processes)
            if call.gives:
                part_of[call.number] = part
            write_records(files[part], (call,))
    finally:
        for file in files:
            file.close()
    (folder / PLANNED).touch()


@dataclass(frozen=True, slots=True)
class Master:
    """Where workers of other machines reach this one; ``host`` * is every address of it."""

    host: str = "*"
    port: int = 5557


@dataclass(frozen=True, slots=True)
class Sending:
    """Who sends: so many processes, here or (``master``) wherever they come from; ``ui_port`` shows locust's own page.

    ``hosts`` are those other machines of which somebody said that they may be loaded.
    """

    target: str
    processes: int = 1
    ui_port: int | None = None
    master: Master | None = None
    hosts: tuple[str, ...] = ()


def start(
    folder: Path, arguments: Sequence[str], hosts: Sequence[str], **environment: str
) -> "subprocess.Popen[bytes]":
    """Start locust with our locustfile, in a session of its own, its words in the folder's log."""
    (folder / HOSTS).write_bytes(msgspec.json.encode(hosts))
    with (folder / LOG).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own arguments
            [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--loglevel", "WARNING", *arguments],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "CITYTWIN_LOAD": str(folder), "LOCUST_SKIP_URLLIB3_PATCH": "1", **environment},
            start_new_session=True,
        )


def end(child: "subprocess.Popen[bytes]") -> None:
    """End locust and all its processes."""
    if child.poll() is None:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def last_words(folder: Path) -> str:
    """The last words of locust's log."""
    lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "locust said nothing"


class Generator:
    """The processes of one load; ``with`` ends them, whatever happens."""

    def __init__(self, folder: Path, sending: Sending) -> None:
        self._folder = folder
        self._sending = sending
        self._child = start(folder, _arguments(sending), sending.hosts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        end(self._child)

    def gather(self, tell: Tell) -> None:
        """Wait until all workers of other machines are there, however long it takes.

        Raises:
            GeneratorFailed: the master ended before.
        """
        if self._sending.master is not None:
            while (there := len(list(self._folder.glob("hello.?*")))) < self._sending.processes:
                tell("load_gather", there / self._sending.processes)
                self._look()

    def begin(self) -> float:
        """Wait until all processes are ready and let them begin; the moment of the beginning (Unix seconds).

        Raises:
            GeneratorFailed: they did not get ready.
        """
        until_s = steady_s() + START_S
        while not all(one.ready for one in self._progress()):
            if steady_s() > until_s:
                raise GeneratorFailed(f"not ready after {START_S:g} s: {last_words(self._folder)}")
            self._look()
        begins_s = unix_s() + BEGIN_S
        place = self._folder / "go.new"
        place.write_text(repr(begins_s), encoding="ascii")
        place.replace(self._folder / GO)
        return begins_s

    def wait(self, length_s: float, tell: Tell) -> bool:
        """Wait for the end of all calls; whether it came by itself, and nobody stopped it on locust's own page.

        Raises:
            GeneratorFailed: a process ended before.
        """
        progress = self._progress()
        while not all(one.done for one in progress):
            tell("load_run", min(1.0, min(one.due_s for one in progress) / length_s) if length_s else 1.0)
            self._look()
            if (self._folder / STOP).exists():
                self.stop()
                return False
            progress = self._progress()
        return True

    @property
    def process(self) -> int:
        """The number of locust's first process."""
        return self._child.pid

    @property
    def work_s(self) -> float:
        """For how long all processes together had a core."""
        return sum(one.work_s for one in self._progress())

    def stop(self) -> None:
        """Let the processes end before their time: what was measured so far is kept.

        Raises:
            GeneratorFailed: what they measured did not come.
        """
        (self._folder / STOP).touch()
        until_s = steady_s() + STOP_S
        while not all(one.done for one in self._progress()):
            if steady_s() > until_s:
                raise GeneratorFailed(f"not stopped after {STOP_S:g} s: {last_words(self._folder)}")
            self._look()

    def _look(self) -> None:
        pause(LOOK_S)
        if (self._folder / LOST).exists():
            lost = msgspec.json.decode((self._folder / LOST).read_bytes(), type=Lost)
            raise WorkerLost(lost.part + 1, lost.host, lost.reason, lost.told)
        if self._child.poll() is not None:
            raise GeneratorFailed(last_words(self._folder))

    def _progress(self) -> Sequence[Progress]:
        return [read_progress(self._folder / f"progress.{part}") for part in range(self._sending.processes)]


def measured(folder: Path, processes: int) -> list[Measured]:
    """Everything that was measured, in the order of answers, long bodies filled in.

    An hour of a city has millions: names and bodies that many share are kept once.
    """
    found: list[Measured] = []
    names: dict[str, str] = {}
    for part in range(processes):
        path = folder / f"measured.{part}"
        if path.exists():
            found += _shared(read_records(path, Measured), names)
    found.sort(key=lambda one: one.done_s)
    return found


def _shared(rows: Iterable[Measured], names: dict[str, str]) -> Iterator[Measured]:
    long: dict[int, bytes] = {}
    for number, one in enumerate(rows):
        if len(one.body) >= LONG_BODY_BYTES:
            long[number] = one.body
        yield msgspec.structs.replace(
            one,
            operation=names.setdefault(one.operation, one.operation),
            actor=names.setdefault(one.actor, one.actor),
            ready_s=one.due_s if one.ready_s == one.due_s else one.ready_s,
            body=one.body if one.same_as < 0 else long[one.same_as],
            same_as=-1,
        )


def _arguments(sending: Sending) -> list[str]:
    many = str(sending.processes)
    arguments = ["--host", sending.target, "-u", many, "-r", many]
    page = ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(sending.ui_port)]
    arguments += page if sending.ui_port else ["--headless"]
    if sending.master is not None:
        place = ["--master-bind-host", sending.master.host, "--master-bind-port", str(sending.master.port)]
        return [*arguments, "--master", "--expect-workers", many, *place]
    if sending.processes > 1:
        port = str(free_port())
        place = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
        return [*arguments, "--processes", many, *place]
    return arguments


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def read_progress(path: Path) -> Progress:
    """How far a process says that it is; at its beginning if it has said nothing."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return Progress()
