"""A server that does nothing but answer: what a load generator can do at most is measured against it.

Run as ``python tests/do_nothing.py``; it prints its port. Answers are those that callers of a city OS wait for: a
token, an id and an ETag.
"""

import asyncio
from typing import Any

import click
import httptools
import uvloop

TOKEN = b'{"access_token": "t", "token_type": "Bearer", "expires_in": 86400}'
ANSWER = b'{"id": "7", "items": [], "next_cursor": null}'


def _answer(body: bytes) -> bytes:
    head = f'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\netag: "e"\r\n\r\n'
    return head.encode() + body


class DoNothing(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """Begin to read."""
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)
        self.answer = ANSWERS[False]

    def data_received(self, data: bytes) -> None:
        """Some bytes."""
        self.parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        """Which answer it will be."""
        self.answer = ANSWERS[url.endswith(b"/token")]

    def on_message_complete(self) -> None:
        """Answer."""
        self.transport.write(self.answer)


ANSWERS = {False: _answer(ANSWER), True: _answer(TOKEN)}


async def main() -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(DoNothing, "127.0.0.1", 0, backlog=4096)
    click.echo(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
