"""A transport that says what a test wants."""

from collections.abc import Callable

from agents.city_os.transport import Request, Response, Transport
from agents.errors import TransportFault

Script = Callable[[Request], Response | TransportFault | None]


class Scripted:
    """A transport that asks a script first and hands on what the script leaves alone."""

    def __init__(self, inner: Transport, script: Script) -> None:
        self._inner = inner
        self.script = script
        self.requests: list[Request] = []

    def send(self, request: Request) -> Response:
        """Send a request, unless the script has an answer to it."""
        self.requests.append(request)
        answer = self.script(request)
        if isinstance(answer, TransportFault):
            raise answer
        return answer or self._inner.send(request)

    def close(self) -> None:
        """Nothing to let go of."""
