"""The load tool: every request has its own answer, in parts or none, at its time or as fast as answers come."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer

from resilience.pressing import Asked, Press

KINDS = ("whole", "parts", "refused", "cut")


class _Answers(StreamRequestHandler):
    """Answers as the path says: at once, in parts, with 503, or by hanging up."""

    def handle(self) -> None:
        """Answer request after request."""
        while (head := self.rfile.readline()) and not head.startswith(b"GET /cut "):
            while self.rfile.readline().strip():
                pass
            if head.startswith(b"GET /parts "):
                for part in (b"HTTP/1.1 200 OK\r\ncontent-le", b"ngth: 4\r\n\r\n", b"ab", b"cd"):
                    self.wfile.write(part)
                    self.wfile.flush()
            elif head.startswith(b"GET /refused "):
                self.wfile.write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n")
            else:
                self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@contextmanager
def _served() -> Iterator[int]:
    """A server of such answers on a free port."""
    with ThreadingTCPServer(("127.0.0.1", 0), _Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _requests(count: int) -> list[tuple[float, Asked, bytes]]:
    """Requests of all kinds by turns, a millisecond apart."""
    kinds = [KINDS[number % len(KINDS)] for number in range(count)]
    return [
        (0.001 * number, Asked("P0", kind, 0.001 * number), f"GET /{kind} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        for number, kind in enumerate(kinds)
    ]


EXPECTED = {("whole", 204, False), ("parts", 200, False), ("refused", 503, True), ("cut", 0, False)}


def test_requests_leave_at_their_times_and_each_has_its_answer() -> None:
    """None leaves early, connections are used again, and one that is cut takes no other's answer away."""
    with _served() as port:
        press = Press(port, 200)
        press.open_loop(_requests(200))
        press.leave()
    assert {(one.operation, one.status, one.retry_after) for one in press.asked} == EXPECTED
    assert len(press.asked) == 200
    assert min(press.lags_s) >= 0.0
    assert all(one.latency_s > 0.0 for one in press.asked)


def test_as_fast_as_answers_come() -> None:
    """Over some connections everything is answered, and the rate is that of the answers."""
    asked = [(one, request) for _, one, request in _requests(100) if one.operation != "cut"]
    with _served() as port:
        press = Press(port, 4)
        rate = press.closed_loop(asked, 4)
        press.leave()
    assert {(one.operation, one.status, one.retry_after) for one, _ in asked} == EXPECTED - {("cut", 0, False)}
    assert rate > 0.0
