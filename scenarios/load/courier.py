"""Courier: between machines, what is to be done and what came of it travel in locust's own messages, as files.

At the master lies the folder that the parent wrote; each worker gets its part of it into a folder of its own, and gives
back what it measured. It knows nothing of locust: how a message is sent is given to it.
"""

from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any, NamedTuple, Protocol

import msgspec

from scenarios.load.calls import GO, LOST, PLANNED, STOP, Lost, Progress, Setup
from scenarios.load.clock import unix_s
from scenarios.load.errors import ForbiddenHost
from scenarios.load.hosts import check_host

PIECE_BYTES = 1 << 20
"""A file travels in pieces, each asked for. Source: none; some ms on a fast net. Confidence C."""

PAUSE_S = 0.2
"""How often a worker asks whether there is something to do. Source: none. Confidence C."""

HELLO, WELCOME, REFUSE = "citytwin_hello", "citytwin_welcome", "citytwin_refuse"
ASK, PIECE = "citytwin_ask", "citytwin_piece"
TELL, GIVE, TOOK = "citytwin_tell", "citytwin_give", "citytwin_took"
BEGIN, END = "citytwin_begin", "citytwin_end"
TO_MASTER, TO_WORKER = (HELLO, REFUSE, ASK, TELL, GIVE), (WELCOME, PIECE, TOOK, BEGIN, END)

ANSWER_OF = {HELLO: WELCOME, ASK: PIECE, GIVE: TOOK}

HELLO_S = 1.0
"""How long a worker waits to be welcomed before it says hello again. Source: none. Confidence C."""

SETUP, CALLS, MEASURED = "setup.json", "calls", "measured"
REFUSED = "refused.json"
"""By which a worker's process tells its own parent why it does not take part."""

Data = dict[str, Any]
Send = Callable[[str, Data, str | None], None]
"""Sends a message: its kind, what it says, and to which worker (None: to the master, or to all)."""


class Refused(Exception):
    """This worker does not take part; carries the key and the values of the reason."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


class _Worker(NamedTuple):
    part: int
    host: str


class MasterCourier:
    """The master's side: gives each worker a part of the folder, and takes what it measured."""

    def __init__(self, folder: Path, parts: int, version: str, send: Send) -> None:
        self._folder = folder
        self._parts = parts
        self._version = version
        self._send = send
        self._workers: dict[str, _Worker] = {}
        self._told: set[str] = set()

    def hear(self, kind: str, data: Data, client: str) -> None:
        """Take a worker's message."""
        handlers: dict[str, Callable[[Data, str], None]] = {
            HELLO: self._welcome,
            REFUSE: self._refused,
            ASK: self._answer,
            TELL: self._note,
            GIVE: self._take,
        }
        if kind == HELLO or client in self._workers:
            handlers[kind](data, client)

    def look(self, is_alive: Callable[[str], bool]) -> None:
        """Tell the workers what the parent has said since, and the parent which worker is lost."""
        for name, kind in ((GO, BEGIN), (STOP, END)):
            path = self._folder / name
            if name not in self._told and path.exists():
                self._told.add(name)
                begins = {"in_s": float(path.read_text("ascii")) - unix_s()} if name == GO else {}
                self._send(kind, begins, None)
        for client, one in self._workers.items():
            if not is_alive(client) and not self._is_done(one.part):
                lose(self._folder, Lost(one.part, one.host, "silent"))

    def _welcome(self, data: Data, client: str) -> None:
        if data["version"] != self._version:
            self._send(WELCOME, {"refused": "load_worker_version", "master": self._version}, client)
        elif client not in self._workers and len(self._workers) == self._parts:
            self._send(WELCOME, {"refused": "load_worker_spare", "parts": self._parts}, client)
        else:
            one = self._workers.setdefault(client, _Worker(len(self._workers), data["host"]))
            _write(self._folder / f"hello.{one.part}", one.host.encode())
            self._send(WELCOME, {"part": one.part}, client)

    def _refused(self, data: Data, client: str) -> None:
        one = self._workers[client]
        lose(self._folder, Lost(one.part, one.host, data["reason"], data["told"]))

    def _answer(self, data: Data, client: str) -> None:
        name = data["name"]
        if not (self._folder / PLANNED).exists():
            self._send(PIECE, {"wait": True}, client)
            return
        path = self._folder / (SETUP if name == SETUP else f"{CALLS}.{self._workers[client].part}")
        with path.open("rb") as file:
            file.seek(data["at"])
            piece = file.read(PIECE_BYTES)
            self._send(PIECE, {"bytes": piece, "is_last": file.tell() == path.stat().st_size}, client)

    def _note(self, data: Data, client: str) -> None:
        _write(self._folder / f"progress.{self._workers[client].part}", msgspec.json.encode(data))

    def _take(self, data: Data, client: str) -> None:
        path = self._folder / f"{MEASURED}.{self._workers[client].part}"
        with path.open("ab") as file:
            file.write(data["bytes"])
        self._send(TOOK, {"at": data["at"] + len(data["bytes"])}, client)

    def _is_done(self, part: int) -> bool:
        path = self._folder / f"progress.{part}"
        return path.exists() and msgspec.json.decode(path.read_bytes(), type=Progress).done


