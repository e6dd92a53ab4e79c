"""TimedTransport: tells a fault proxy on the way the scenario's time, so that its faults hold when they should."""

from agents.city_os.transport import Request, Response, Transport
from scenarios.faults.messages import AT_HEADER, PROXY_HEADER


class TimedTransport:
    """Hands requests on; with the time of asking once an answer came from a fault proxy, else as they are."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._tells = False

    def send(self, request: Request) -> Response:
        """Send a request.

        Raises:
            TransportFault: there was no response.
        """
        if self._tells:
            headers = {**request.headers, AT_HEADER.decode(): repr(request.at_s)}
            request = Request(request.method, request.url, request.at_s, headers, request.body)
        response = self._inner.send(request)
        self._tells = self._tells or PROXY_HEADER.decode() in response.headers
        return response

    def close(self) -> None:
        """Let go of connections."""
        self._inner.close()
