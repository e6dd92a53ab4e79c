"""Moments: times of observation that follow one another in a process, so that a later one is always newer."""

import threading
from datetime import UTC, datetime, timedelta

BEHIND = timedelta(hours=1)
"""How far before now the first one lies, so that none is ever ahead of the target's clock. Source: contract, checkIn:
a time of observation more than 10 minutes ahead is refused."""

STEP = timedelta(seconds=1)
"""Least distance of two; a target may keep whole seconds (RFC 3339 5.6: fractions are optional)."""

_lock = threading.Lock()
_last = [datetime.now(UTC).replace(microsecond=0) - BEHIND]


def moment() -> str:
    """A time of observation that is newer than all before it in this process (RFC 3339)."""
    with _lock:
        _last[0] = max(_last[0] + STEP, datetime.now(UTC).replace(microsecond=0) - BEHIND)
        return _last[0].isoformat()


def shifted(instant: str, seconds: float) -> str:
    """A time so many seconds later."""
    return (datetime.fromisoformat(instant) + timedelta(seconds=seconds)).isoformat()


def same(one: object, other: object) -> bool:
    """Whether two texts are the same instant, whatever their offsets."""
    try:
        return datetime.fromisoformat(str(one)) == datetime.fromisoformat(str(other))
    except (ValueError, TypeError):
        return False


def is_instant(told: object) -> bool:
    """Whether a value is a time of RFC 3339 with an offset."""
    try:
        return isinstance(told, str) and "T" in told and datetime.fromisoformat(told).tzinfo is not None
    except ValueError:
        return False
