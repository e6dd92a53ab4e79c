"""Caller: one operation of the contract from start to end - token, key, retry, status, record."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Protocol, TypeVar

import msgspec

from agents.city_os.asker import Asker, AskerKind
from agents.city_os.messages import Problem
from agents.city_os.operations import attempts
from agents.city_os.patience import Waited, send_patiently
from agents.city_os.port import Answer, Failure, FailureKind
from agents.city_os.tokens import TokenBook
from agents.city_os.transport import Request, Response, Transport
from agents.errors import TransportFault

T = TypeVar("T")

KEY_BYTES = 16
"""Length of an idempotency key's digest: 128 bits, as of a UUID, which the contract gives as its example."""

DEFAULT_STATUS = {"GET": (200,), "PUT": (200,), "POST": (201,)}
"""Statuses by which operations of the contract say that they did what was asked, where nothing else is said."""


class Call(msgspec.Struct, frozen=True):
    """One operation to be called; ``path`` goes on from the API's base.

    ``keyed`` calls carry an Idempotency-Key; ``expects`` are the statuses of success. ``repeatable``: sending it twice
    does no more than sending it once (RFC 9110 9.2.2), although it is a POST without a key.
    """

    operation: str
    method: str
    path: str
    asker: Asker
    at_s: float
    body: bytes = b""
    keyed: bool = False
    expects: tuple[int, ...] = ()
    headers: Mapping[str, str] = {}
    repeatable: bool = False


class Recorder(Protocol):
    """Hears everything that is said."""

    def record(self, call: Call, request: Request, response: Response | None, fault: TransportFault | None) -> None:
        """Take down one request and what came of it: a response, or a fault."""


class Outcome(msgspec.Struct, frozen=True):
    """What came of a call: a response with an expected status, or a failure. ``waited_s`` is wall time."""

    response: Response | None
    failure: Failure | None
    waited_s: float


class Caller:
    """Calls operations for askers, through one transport.

    A request whose connection fails is sent once more if that can do no harm; one whose token is refused is sent once
    more with a new token.
    """

    def __init__(self, transport: Transport, tokens: TokenBook, recorder: Recorder, *, api_base: str) -> None:
        self._transport = transport
        self._tokens = tokens
        self._recorder = recorder
        self._api_base = api_base.rstrip("/")

    def call(self, call: Call) -> Outcome:
        """Call an operation; never raises because a service misbehaves."""
        waited = Waited()
        headers = {"accept": "application/json", **call.headers}
        if call.body:
            headers["content-type"] = "application/json"
        if call.keyed:
            headers["idempotency-key"] = idempotency_key(call)
        response = self._authorised(call, headers, waited)
        if isinstance(response, Failure):
            return Outcome(None, response, waited.seconds)
        expects = call.expects or DEFAULT_STATUS[call.method]
        failure = None if response.status in expects else _failure(response, expects)
        return Outcome(None if failure else response, failure, waited.seconds)

    def _authorised(self, call: Call, headers: Mapping[str, str], waited: Waited) -> Response | Failure:
        if call.asker.kind is AskerKind.ANYBODY:
            return self._send(call, headers, waited)
        response = self._with_token(call, headers, waited, renew=False)
        if isinstance(response, Response) and response.status == 401:
            return self._with_token(call, headers, waited, renew=True)
        return response

    def _with_token(self, call: Call, headers: Mapping[str, str], waited: Waited, *, renew: bool) -> Response | Failure:
        token = self._tokens.bearer(call.asker, call.at_s, self._token_sender(call, waited), renew=renew)
        if isinstance(token, Failure):
            return token
        return self._send(call, {**headers, "authorization": f"Bearer {token}"}, waited)

    def _token_sender(self, call: Call, waited: Waited) -> Callable[[Request], Response | Failure]:
        token_call = Call("issueToken", "POST", "", call.asker, call.at_s)
        return lambda request: self._exchange(token_call, request, waited, most=2)

    def _send(self, call: Call, headers: Mapping[str, str], waited: Waited) -> Response | Failure:
        request = Request(call.method, self._api_base + call.path, call.at_s, headers, call.body)
        most = attempts(call.method, keyed=call.keyed, repeatable=call.repeatable)
        return self._exchange(call, request, waited, most)

    def _exchange(self, call: Call, request: Request, waited: Waited, most: int) -> Response | Failure:
        def record(response: Response | None, fault: TransportFault | None) -> None:
            self._recorder.record(call, request, response, fault)

        return send_patiently(lambda: self._transport.send(request), record, attempts=most, waited=waited)


def idempotency_key(call: Call) -> str:
    """The key of a call: the same for the same asker, time and words, so that a run repeated says the same."""
    words = f"{call.operation} {call.path} {call.asker.kind} {call.asker.row} {call.at_s!r} ".encode()
    return blake2b(words + call.body, digest_size=KEY_BYTES).hexdigest()


def _failure(response: Response, expects: tuple[int, ...]) -> Failure:
    if response.status < 400:
        wanted = " or ".join(map(str, expects))
        return Failure(
            FailureKind.MALFORMED, response.status, f"answered {response.status}, the contract says {wanted}"
        )
    return Failure(FailureKind.STATUS, response.status, problem_text(response.body))


def problem_text(body: bytes) -> str:
    """What an error's body says to a reader, empty if it says nothing that the contract knows."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return ": ".join(part for part in (problem.error, problem.title, problem.detail) if part)


def decoded(outcome: Outcome, decoder: msgspec.json.Decoder[T], latency_factor: float) -> Answer[T]:
    """The answer that an outcome's body holds; MALFORMED if the contract does not allow the body.

    ``latency_factor`` (>= 0) is simulated seconds for each second waited.
    """
    latency_s = outcome.waited_s * latency_factor
    if outcome.response is None:
        return Answer(None, outcome.failure, latency_s)
    try:
        return Answer(decoder.decode(outcome.response.body), None, latency_s)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        return Answer(None, Failure(FailureKind.MALFORMED, outcome.response.status, str(fault)), latency_s)
