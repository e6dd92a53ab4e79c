"""The generator's process: locust with our locustfile, started, watched and ended."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self
from zlib import crc32

import msgspec

from scenarios.load.calls import GO, STOP, DueCall, Measured, Progress, Setup, read_records, write_records
from scenarios.load.clock import pause, steady_s, unix_s
from scenarios.load.errors import GeneratorFailed
from scenarios.progress import Tell

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
LOOK_S = 0.2
"""How often the parent looks at its child. Source: none. Confidence C."""

BEGIN_S = 0.5
"""From all being ready to the first call. Source: none; ten looks of a process. Confidence C."""

START_S, END_S = 120.0, 10.0
"""How long processes may take to be ready, and to end. Source: none; ten times as long as seen. Confidence C."""


def prepare(folder: Path, setup: Setup, calls: Iterable[DueCall]) -> None:
    """Write what the processes are to do: a person's calls go to one process, and so do calls that need one another."""
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


class Generator:
    """The processes of one load; ``with`` ends them, whatever happens."""

    def __init__(self, folder: Path, setup: Setup, *, ui_port: int | None = None) -> None:
        self._folder = folder
        self._setup = setup
        self._log = (folder / "locust.log").open("wb")
        self._child = subprocess.Popen(  # noqa: S603 - our own arguments
            _command(setup, ui_port),
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "CITYTWIN_LOAD": str(folder), "LOCUST_SKIP_URLLIB3_PATCH": "1"},
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def begin(self) -> float:
        """Wait until all processes are ready and let them begin; the moment of the beginning (Unix seconds).

        Raises:
            GeneratorFailed: they did not get ready.
        """
        until_s = steady_s() + START_S
        while not all(one.ready for one in self._progress()):
            if steady_s() > until_s:
                raise GeneratorFailed(f"not ready after {START_S:g} s: {self._told()}")
            self._look()
        begins_s = unix_s() + BEGIN_S
        place = self._folder / "go.new"
        place.write_text(repr(begins_s), encoding="ascii")
        place.replace(self._folder / GO)
        return begins_s

    def wait(self, length_s: float, tell: Tell) -> None:
        """Wait for the end of all calls.

        Raises:
            GeneratorFailed: a process ended before.
        """
        progress = self._progress()
        while not all(one.done for one in progress):
            tell("load_run", min(1.0, min(one.due_s for one in progress) / length_s) if length_s else 1.0)
            self._look()
            progress = self._progress()

    def stop(self) -> None:
        """Let the processes end before their time: what was measured so far is kept."""
        (self._folder / STOP).touch()
        until_s = steady_s() + END_S
        while not all(one.done for one in self._progress()) and steady_s() < until_s:
            pause(LOOK_S)

    def _look(self) -> None:
        pause(LOOK_S)
        if self._child.poll() is not None:
            raise GeneratorFailed(self._told())

    def _progress(self) -> Sequence[Progress]:
        return [_read_progress(self._folder / f"progress.{part}") for part in range(self._setup.processes)]

    def _told(self) -> str:
        """The last words of the generator's log."""
        lines = (self._folder / "locust.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "locust said nothing"

    def _end(self) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(END_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._child.pid, signal.SIGKILL)
                self._child.wait()
        self._log.close()


def measured(folder: Path, processes: int) -> list[Measured]:
    """Everything that was measured, in the order of answers, long bodies filled in."""
    found: list[Measured] = []
    for part in range(processes):
        path = folder / f"measured.{part}"
        if path.exists():
            found += _with_bodies(list(read_records(path, Measured)))
    return sorted(found, key=lambda one: one.done_s)


def _with_bodies(rows: list[Measured]) -> list[Measured]:
    return [
        one if one.same_as < 0 else msgspec.structs.replace(one, body=rows[one.same_as].body, same_as=-1)
        for one in rows
    ]


def _command(setup: Setup, ui_port: int | None) -> list[str]:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--host", setup.target]
    command += ["-u", str(setup.processes), "-r", str(setup.processes), "--loglevel", "WARNING", "--stop-timeout", "1"]
    command += ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(ui_port)] if ui_port else ["--headless"]
    if setup.processes > 1:
        port = str(_free_port())
        command += ["--processes", str(setup.processes), "--master-bind-host", "127.0.0.1"]
        command += ["--master-bind-port", port, "--master-port", port]
    return command


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _read_progress(path: Path) -> Progress:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Progress)
    except FileNotFoundError:
        return Progress()
