"""Calendar: the scenario's seconds as dates and times of day, at the edge to a city OS."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from agents.errors import InvalidCalendar


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the scenario starts; ``start`` is an aware datetime (JST).

    Raises:
        InvalidCalendar: ``start`` has no time zone.
    """

    start: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is None:
            raise InvalidCalendar(f"start {self.start.isoformat()} has no time zone; give one, e.g. +09:00")

    def datetime_at(self, at_s: float) -> datetime:
        """The moment ``at_s`` seconds after the start."""
        return self.start + timedelta(seconds=at_s)

    def text(self, at_s: float) -> str:
        """The moment ``at_s`` seconds after the start, with offset, to the millisecond (RFC 3339)."""
        return _text(self.start, at_s)

    def seconds_at(self, moment: datetime) -> float:
        """Seconds from the start to a moment."""
        return (moment - self.start).total_seconds()


@lru_cache(maxsize=256)
def _text(start: datetime, at_s: float) -> str:
    # A step of the simulation tells the same moment a thousand times.
    return (start + timedelta(seconds=at_s)).isoformat(timespec="milliseconds")
