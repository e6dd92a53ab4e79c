"""Line: how a call reaches a city OS that is a model, in place of a transport; faults may be put on it."""

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

import msgspec

from agents.city_os.asker import Asker
from agents.city_os.operations import Use

FIRST_ERROR = 400
"""Statuses from here on say that it was not done. Source: RFC 9110 section 15."""


class Reply(NamedTuple):
    """What came back: a status as of HTTP, and what was said; ``elapsed_s`` is how long it took."""

    status: int
    value: object = None
    elapsed_s: float = 0.0


Deed = Callable[[float, float], Reply]
"""What a service does when a call reaches it, given when it is received and when what it tells was observed (s)."""


def _nobody(_status: int) -> None:
    """Nobody waits to hear of it."""


class LineCall(msgspec.Struct):
    """One call of an operation; ``shelter`` is the one that its path names, -1 for none.

    ``question`` tells reads of one asker apart. ``made_up`` is what somebody would say who took the call and never did
    it. ``heard`` is told the status of each answer. ``holds_until_s`` is when the asker's token ends.
    """

    use: Use
    asker: Asker
    at_s: float
    shelter: int = -1
    question: Hashable = ()
    made_up: object = None
    heard: Callable[[int], None] = _nobody
    holds_until_s: float = float("inf")


class Line(Protocol):
    """Carries calls to a service and back."""

    def send(self, call: LineCall, do: Deed) -> Reply:
        """Let the service do what is asked.

        Raises:
            TransportFault: there was no answer.
        """


class PlainLine:
    """A line on which nothing ever goes wrong, nor takes time."""

    def send(self, call: LineCall, do: Deed) -> Reply:
        """Let the service do what is asked, at once."""
        return do(call.at_s, call.at_s)
