"""The event loop of a server: it takes up all connections that wait, not one in each of its rounds.

A loop under load goes round seldom. With one connection a round, those who come anew would wait for as long as the load
lasts, whatever they ask for. Source: libuv 1.45, "unix: don't accept() connections in a loop" (libuv#3696).
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

AT_ONCE = 256
"""Connections taken up in one round. Source: none; some 15 ms of work, and whoever waits for the next round may ask for
what saves lives. Confidence C."""

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop for a server: uvloop's where it is installed, with doors of its own; asyncio's takes up all anyway."""
    try:
        import uvloop  # noqa: PLC0415 - it is optional, and there is none on Windows
    except ImportError:
        return asyncio.new_event_loop()

    class OpenLoop(uvloop.Loop):
        async def create_server(self, protocol_factory: Any, *places: Any, **options: Any) -> Any:
            server: Any = await super().create_server(protocol_factory, *places, **options)
            return OpenServer(self, server, protocol_factory)

    return OpenLoop()


class OpenServer:
    """A server beside which further doors of its listening sockets stand open; all else is the server's own."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, server: asyncio.Server, protocol_factory: ProtocolFactory
    ) -> None:
        self._loop, self._server, self._protocol_factory = loop, server, protocol_factory
        self._coming: set[asyncio.Task[Any]] = set()
        self._doors = [socket.socket(fileno=os.dup(one.fileno())) for one in server.sockets]
        for door in self._doors:
            door.settimeout(0.0)
            loop.add_reader(door, self._take, door)

    def __getattr__(self, name: str) -> Any:
        """What the server has."""
        return getattr(self._server, name)

    def close(self) -> None:
        """Take up nobody any more."""
        for door in self._doors:
            self._loop.remove_reader(door)
            door.close()
        self._doors.clear()
        self._server.close()

    def _take(self, door: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = door.accept()
            except OSError:
                # Nobody waits any more, or no file is left: then uvloop turns away who waits.
                return
            if door.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = self._loop.create_task(self._receive(connection))
            self._coming.add(task)
            task.add_done_callback(self._coming.discard)

    async def _receive(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol_factory, connection)
        except OSError:
            connection.close()
