"""Intake: how much of what arrives is handled in one round of the event loop, and what first.

Without a bound, a crowd of connections keeps the loop reading and refusing for as long as they send: whoever was let in
would wait for their turn meanwhile, and who wrote would wait to hear that it is on the disk.
Source: libuv 1.x, ``uv__io_poll`` asks up to 48 times for 1,024 events each before anything else has its turn.
"""

import asyncio
from collections import deque
from typing import Protocol

AT_ONCE = 256
"""Readings in one round. Source: none; if nearly all are refused, 15 ms of work. Confidence C."""


class Waiter(Protocol):
    """A connection of which something has arrived."""

    def go_on(self) -> None:
        """Handle what has arrived: it is this connection's turn."""


class Intake:
    """Whose turn it is: the urgent first, of them who came first, and no more in a round than AT_ONCE."""

    def __init__(self) -> None:
        self._handled = 0
        self._lines = deque[tuple[float, Waiter]](), deque[tuple[float, Waiter]]()
        self._is_due = False

    def takes(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether what has just arrived may be handled now; if not, its connection must ``wait``."""
        if not self._is_due:
            self._is_due = True
            loop.call_soon(self._begin_round, loop)
        if any(self._lines) or self._handled >= AT_ONCE:
            return False
        self._handled += 1
        return True

    def wait(self, waiter: Waiter, now_s: float, *, is_urgent: bool) -> None:
        """Let a connection have its turn in one of the next rounds. ``now_s``: on the event loop's clock."""
        urgent, others = self._lines
        (urgent if is_urgent else others).append((now_s, waiter))

    def waited_s(self, now_s: float) -> float:
        """How long who came first of all has waited, 0 if nobody does."""
        return max((now_s - line[0][0] for line in self._lines if line), default=0.0)

    def _begin_round(self, loop: asyncio.AbstractEventLoop) -> None:
        self._handled, self._is_due = 0, False
        for line in self._lines:
            while line and self._handled < AT_ONCE:
                self._handled += 1
                line.popleft()[1].go_on()
        if self._handled and not self._is_due:
            self._is_due = True
            loop.call_soon(self._begin_round, loop)
