"""A service that accepts connections and never answers."""

import socket
from collections.abc import Iterator

import pytest

from agents.city_os.http import GIVE_UP_AFTER, TRY_EVERY, HttpTransport
from agents.city_os.transport import Request
from agents.errors import NoReplyInTime


@pytest.fixture
def hanging() -> Iterator[HttpTransport]:
    """A transport to a socket that only listens; waits 20 ms."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        transport = HttpTransport(f"http://127.0.0.1:{server.getsockname()[1]}", timeout_s=0.02)
        yield transport
        transport.close()


def test_a_hanging_service_is_not_waited_for_at_every_call(hanging: HttpTransport) -> None:
    """After some time-outs in a row only one call in so many waits; the others fail at once."""
    waited = []
    for _ in range(GIVE_UP_AFTER + TRY_EVERY):
        with pytest.raises(NoReplyInTime) as fault:
            hanging.send(Request("GET", "/"))
        waited.append(fault.value.waited_s > 0)
    assert waited == [*[True] * GIVE_UP_AFTER, *[False] * (TRY_EVERY - 1), True]
