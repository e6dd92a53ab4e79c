"""Effects: what faults do to a call, whatever carries it: it is stopped, it is slow, and how waiting counts."""

from dataclasses import dataclass

from agents.errors import NoConnection, NoReplyInTime
from scenarios.faults.injection import Injection


@dataclass(frozen=True, slots=True)
class Terms:
    """How waiting counts: simulated seconds a second of it, and how long anybody waits (s)."""

    latency_factor: float = 1.0
    timeout_s: float = 10.0

    def waited_s(self, simulated_s: float) -> float:
        """The wait that counts as so much simulated time; none where waiting does not count."""
        return simulated_s / self.latency_factor if self.latency_factor > 0 else 0.0


def stop_call(injection: Injection, terms: Terms) -> None:
    """Keep a call from reaching the service, if a fault does.

    Raises:
        NoConnection: the connection breaks off.
        NoReplyInTime: nobody answers.
    """
    stop = injection.stop
    if stop is None:
        return
    if injection.is_silent:
        raise NoReplyInTime(f"no response: fault {stop.name}", terms.waited_s(terms.timeout_s))
    raise NoConnection(f"no connection: fault {stop.name}")


def slowed_s(injection: Injection, terms: Terms, elapsed_s: float, body_bytes: int = 0) -> float:
    """How long an answer takes that took ``elapsed_s`` and has a body of so many bytes.

    Raises:
        NoReplyInTime: longer than anybody waits.
    """
    added_s = injection.latency_s + body_bytes / injection.bytes_per_s
    if not added_s:
        return elapsed_s
    if added_s > terms.timeout_s:
        longest_s = terms.waited_s(terms.timeout_s)
        raise NoReplyInTime(f"no response within {terms.timeout_s:g} s: fault {injection.names}", longest_s)
    return elapsed_s + terms.waited_s(added_s)
