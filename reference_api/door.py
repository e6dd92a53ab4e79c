"""The door: under load, requests are put off as soon as their heads are read, for a small part of what answering costs.

Three times as many requests as a worker can serve leave it a few dozen microseconds for each that it must refuse, so
that nothing is made for them: no task, no call, no log record; answers are kept ready, counts are handed on together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from conformance.contract.operations import Operation
from reference_api.admission import CLASSES, Pressure
from reference_api.cross_origin import exposed
from reference_api.fault_bodies import fault_reply
from reference_api.routing import Routes

STATE = "door"
"""Under which name connections find the door in the state of the server's lifespan. Source: ASGI, lifespan state."""


class Door:
    """Where requests come in. ``pressure`` is how loaded the worker behind it is."""

    def __init__(self, routes: Routes, pressure: Pressure) -> None:
        self.pressure = pressure
        self._routes = routes
        self._put_off: Counter[str] = Counter()
        self._operations: dict[str, Operation] = {}
        self._answers: dict[tuple[str, str, int, int, bool], bytes] = {}

    def refusal(
        self, method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]], now_s: float
    ) -> bytes | None:
        """The answer to a request that is put off, from its header fields on; None if the request may come in.

        ``now_s``: on the event loop's clock.
        """
        pressure = self.pressure
        pressure.notice(now_s)
        if not pressure.is_pressed:
            return None
        operation = self._operation(method, target)
        if operation is None or not pressure.turns_away(operation.service_class, now_s):
            return None
        self._operations[operation.operation_id] = operation
        self._put_off[operation.operation_id] += 1
        return self._answer(operation, is_foreign=any(name == b"origin" for name, _ in headers))

    def take_counts(self) -> list[tuple[Operation, int]]:
        """How many requests were put off since this was asked last, by operation."""
        counts, self._put_off = self._put_off, Counter()
        return [(self._operations[name], count) for name, count in counts.items()]

    def _operation(self, method: bytes, target: bytes) -> Operation | None:
        """The operation of a request; None if it is answered otherwise: none is meant, or it is for a person's eyes."""
        path = target.partition(b"?")[0].decode("latin-1")
        found = self._routes.find(unquote(path) if "%" in path else path)
        entry = None if found is None else found[0].get(method.decode("latin-1"))
        if entry is None or method == b"HEAD" or entry[0].error_format == "page":
            return None
        return entry[0]

    def _answer(self, operation: Operation, *, is_foreign: bool) -> bytes:
        pressure = self.pressure
        service_class, again_s = operation.service_class, pressure.retry_after_s
        key = (operation.error_format, service_class, pressure.level, again_s, is_foreign)
        answer = self._answers.get(key)
        if answer is None:
            shed = CLASSES[: max(pressure.level, CLASSES.index(service_class) + 1)]
            headers = {"city-os-shedding": ", ".join(shed)}
            told = exposed(headers) if is_foreign else headers
            answer = self._answers[key] = _written(operation, pressure, told)
        return answer


def _written(operation: Operation, pressure: Pressure, headers: Mapping[str, str]) -> bytes:
    """What an operation that is put off is told: header fields and body."""
    reply = fault_reply(pressure.fault(operation.service_class), operation)
    fields = {
        **headers,
        **reply.headers,
        "content-type": reply.media_type,
        "content-length": str(len(reply.body)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode("latin-1") + b"\r\n" + reply.body
