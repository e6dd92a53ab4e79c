"""Clients that are slow or say nothing: connections that cost a server memory and give it nothing to do."""

import select
import socket
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import msgspec

from resilience.caller import raw

ENDED = select.POLLHUP | select.POLLERR | select.POLLRDHUP
DEAF = "answers never read"

SMALL_WINDOW = 4_096
"""Bytes that a client which reads nothing has room for."""

ASKED_AT_ONCE = 20
"""Requests that a client sends at once whose answers it does not read."""


@dataclass
class Crowd:
    """Connections of one kind; ``dribble`` is what each of them sends, a byte at a time, after ``first``.

    ``ended_s`` are the times after which the server ended them.
    """

    name: str
    first: bytes = b""
    dribble: bytes = b""
    open_s: float = 0.0
    ended_s: list[float] = field(default_factory=list)
    _sockets: list[socket.socket] = field(default_factory=list)
    _sent: int = 0

    def come(self, port: int, count: int) -> None:
        """Connect, and say what is said first."""
        self.open_s = time.monotonic()
        for _ in range(count):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_WINDOW)
            one.connect(("127.0.0.1", port))
            one.sendall(self.first)
            one.settimeout(0.0)
            self._sockets.append(one)

    def tick(self) -> None:
        """Send the next byte, and count whom the server has ended."""
        byte = self.dribble[self._sent : self._sent + 1]
        self._sent += 1
        for one in self._sockets if byte else ():
            _say(one, byte)
        ends = select.poll()
        by_file = {one.fileno(): one for one in self._sockets}
        for file in by_file:
            ends.register(file, select.POLLRDHUP)
        for file, events in ends.poll(0):
            if events & ENDED:
                self._sockets.remove(by_file[file])
                by_file[file].close()
                self.ended_s.append(time.monotonic() - self.open_s)

    def look(self, held: Collection[int]) -> None:
        """Count whom the server holds no more, by their ports: who reads nothing does not learn it."""
        for one in [one for one in self._sockets if one.getsockname()[1] not in held]:
            self._sockets.remove(one)
            one.close()
            self.ended_s.append(time.monotonic() - self.open_s)

    @property
    def there(self) -> int:
        """How many are connected still."""
        return len(self._sockets)

    def leave(self) -> None:
        """Go away."""
        for one in self._sockets:
            one.close()
        self._sockets.clear()


def _say(one: socket.socket, byte: bytes) -> None:
    try:
        one.send(byte)
    except OSError:
        return


def idle() -> Crowd:
    """Clients that connect and say nothing."""
    return Crowd("idle")


def slow_heads() -> Crowd:
    """Clients that send the head of a request a byte at a time."""
    return Crowd("head a byte at a time", b"GET /v1/shelters HTTP/1.1\r\nhost: x\r\nx-slow: ", b"a" * 1_000)


def slow_bodies(token: str) -> Crowd:
    """Clients that send the body of a check-in a byte at a time."""
    body = msgspec.json.encode({"sub": "c0", "channel": "card", "observed_at": "2027-01-15T07:00:00+09:00"})
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "slow"}
    request = raw("POST", "/v1/shelters/S0/check-ins", headers, body)
    return Crowd("body a byte at a time", request[: -len(body)], body)


def deaf() -> Crowd:
    """Clients that ask for the largest document again and again and read nothing."""
    return Crowd(DEAF, raw("GET", "/v1/openapi.json", {}) * ASKED_AT_ONCE)


def watch(crowds: Sequence[Crowd], until: Callable[[], bool], look: Callable[[], None], every_s: float) -> None:
    """Let time pass until something is so; ``look`` is called each time."""
    while not until():
        for crowd in crowds:
            crowd.tick()
        look()
        time.sleep(every_s)
