"""HttpTransport: a city OS of any vendor, over HTTP with kept connections."""

import httpx2

from agents.city_os.transport import Request, Response
from agents.errors import NoConnection, NoReplyInTime


class HttpTransport:
    """Sends requests to ``base_url``; each waits at most ``timeout_s`` (> 0) for a response."""

    def __init__(self, base_url: str, *, timeout_s: float = 10.0) -> None:
        self._timeout_s = timeout_s
        self._client = httpx2.Client(base_url=base_url, timeout=timeout_s, follow_redirects=False)

    def send(self, request: Request) -> Response:
        """Send a request and read the whole response.

        Raises:
            NoReplyInTime: no response within ``timeout_s``.
            NoConnection: the connection was refused, reset or broken off.
        """
        try:
            response = self._client.request(
                request.method, request.url, headers=dict(request.headers), content=request.body or None
            )
        except httpx2.TimeoutException as fault:
            raise NoReplyInTime(f"no response within {self._timeout_s:g} s", self._timeout_s) from fault
        except (httpx2.TransportError, httpx2.DecodingError) as fault:
            raise NoConnection(f"no connection: {fault}") from fault
        return Response(response.status_code, response.headers, response.content, response.elapsed.total_seconds())

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
