"""Clock, the port through which the server knows the time; the only reader of the wall clock in this room."""

import time
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Protocol

JST = timezone(timedelta(hours=9), "JST")
"""Japan Standard Time. Source: 標準時ニ関スル件 (Imperial Ordinance 167 of 1895): 135 degrees east."""


class Clock(Protocol):
    """Tells the time."""

    def now_s(self) -> float:
        """Unix time in seconds."""


class WallClock:
    """The machine's clock."""

    def now_s(self) -> float:
        """Unix time in seconds."""
        return time.time()


class GivenClock:
    """A clock that shows what it is told, for simulations and tests; it starts at ``now_s`` (Unix seconds)."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def now_s(self) -> float:
        """Unix time in seconds."""
        return self._now_s

    def set_s(self, now_s: float) -> None:
        """Show another time (Unix seconds)."""
        self._now_s = now_s


_REMEMBERED = 65_536
"""The instants on one long list: with fewer, whoever reads it again finds none of them. Source: none; about 12 MB."""


@lru_cache(maxsize=_REMEMBERED)
def instant(unix_s: float) -> str:
    """RFC 3339 text with the offset of Japan, in milliseconds where there are any."""
    moment = datetime.fromtimestamp(round(unix_s, 3), JST)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