class Replies(Protocol):
    """Where the master's answers arrive, each with its kind (a queue)."""

    def get(self, *, timeout: float | None = None) -> tuple[str, Data]:
        """Wait for the next.

        Raises:
            queue.Empty: none came in time (seconds).
        """


class WorkerCourier:
    """A worker's side: fetches its part, and gives back what it measured."""

    def __init__(self, folder: Path, send: Send, replies: Replies, pause: Callable[[float], None]) -> None:
        self._folder = folder
        self._send = send
        self._replies = replies
        self._pause = pause

    def join(self, version: str, host: str) -> int:
        """Say hello; which part is ours.

        Raises:
            Refused: the master has no part for us.
        """
        while True:
            try:
                said = self._ask(HELLO, {"version": version, "host": host}, timeout_s=HELLO_S)
                break
            except Empty:
                # A master that was not ready yet has not heard it; one that has gives the same part again.
                continue
        if "refused" in said:
            self._refuse(Refused(said.pop("refused"), ours=version, **said))
        return int(said["part"])

    def fetch(self, part: int, allowed: list[str]) -> None:
        """Take what is to be done into our folder, as soon as the master has it.

        Raises:
            Refused: it would load another machine, and nobody here said that it may be loaded.
        """
        setup = b"".join(self._pieces(SETUP))
        for address in (one := msgspec.json.decode(setup, type=Setup)).target, one.token_url:
            try:
                check_host(address, allowed)
            except ForbiddenHost as fault:
                (told,) = fault.faults
                refused = Refused(told.key, **told.values)
                self._send(REFUSE, {"reason": "refused", "told": f"--i-may-load-this-host {told.values['host']}"}, None)
                self._refuse(refused)
        _write(self._folder / SETUP, setup)
        with (self._folder / f"{CALLS}.{part}").open("wb") as file:
            for piece in self._pieces(CALLS):
                file.write(piece)

    def tell(self, progress: Progress) -> None:
        """Say how far we are."""
        self._send(TELL, msgspec.to_builtins(progress), None)

    def give(self, part: int) -> None:
        """Give back what was measured; returns once the master has all of it."""
        with (self._folder / f"{MEASURED}.{part}").open("rb") as file:
            at = 0
            while piece := file.read(PIECE_BYTES):
                at = int(self._ask(GIVE, {"at": at, "bytes": piece})["at"])

    def fail(self, told: str) -> None:
        """Say that we cannot go on, and why."""
        self._send(REFUSE, {"reason": "failed", "told": told}, None)

    def hear(self, kind: str, data: Data) -> None:
        """Take what the master says to all: the beginning, on this machine's clock, and the end."""
        if kind == BEGIN:
            _write(self._folder / GO, repr(unix_s() + data["in_s"]).encode())
        else:
            (self._folder / STOP).touch()

    def _pieces(self, name: str) -> Any:
        at = 0
        while True:
            said = self._ask(ASK, {"name": name, "at": at})
            if said.get("wait"):
                self._pause(PAUSE_S)
                continue
            yield said["bytes"]
            at += len(said["bytes"])
            if said["is_last"]:
                return

    def _ask(self, kind: str, data: Data, *, timeout_s: float | None = None) -> Data:
        self._send(kind, data, None)
        while True:
            came, said = self._replies.get(timeout=timeout_s)
            if came == ANSWER_OF[kind]:
                return said

    def _refuse(self, why: Refused) -> None:
        _write(self._folder / REFUSED, msgspec.json.encode({"key": why.key, "values": why.values}))
        raise why


def lose(folder: Path, lost: Lost) -> None:
    """Tell the parent that a part will not come; the first word on it stands."""
    if not (folder / LOST).exists():
        _write(folder / LOST, msgspec.json.encode(lost))


def _write(path: Path, content: bytes) -> None:
    """Write a file so that nobody reads half of it."""
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
