"""FaultyTransport: faults between a run and its city OS, in simulated time, whatever the transport beneath."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b

from agents.city_os.transport import Request, Response, Transport
from agents.errors import NoConnection, NoReplyInTime
from scenarios.faults.answers import NAMED_BY, Answered, error_answer, made_up, skewed
from scenarios.faults.callers import Callers
from scenarios.faults.effects import Terms, slowed_s, stop_call
from scenarios.faults.injection import Asked, Injection, Injector
from scenarios.faults.log import FaultLog
from scenarios.faults.memory import Outbox, PastAnswers, wanted_age_s
from scenarios.faults.paths import Paths

CONDITIONAL = frozenset({"if-none-match", "if-modified-since"})
KEY = "idempotency-key"

Late = Callable[[Asked, Request, Response], None]
"""Told of a write that was sent after a loss, and what came of it."""


class FaultyTransport:
    """Sends requests through faults. Added time is simulated time: nobody waits for it on the wall."""

    def __init__(
        self,
        inner: Transport,
        injector: Injector,
        callers: Callers,
        paths: Paths,
        *,
        log: FaultLog | None = None,
        terms: Terms | None = None,
    ) -> None:
        self._inner = inner
        self._injector = injector
        self._callers = callers
        self._paths = paths
        self._log = log or FaultLog(None, 0)
        self._terms = terms or Terms()
        self._past: PastAnswers[Response] = PastAnswers()
        self._outbox: Outbox[Request] = Outbox(injector)
        self.late: Late = _unheard

    def send(self, request: Request) -> Response:
        """Send a request; what hits it is logged.

        Raises:
            NoConnection: a fault broke the connection off, or there was none.
            NoReplyInTime: a fault, or the service, let the caller wait too long.
        """
        self._send_late(request.at_s)
        authorization = _header(request.headers, "authorization")
        found = self._paths.find(request.method, request.url)
        asked = self._callers.asked(request.method, found, authorization, request.body, request.at_s)
        injection = self._injector.next(asked)
        self._log.add(injection)
        self._stop(injection, request)
        response = self._answer(injection, request, found[1])
        if asked.operation == "issueToken" and response.status == 200:
            self._callers.learn(authorization, request.body, response.body)
        return self._slowed(injection, response)

    def close(self) -> None:
        """Let go of connections."""
        self._inner.close()

    def _stop(self, injection: Injection, request: Request) -> None:
        if injection.stop is None:
            return
        is_repeatable = request.method == "PUT" or (request.method == "POST" and bool(_header(request.headers, KEY)))
        self._outbox.keep(injection, request, is_repeatable=is_repeatable)
        stop_call(injection, self._terms)

    def _answer(self, injection: Injection, request: Request, parameters: Mapping[str, str]) -> Response:
        operation, error = injection.asked.operation, injection.error
        if error is not None and not error.delivered:
            return _response(error_answer(error, operation), injection)
        if injection.skew_s:
            request = _changed(request, body=skewed(request.body, injection.skew_s))
        if injection.is_lost:
            key = f"{injection.asked.subject} {operation} {injection.number}"
            return _response(made_up(operation, parameters, request.body, key), injection)
        response = self._read(injection, request)
        if injection.doubled is not None:
            self._inner.send(_again(request, new_key=injection.doubled.new_key))
        return response if error is None else _response(error_answer(error, operation), injection)

    def _read(self, injection: Injection, request: Request) -> Response:
        """What the service says now, or said some time ago."""
        asked = injection.asked
        age_s = wanted_age_s(self._injector, asked)
        if not age_s:
            return self._inner.send(request)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in CONDITIONAL}
        response = self._inner.send(_changed(request, headers=headers))
        question = (asked.subject, request.url)
        if response.status == 200:
            self._past.remember(question, asked.at_s, response, age_s)
        old = self._past.recall(question, asked.at_s, injection.age_s) if injection.age_s else None
        return response if old is None else Response(old.status, old.headers, old.body, response.elapsed_s)

    def _slowed(self, injection: Injection, response: Response) -> Response:
        elapsed_s = slowed_s(injection, self._terms, response.elapsed_s, len(response.body))
        if elapsed_s == response.elapsed_s:
            return response
        return Response(response.status, response.headers, response.body, elapsed_s)

    def _send_late(self, at_s: float) -> None:
        for due_s, request, asked in self._outbox.due(at_s):
            sent = Request(request.method, request.url, due_s, request.headers, request.body)
            try:
                response = self._inner.send(sent)
            except (NoConnection, NoReplyInTime):
                continue
            self.late(replace(asked, at_s=due_s), sent, response)


def _unheard(asked: Asked, request: Request, response: Response) -> None:
    """Nobody asks what came of writes that were sent late."""


def _response(answered: Answered, injection: Injection) -> Response:
    return Response(answered.status, {**answered.headers, NAMED_BY: injection.names}, answered.body)


def _again(request: Request, *, new_key: bool) -> Request:
    if not new_key or not _header(request.headers, KEY):
        return request
    others = {name: value for name, value in request.headers.items() if name.lower() != KEY}
    return _changed(request, headers={**others, KEY: second_key(_header(request.headers, KEY))})


def _changed(request: Request, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Request:
    """The same request with other headers or another body."""
    kept = request.headers if headers is None else headers
    return Request(request.method, request.url, request.at_s, kept, request.body if body is None else body)


def second_key(key: str) -> str:
    """The key under which a doubled write goes out again, the same for the same key."""
    return blake2b(key.encode(), digest_size=16).hexdigest()


def _header(headers: Mapping[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")
