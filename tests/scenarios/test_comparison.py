"""Causes of changed outcomes: the first event in which a person's two lives differ."""

import numpy as np
import pytest

from scenarios.comparison.causes import ORDER, Cause, causes_of
from scenarios.comparison.lives import partings
from twin.events import EventKind as Kind
from twin.events import Intent
from twin.trace import EventColumns, Trace

Row = tuple[float, Kind, int, int]
LIFE: tuple[Row, ...] = (
    (10.0, Kind.WARNED, -1, 1),
    (10.0, Kind.DECIDED, 4, Intent.SHELTER),
    (600.0, Kind.DEPARTED, 4, 0),
    (900.0, Kind.QUEUED, 4, 0),
    (960.0, Kind.CHECKED_IN, 4, 0),
)


def events_of(rows: tuple[Row, ...]) -> EventColumns:
    """The life of person 0."""
    trace = Trace()
    for time_s, kind, place, detail in rows:
        trace.record(kind, time_s, np.array([0]), place, detail)
    return trace.columns()


@pytest.mark.parametrize(
    ("row", "other", "cause"),
    [
        (0, (500.0, Kind.WARNED, -1, 1), Cause.WARNING),
        (1, (10.0, Kind.DECIDED, 4, Intent.CAR), Cause.DECISION),
        (1, (10.0, Kind.DECIDED, 5, Intent.SHELTER), Cause.SHELTER),
        (2, (700.0, Kind.DEPARTED, 4, 0), Cause.DEPARTURE),
        (3, (990.0, Kind.QUEUED, 4, 0), Cause.WAY),
        (3, (900.0, Kind.STRANDED, 8, 0), Cause.BLOCKED),
        (3, (900.0, Kind.DIVERTED, 4, 1), Cause.DIVERTED),
        (4, (1900.0, Kind.CHECKED_IN, 4, 0), Cause.RECEPTION),
    ],
)
def test_the_first_difference_is_the_cause(row: int, other: Row, cause: Cause) -> None:
    """Whatever differs later, the cause is what differed first, whichever plan is A."""
    a, b = events_of(LIFE), events_of((*LIFE[:row], other))
    for pair in ((a, b), (b, a)):
        (found,) = causes_of(partings(*pair, 1)).tolist()
        assert ORDER[found] is cause


def test_rounding_parts_no_lives() -> None:
    """Times that differ by less than a second are the same life."""
    later = tuple((time_s + 1e-9, kind, place, detail) for time_s, kind, place, detail in LIFE)
    assert not partings(events_of(LIFE), events_of(later), 1).parted.any()
