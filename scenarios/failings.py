"""Failings: what people met where the city OS, or paper, failed them; pure functions of the record, as metrics are."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from scenarios.outcomes import Outcomes
from scenarios.record import RunRecord
from twin.events import EventKind
from twin.trace import EventColumns
from twin.units import SECONDS_PER_HOUR

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Row = tuple[str, int | float | None, Mapping[str, str]]
"""Name and value of a metric, and the part that it is of."""

MOMENTS_H = (1, 3, 6)
"""Hours after the start at which it is asked whose safety is not known. A choice of the report."""

WHOLE: Mapping[str, str] = {}


def failings(record: RunRecord, outcomes: Outcomes) -> Iterator[Row]:
    """Numbers of the whole town, then by shelter and by moment."""
    yield from _board(record)
    yield from _asking(record)
    yield from _messages(record)
    yield from _queues(record, outcomes)
    yield from _unknown(record, outcomes)


def _board(record: RunRecord) -> Iterator[Row]:
    board = record.board if record.header.connected else None
    misled = record.events.of(EventKind.MISINFORMED)
    turned_away = _turned_away(record.events, misled)
    yield "wrong_status_seen", None if board is None else board.wrong, WHOLE
    yield "wrong_status_followed", None if board is None else len(misled), WHOLE
    yield "wrong_status_turned_away", None if board is None else int(turned_away.sum()), WHOLE
    for row, shelter in enumerate(record.town.shelters):
        by = {"shelter": shelter.id}
        here = misled.place == row
        yield "wrong_status_seen", None if board is None else int(board.wrong_at[row]), by
        yield "wrong_status_followed", None if board is None else int(here.sum()), by
        yield "wrong_status_turned_away", None if board is None else int(turned_away[here].sum()), by


def _turned_away(events: EventColumns, misled: EventColumns) -> BoolArray:
    """Which of those who followed a wrong status were sent on from that very shelter afterwards."""
    found = np.zeros(len(misled), np.bool_)
    sent_on = events.of(EventKind.DIVERTED)
    last_s: dict[tuple[int, int], float] = {}
    for person, place, at_s in zip(
        sent_on.person.tolist(), sent_on.place.tolist(), sent_on.time_s.tolist(), strict=True
    ):
        last_s[person, place] = at_s
    rows = zip(misled.person.tolist(), misled.place.tolist(), misled.time_s.tolist(), strict=True)
    for row, (person, place, at_s) in enumerate(rows):
        found[row] = last_s.get((person, place), -np.inf) >= at_s
    return found


def _asking(record: RunRecord) -> Iterator[Row]:
    asking = record.events.of(EventKind.ASKING)
    yield "asked_at_shelter", len(asking), WHOLE
    counts = np.bincount(asking.place, minlength=len(record.town.shelters))
    for row, shelter in enumerate(record.town.shelters):
        yield "asked_at_shelter", int(counts[row]), {"shelter": shelter.id}


def _messages(record: RunRecord) -> Iterator[Row]:
    late_s = [one.late_s for one in record.messages if one.late_s is not None]
    connected = record.header.connected
    yield "messages_unsent", len(record.messages) - len(late_s) if connected else None, WHOLE
    yield "message_late_s", max(late_s, default=None) if connected else None, WHOLE


def _queues(record: RunRecord, outcomes: Outcomes) -> Iterator[Row]:
    """Most people in line at one moment: to be received, or to ask."""
    stays = outcomes.stays
    in_line = np.isin(stays.kind, (EventKind.QUEUED, EventKind.ASKING))
    place, from_s, until_s = stays.place[in_line], stays.from_s[in_line], stays.until_s[in_line]
    yield "queue_peak", peak(from_s, until_s), WHOLE
    for row, shelter in enumerate(record.town.shelters):
        here = place == row
        yield "queue_peak", peak(from_s[here], until_s[here]), {"shelter": shelter.id}


def peak(from_s: FloatArray, until_s: FloatArray) -> int:
    """Most intervals that hold one moment; one that ends as another begins does not overlap it, an empty one none."""
    time_s = np.concatenate((from_s, until_s))
    change = np.repeat(np.array((1, -1), np.int64), len(from_s))
    return int(np.cumsum(change[np.lexsort((change, time_s))]).max(initial=0))


def _unknown(record: RunRecord, outcomes: Outcomes) -> Iterator[Row]:
    sought, found = record.events.of(EventKind.SOUGHT).time_s, record.events.of(EventKind.FOUND).time_s
    end_s = record.scenario.duration_s
    moments_s = {str(hours): hours * SECONDS_PER_HOUR for hours in MOMENTS_H if hours * SECONDS_PER_HOUR < end_s}
    for at, at_s in {"": end_s, **moments_s}.items():
        by = {"at_h": at} if at else WHOLE
        yield "unknown_to_city", _not_by(outcomes.confirmed.time_s, at_s), by
        met_s = record.met_s
        yield "unknown_to_association", None if met_s is None else _not_by(met_s, at_s), by
        yield "unknown_to_family", int((sought <= at_s).sum() - (found <= at_s).sum()), by


def _not_by(time_s: FloatArray, at_s: float) -> int:
    return int(np.count_nonzero(time_s > at_s))
