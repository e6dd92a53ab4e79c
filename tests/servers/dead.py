"""Servers that answer nothing of use, each in its own way; every request of a run meets the same."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CHUNK = b"a" * 65536


class _Dead(BaseHTTPRequestHandler):
    """One request, answered as the server's way says."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Read the request and answer it."""
        self.rfile.read(int(self.headers.get("content-length") or 0))
        getattr(self, f"_{self.server.way}")()  # type: ignore[attr-defined]  # set by dead_server

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer  # noqa: N815 - names of http.server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response_only(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _empty(self) -> None:
        self._say(200, b"")

    def _object(self) -> None:
        self._say(200, b"{}", content_type="application/json")

    def _null(self) -> None:
        self._say(200, b"null", content_type="application/json")

    def _unauthorized(self) -> None:
        self._say(401, b"", www_authenticate="Basic")

    def _broken(self) -> None:
        self._say(500, b"Traceback (most recent call last):", content_type="text/plain")

    def _html(self) -> None:
        self._say(200, b"<html><body>It works!</body></html>", content_type="text/html")

    def _redirecting(self) -> None:
        self._say(302, b"", location=self.path)

    def _hanging(self) -> None:
        self.server.over.wait(60)  # type: ignore[attr-defined]  # set by dead_server
        self.close_connection = True

    def _endless(self) -> None:
        self.send_response_only(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.close_connection = True
        while not self.server.over.is_set():  # type: ignore[attr-defined]  # set by dead_server
            self.wfile.write(CHUNK)

    def _closing(self) -> None:
        self.close_connection = True

    def _babbling(self) -> None:
        self.wfile.write(b"this is no HTTP\r\n\r\n")
        self.close_connection = True


WAYS = tuple(name.removeprefix("_") for name in vars(_Dead) if name.startswith("_") and not name.startswith("__"))
WAYS = tuple(name for name in WAYS if name != "say")
"""All ways of being dead."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    way = "empty"
    over = threading.Event()

    def handle_error(self, *_: Any) -> None:
        """A client that goes away is no fault."""


@contextmanager
def dead_server(way: str) -> Iterator[str]:
    """Address of a server that is dead in a way, until the context ends."""
    server = _Server(("127.0.0.1", 0), _Dead)
    server.way, server.over = way, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
