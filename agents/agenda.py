"""Agenda: SimPy's environment, in which most of what happens are appointments that nobody waits for."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

import simpy
from simpy.core import SimTime
from simpy.events import NORMAL


class _Appointment(simpy.Event):
    """Something to be done at a time: an event that nobody waits for, and so much lighter than a SimPy timeout."""

    __slots__ = ("do",)

    def __init__(self, do: Callable[[], None]) -> None:
        self.do = do


class Agenda(simpy.Environment):
    """SimPy's environment with appointments; what comes at one time comes in the order in which it was arranged."""

    def __init__(self) -> None:
        super().__init__(0.0)

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Do something at a later time (at once, but after what is under way, if the time has passed)."""
        now_s = self._now
        delay_s = at_s - now_s
        when_s = now_s + delay_s if delay_s > 0.0 else now_s
        heappush(self._queue, (when_s, NORMAL, next(self._eid), _Appointment(do)))

    def step(self) -> None:
        """Let the next event happen.

        Raises:
            EmptySchedule: there is none.
        """
        event = self._queue[0][3] if self._queue else None
        if isinstance(event, _Appointment):
            self._now = heappop(self._queue)[0]
            event.do()
        else:
            super().step()

    def run(self, until: SimTime | simpy.Event | None = None) -> Any | None:
        """Let everything happen that comes before a time, an event, or at all; as SimPy's, but faster for a time."""
        if until is None or isinstance(until, simpy.Event):
            return super().run(until)
        queue = self._queue
        while queue and queue[0][0] < until:
            event = queue[0][3]
            if isinstance(event, _Appointment):
                self._now = heappop(queue)[0]
                event.do()
            else:
                super().step()
        self._now = until
        return None
