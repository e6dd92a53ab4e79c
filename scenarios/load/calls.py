"""What the generator is given and what it gives back: due calls, and each request as it went; files of both."""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

ANYBODY = "anybody"
CHECK_IN, CURSOR, ORDER = "check_in", "cursor", "order"
"""What a later call takes from an answer: the id of a check-in, where the next page begins, or only its turn."""

PLANNED, GO, STOP = "planned", "go", "stop"
"""Files by which the parent says that all is written, when to begin (Unix seconds), and that it is enough."""

LOST = "lost.json"
"""File by which the generator tells its parent that a part of it will not come back."""

SHARED, DEVICE = "shared", "device"
"""Whose a connection is: anybody's who asks next, or one device's."""

_LENGTH = struct.Struct("<I")
T = TypeVar("T")


class DueCall(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One call that is due ``due_s`` seconds after the beginning, whatever the answers to others do.

    ``url`` is absolute; where ``takes`` is said, its ``{}`` is filled from the answer to the call ``after``, before
    which this one cannot leave. ``after`` alone keeps an order. ``actor`` is who asks: anybody, a role, or a role with
    its neighbourhood's code, shelter's row or local ID. ``reader`` names whose ETag a conditional read carries;
    ``gives`` what later calls take from this one's answer.
    """

    number: int
    due_s: float
    operation: str
    method: str
    url: str
    actor: str
    body: str = ""
    keyed: bool = False
    after: int = -1
    takes: str = ""
    gives: str = ""
    reader: str = ""


class Measured(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One request as it went; times are seconds after the beginning.

    ``ready_s`` is when it could leave: its time, or when the answer came that it needs. ``status`` is 0 without an
    answer, and ``fault`` then says why. ``same_as`` is the number of a measured request (in its file) that got the same
    long body. ``puts_off`` tells whether the answer said when to come again (Retry-After). ``injected`` names the fault
    that a proxy in front of the service put into the answer.
    """

    call: int
    operation: str
    actor: str
    due_s: float
    ready_s: float
    sent_s: float
    done_s: float
    status: int
    fault: str = ""
    puts_off: bool = False
    body: bytes = b""
    same_as: int = -1
    injected: str = ""

    @property
    def latency_s(self) -> float:
        """How long it took, from the time at which it was due."""
        return self.done_s - self.due_s

    @property
    def lag_s(self) -> float:
        """How much later than it could it left: the generator's own delay."""
        return max(0.0, self.sent_s - self.ready_s)

    @property
    def succeeded(self) -> bool:
        """Whether the service did what it was asked."""
        return 0 < self.status < 400


class Login(msgspec.Struct, frozen=True):
    """How a client asks for a token; a citizen's local ID takes the place of ``{}`` in ``form``."""

    authorization: str
    form: str


class Setup(msgspec.Struct, frozen=True):
    """What the generator is told besides the calls.

    ``key`` begins every Idempotency-Key of this load. ``logins`` has a login for each actor but anybody; those of
    citizens share one, those of desks too. ``most_waiting`` requests may be without an answer at once. ``connections``
    are shared, as behind a gateway, or each device's own. ``shows``: locust's page is to show what goes on.
    """

    target: str
    token_url: str
    key: str
    logins: dict[str, Login]
    timeout_s: float
    most_waiting: int
    processes: int = 1
    connections: str = SHARED
    shows: bool = False


class Lost(msgspec.Struct, frozen=True):
    """Why a part will not come: its worker is ``silent``, ``refused`` or ``failed`` (``told``: in its own words)."""

    part: int
    host: str
    reason: str
    told: str = ""


class Progress(msgspec.Struct):
    """How far one process of the generator is, and for how long it has had a core since the beginning."""

    ready: bool = False
    done: bool = False
    due_s: float = 0.0
    sent: int = 0
    answered: int = 0
    failed: int = 0
    work_s: float = 0.0


def write_records(file: BinaryIO, records: Iterable[msgspec.Struct]) -> None:
    """Write records one after the other, each with its length before it."""
    encoder = msgspec.msgpack.Encoder()
    for record in records:
        encoded = encoder.encode(record)
        file.write(_LENGTH.pack(len(encoded)))
        file.write(encoded)


def read_records(path: Path, kind: type[T]) -> Iterator[T]:
    """The records of a file; one that was cut off at its end is left out."""
    decoder = msgspec.msgpack.Decoder(kind)
    with path.open("rb") as file:
        while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
            (length,) = _LENGTH.unpack(head)
            encoded = file.read(length)
            if len(encoded) < length:
                return
            yield decoder.decode(encoded)


def idempotency_key(setup: Setup, call: int) -> str:
    """The key under which a call of this load is sent, each time that it is sent."""
    return f"{setup.key}{call:012x}"
