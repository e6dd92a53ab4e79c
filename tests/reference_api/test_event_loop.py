"""Connections that wait are taken up together, however seldom a loaded loop goes round."""

import asyncio
import socket
import sys

import pytest

from reference_api.event_loop import new_event_loop

WAITING = 60


class _Counted(asyncio.Protocol):
    """Counts connections."""

    def __init__(self, came: list[asyncio.Transport], everybody: asyncio.Event) -> None:
        self._came, self._everybody = came, everybody

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """One more."""
        self._came.append(transport)  # type: ignore[arg-type]  # of TCP it is one
        if len(self._came) == WAITING:
            self._everybody.set()


async def _rounds_until_all_came() -> int:
    """In how many rounds of the loop as many connections are taken up as waited when it began."""
    loop, rounds = asyncio.get_running_loop(), 0
    came, everybody = list[asyncio.Transport](), asyncio.Event()
    server = await loop.create_server(lambda: _Counted(came, everybody), "127.0.0.1", 0, backlog=WAITING)
    clients = [socket.create_connection(server.sockets[0].getsockname()) for _ in range(WAITING)]

    def count() -> None:
        nonlocal rounds
        rounds += 1
        if not everybody.is_set():
            loop.call_soon(count)

    loop.call_soon(count)
    await everybody.wait()
    for one in (*came, server):
        one.close()
    await server.wait_closed()
    for client in clients:
        client.close()
    return rounds


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is not for Windows")
def test_all_who_wait_are_taken_up_at_once() -> None:
    """A loop of ours takes far fewer rounds than there are connections."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        assert runner.run(_rounds_until_all_came()) < WAITING / 2


def test_a_closed_server_takes_up_nobody() -> None:
    """Its doors are closed with it: who comes then is refused."""

    async def close() -> tuple[str, int]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
        place: tuple[str, int] = server.sockets[0].getsockname()
        server.close()
        await server.wait_closed()
        return place

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        place = runner.run(close())
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place)
