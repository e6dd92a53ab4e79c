"""What faults keep for later: answers that reads will be given when they are stale, and writes of phones cut off."""

import heapq
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

from scenarios.faults.form import CellLoss, PowerLoss, StaleReads
from scenarios.faults.injection import CITIZEN, Asked, Injection, Injector

T = TypeVar("T")

QUESTIONS_KEPT = 10_000
"""Questions whose answers are kept, the last asked. Source: none. Confidence C."""

SAMPLES = 60
"""Answers kept of one question within the age that is wanted: none is older than wanted by more than a 60th."""


class PastAnswers(Generic[T]):
    """Answers of the past, by question."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, deque[tuple[float, T]]] = OrderedDict()

    def remember(self, question: object, at_s: float, answer: T, age_s: float) -> None:
        """Keep what was answered, if nothing was kept shortly before."""
        kept = self._kept.setdefault(question, deque())
        self._kept.move_to_end(question)
        if not kept or at_s - kept[-1][0] >= age_s / SAMPLES:
            kept.append((at_s, answer))
        while len(kept) > 1 and kept[1][0] <= at_s - age_s:
            kept.popleft()
        if len(self._kept) > QUESTIONS_KEPT:
            self._kept.popitem(last=False)

    def recall(self, question: object, at_s: float, age_s: float) -> T | None:
        """The newest answer that is old enough; if none is, the oldest; None if the question was never asked."""
        kept = self._kept.get(question)
        if not kept:
            return None
        old = [answer for then_s, answer in kept if then_s <= at_s - age_s]
        return old[-1] if old else kept[0][1]


def wanted_age_s(injector: Injector, asked: Asked) -> float:
    """The age that answers to a read may be wanted at, now or soon; 0 where none needs to be kept."""
    return max(
        (
            one.age_s
            for one in injector.faults_of(asked.method, asked.operation)
            if isinstance(one, StaleReads) and one.from_s - 2 * one.age_s <= asked.at_s < one.until_s
        ),
        default=0.0,
    )


@dataclass(order=True, slots=True)
class _Letter(Generic[T]):
    due_s: float
    number: int
    request: T = field(compare=False)
    asked: Asked = field(compare=False)


class Outbox(Generic[T]):
    """Writes that apps could not send, and send when the network is back."""

    def __init__(self, injector: Injector) -> None:
        self._injector = injector
        self._letters: list[_Letter[T]] = []
        self._numbers = count()

    def keep(self, injection: Injection, request: T, *, is_repeatable: bool) -> None:
        """Keep a write for later, if the fault that stopped it says so; ``is_repeatable``: it can be sent twice."""
        stop, asked = injection.stop, injection.asked
        if not isinstance(stop, CellLoss | PowerLoss) or stop.burst_s is None or asked.role != CITIZEN:
            return
        if is_repeatable and stop.until_s < float("inf"):
            due_s = stop.until_s + stop.burst_s * self._injector.draw(stop, ".burst", injection)
            heapq.heappush(self._letters, _Letter(due_s, next(self._numbers), request, asked))

    def due(self, at_s: float) -> Iterator[tuple[float, T, Asked]]:
        """What is to be sent by now, in order, each once."""
        while self._letters and self._letters[0].due_s <= at_s:
            letter = heapq.heappop(self._letters)
            yield letter.due_s, letter.request, letter.asked
