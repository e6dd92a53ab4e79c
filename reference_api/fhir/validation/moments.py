"""Dates and times of several precisions, compared as FHIRPath compares them.

Source: FHIRPath N1, "Comparison"; HL7 FHIR R4 4.0.1, datatypes.html#dateTime.
"""

from datetime import UTC, datetime, timedelta

_PARTS = (4, 7, 10, 16)
"""Lengths of the text up to year, month, day, minute."""


def is_not_after(start: str, end: str) -> bool | None:
    """Whether start <= end; None where their precisions leave it open."""
    if len(start) > 10 and len(end) > 10:
        return _instant(start) <= _instant(end)
    for length in _PARTS[:3]:
        one, other = start[:length], end[:length]
        if len(one) < length or len(other) < length:
            break
        if one != other:
            return one < other
    return True if len(start) == len(end) else None


def _instant(text: str) -> tuple[datetime, str]:
    """Seconds in UTC and the digits of the fraction: fractions may be longer than a datetime holds."""
    clock, zone = (text[:-1], "+00:00") if text.endswith("Z") else (text[:-6], text[-6:])
    whole, _, fraction = clock.partition(".")
    sign = -1 if zone[0] == "-" else 1
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
    # A leap second is the instant after second 59; datetime does not know it.
    leap = timedelta(seconds=1) if whole.endswith(":60") else timedelta()
    moment = datetime.fromisoformat(whole.removesuffix(":60") + (":59" if leap else "")).replace(tzinfo=UTC)
    return _shifted(moment, leap - sign * offset), fraction.rstrip("0")


def _shifted(moment: datetime, by: timedelta) -> datetime:
    """The moment moved, no further than the calendar of datetime reaches."""
    try:
        return moment + by
    except OverflowError:
        return moment
