"""HttpTransport: a city OS of any vendor, over HTTP with kept connections."""

import httpx2

from agents.city_os.transport import Request, Response
from agents.errors import NoConnection, NoReplyInTime

GIVE_UP_AFTER = 3
"""Time-outs in a row after which a service is taken to hang. A choice of ours: one may be chance, three are not."""

TRY_EVERY = 50
"""Of the requests to a service that hangs, one in so many is really sent, to see whether it is back. A choice of ours:
a run of 100,000 calls then waits for 2,000 time-outs at most."""


class HttpTransport:
    """Sends requests to ``base_url``; each waits at most ``timeout_s`` (> 0) for a response.

    A service that hangs is not waited for at every call: see GIVE_UP_AFTER.
    """

    def __init__(self, base_url: str, *, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        self._client = httpx2.Client(base_url=base_url, timeout=timeout_s, follow_redirects=False)
        self._timeouts = 0
        self._unsent = 0

    def send(self, request: Request) -> Response:
        """Send a request and read the whole response.

        Raises:
            NoReplyInTime: no response within ``timeout_s``.
            NoConnection: the connection was refused, reset or broken off.
        """
        if self._timeouts >= GIVE_UP_AFTER and (self._unsent + 1) % TRY_EVERY:
            self._unsent += 1
            raise NoReplyInTime(f"not sent: the last {self._timeouts} requests had no response in time")
        self._unsent = 0
        response = self._wait_for(request)
        self._timeouts = 0
        return Response(response.status_code, response.headers, response.content, response.elapsed.total_seconds())

    def _wait_for(self, request: Request) -> httpx2.Response:
        try:
            return self._client.request(
                request.method, request.url, headers=dict(request.headers), content=request.body or None
            )
        except httpx2.TimeoutException as fault:
            self._timeouts += 1
            raise NoReplyInTime(f"no response within {self._timeout_s:g} s", self._timeout_s) from fault
        except (httpx2.TransportError, httpx2.DecodingError) as fault:
            raise NoConnection(f"no connection: {fault}") from fault

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
