"""Patience: a request whose connection breaks off is sent once more, one that is not answered in time is given up."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from agents.city_os.port import Failure, FailureKind
from agents.errors import NoReplyInTime, TransportFault


class Timed(Protocol):
    """An answer that took a while."""

    @property
    def elapsed_s(self) -> float:
        """How long it took."""


R = TypeVar("R", bound=Timed)


@dataclass(slots=True)
class Waited:
    """How long an asker has waited so far, over all attempts (s)."""

    seconds: float = 0.0


def send_patiently(
    send: Callable[[], R],
    record: Callable[[R | None, TransportFault | None], None],
    *,
    attempts: int,
    waited: Waited,
) -> R | Failure:
    """Send something up to ``attempts`` times; each time is recorded, an answer or a fault."""
    while True:
        attempts -= 1
        try:
            answer = send()
        except TransportFault as fault:
            waited.seconds += fault.waited_s
            record(None, fault)
            if isinstance(fault, NoReplyInTime):
                return Failure(FailureKind.TIMEOUT, detail=str(fault))
            if not attempts:
                return Failure(FailureKind.UNREACHABLE, detail=str(fault))
        else:
            waited.seconds += answer.elapsed_s
            record(answer, None)
            return answer
