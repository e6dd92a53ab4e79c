"""The door: under load, much is answered as soon as heads are read, for a small part of what answering costs.

Three times as many requests as a worker can serve leave it a few dozen microseconds for each that it must refuse, so
that nothing is made for them: no task, no call, no log record; answers are kept ready, counts are handed on together.
The same holds for the boards that everybody reads in a disaster: what the memory holds of them is told here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from urllib.parse import unquote

from conformance.contract.operations import Operation
from reference_api.admission import CLASSES, Pressure
from reference_api.call import Reply
from reference_api.city.conditional import is_held, public_reply
from reference_api.cross_origin import exposed
from reference_api.fault_bodies import fault_reply
from reference_api.handlers import BOARDS
from reference_api.intake import Intake
from reference_api.routing import Routes
from reference_api.services import Memory

STATE = "door"
"""Under which name connections find the door in the state of the server's lifespan. Source: ASGI, lifespan state."""

LATELY, SHORT_BYTES = 8192, 128
"""Requests of which is remembered what they ask for, if their targets are so short: each is looked at when it comes and
when it is its turn. Source: none; a second of the highest load, 2 MB. Confidence C."""

Fields = Sequence[tuple[bytes, bytes]]
"""Header fields of a request, names in small letters."""

_LINES: Mapping[int, bytes] = {
    200: b"HTTP/1.1 200 OK\r\n",
    304: b"HTTP/1.1 304 Not Modified\r\n",
    503: b"HTTP/1.1 503 Service Unavailable\r\n",
}


class Door:
    """Where requests come in. ``pressure`` is how loaded the worker behind it is, ``memory`` what that remembers.

    ``intake`` says whose turn it is when many come at once.
    """

    def __init__(self, routes: Routes, pressure: Pressure, memory: Memory) -> None:
        self.pressure = pressure
        self.intake = Intake()
        self._routes = routes
        self._found_lately = lru_cache(LATELY)(partial(_found, routes))
        self._every_answer: tuple[Sequence[tuple[bytes, bytes]], bytes] = ((), b"")
        self._memory = memory
        self._told: Counter[tuple[str, int]] = Counter()
        self._operations: dict[str, Operation] = {}
        self._refusals: dict[tuple[str, str, int, int, bool], bytes] = {}
        self._boards: dict[tuple[str, int, int, bool], tuple[str, bytes]] = {}

    def answer(self, method: bytes, target: bytes, fields: Fields, now_s: float) -> tuple[bytes, bytes] | None:
        """The answer to a request that need not come in: its first line, and all from the header fields on.

        None: it may come in. ``now_s``: on the event loop's clock.
        """
        pressure = self.pressure
        pressure.notice(now_s)
        if not pressure.is_pressed:
            return None
        operation = self._operation(method, target)
        if operation is None:
            return None
        if pressure.turns_away(operation.service_class, now_s):
            is_foreign = any(name == b"origin" for name, _ in fields)
            return self._count(operation, 503, self._refusal(operation, is_foreign=is_foreign))
        if operation.operation_id in BOARDS and b"?" not in target:
            return self._board(operation, fields)
        return None

    def fields(self, every_answer: Sequence[tuple[bytes, bytes]]) -> bytes:
        """Header fields of the server as bytes; it makes new ones each second."""
        if self._every_answer[0] is not every_answer:
            self._every_answer = every_answer, b"".join(b"%s: %s\r\n" % field for field in every_answer)
        return self._every_answer[1]

    def take_counts(self) -> list[tuple[Operation, int, int]]:
        """How many requests were answered since this was asked last, by operation and status."""
        counts, self._told = self._told, Counter()
        return [(self._operations[name], status, count) for (name, status), count in counts.items()]

    def _count(self, operation: Operation, status: int, answer: bytes) -> tuple[bytes, bytes]:
        self._operations[operation.operation_id] = operation
        self._told[operation.operation_id, status] += 1
        return _LINES[status], answer

    def is_urgent(self, data: bytes) -> bool:
        """Whether what begins with these bytes asks for something that is never put off."""
        method, _, rest = data.partition(b" ")
        operation = self._found(method, rest.partition(b" ")[0])
        return operation is not None and operation.service_class not in CLASSES

    def _operation(self, method: bytes, target: bytes) -> Operation | None:
        """The operation of a request; None if it is answered otherwise: none is meant, or it is for a person's eyes."""
        found = self._found(method, target)
        return None if found is None or method == b"HEAD" or found.error_format == "page" else found

    def _found(self, method: bytes, target: bytes) -> Operation | None:
        if len(method) + len(target) > SHORT_BYTES:
            return _found(self._routes, method, target)
        return self._found_lately(method, target)

    def _refusal(self, operation: Operation, *, is_foreign: bool) -> bytes:
        pressure = self.pressure
        service_class, again_s = operation.service_class, pressure.retry_after_s
        key = (operation.error_format, service_class, pressure.level, again_s, is_foreign)
        answer = self._refusals.get(key)
        if answer is None:
            shed = CLASSES[: max(pressure.level, CLASSES.index(service_class) + 1)]
            common = {"city-os-shedding": ", ".join(shed)}
            reply = fault_reply(pressure.fault(service_class), operation)
            answer = self._refusals[key] = _written(reply, common, is_foreign=is_foreign)
        return answer

    def _board(self, operation: Operation, fields: Fields) -> tuple[bytes, bytes] | None:
        """A board from the memory, 304 to who has it; None where that does not know it, or more is asked for."""
        wishes = dict(fields)
        accept = wishes.get(b"accept", b"*/*")
        if b"*/*" not in accept or sum(name == b"if-none-match" for name, _ in fields) > 1:
            return None
        kept = self._memory.current(BOARDS[operation.operation_id])
        if kept is None:
            return None
        body, etag = kept
        held, is_foreign = is_held(wishes.get(b"if-none-match", b"").decode("latin-1"), etag), b"origin" in wishes
        reply = public_reply(body, etag, is_held=held)
        key = (operation.operation_id, reply.status, self.pressure.level, is_foreign)
        before, answer = self._boards.get(key, ("", b""))
        if before != etag:
            answer = _written(reply, self.pressure.headers(), is_foreign=is_foreign)
            self._boards[key] = etag, answer
        return self._count(operation, reply.status, answer)


def _found(routes: Routes, method: bytes, target: bytes) -> Operation | None:
    path = target.partition(b"?")[0].decode("latin-1")
    found = routes.find(unquote(path) if "%" in path else path)
    entry = None if found is None else found[0].get(method.decode("latin-1"))
    return None if entry is None else entry[0]


def _written(reply: Reply, common: Mapping[str, str], *, is_foreign: bool) -> bytes:
    """Header fields and body of an answer; ``common`` fields are those of every answer."""
    fields = {**(exposed(common) if is_foreign else common), **reply.headers}
    if reply.body:
        fields["content-type"] = reply.media_type
    if reply.status != 304:
        fields["content-length"] = str(len(reply.body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode("latin-1") + b"\r\n" + reply.body
