"""Everything said to a city OS, written down as it is said, counted, and shown to observers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import BinaryIO

import msgspec

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.caller import Call
from agents.city_os.transport import Request, Response
from agents.errors import TransportFault
from conformance.contract.exchange import Exchange, ExchangeLog


class Observation(msgspec.Struct, frozen=True):
    """One response as an observer sees it: who asked for what and when, what they sent and what they were told."""

    asker: Asker
    operation: str
    at_s: float
    sent: bytes
    status: int
    body: bytes


Observer = Callable[[Observation], None]


class ExchangeRecorder:
    """Writes each exchange to ``file`` (none: nowhere), counts calls and errors, and calls ``observers``.

    Nothing is kept but counts and, by ExchangeLog, digests of long bodies.
    """

    def __init__(self, file: BinaryIO | None = None, *, observers: Sequence[Observer] = ()) -> None:
        self._log = ExchangeLog(file) if file is not None else None
        self._observers = list(observers)
        self._calls: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._number = 0

    def observe(self, observer: Observer) -> None:
        """Show every response from now on to an observer."""
        self._observers.append(observer)

    @property
    def calls(self) -> Mapping[str, int]:
        """Number of requests by operation, retries counted."""
        return self._calls

    @property
    def errors(self) -> Mapping[str, int]:
        """Number of requests by operation that got no response, or a status of 400 or more."""
        return self._errors

    def record(self, call: Call, request: Request, response: Response | None, fault: TransportFault | None) -> None:
        """Take down one request and what came of it."""
        self._calls[call.operation] += 1
        if response is None or response.status >= 400:
            self._errors[call.operation] += 1
        if self._log is not None:
            self._log.add(_exchange(self._number, call, request, response, fault))
        self._number += 1
        if response is not None and self._observers:
            seen = Observation(call.asker, call.operation, call.at_s, request.body, response.status, response.body)
            for observer in self._observers:
                observer(seen)


@lru_cache(maxsize=65_536)
def _actor(kind: AskerKind, row: int) -> str:
    return str(kind) if row < 0 else f"{kind}:{row}"


def _exchange(
    number: int, call: Call, request: Request, response: Response | None, fault: TransportFault | None
) -> Exchange:
    said = response or Response(0, {}, b"", fault.waited_s if fault else 0.0)
    return Exchange(
        number=number,
        at_s=call.at_s,
        actor=_actor(call.asker.kind, call.asker.row),
        operation_id=call.operation,
        method=request.method,
        url=request.url,
        status=said.status,
        latency_s=said.elapsed_s,
        request_headers=request.headers,
        request_body=request.body.decode("utf-8", "replace"),
        response_headers=dict(said.headers),
        response_body=said.body.decode("utf-8", "replace"),
        fault=str(fault) if fault else "",
    )
