"""A binary heap of events, compiled; equal times are ordered by key, so the order of insertion never matters.

numba's cache of the callers does not see changes made here: after an edit delete ``agents/movement/__pycache__``.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

Records = npt.NDArray[np.void]
Counts = npt.NDArray[np.int64]

EVENT = np.dtype([("time_s", "f8"), ("key", "i8"), ("row", "i8")])


@njit(cache=True)
def push(events: Records, counts: Counts, time_s: float, key: int, row: int) -> None:
    """Add an event; ``counts[0]`` is the number of events in the heap."""
    place = counts[0]
    counts[0] = place + 1
    while place > 0:
        parent = (place - 1) >> 1
        if not (time_s < events[parent].time_s or (time_s == events[parent].time_s and key < events[parent].key)):
            break
        events[place] = events[parent]
        place = parent
    events[place].time_s = time_s
    events[place].key = key
    events[place].row = row


@njit(cache=True)
def pop(events: Records, counts: Counts) -> tuple[float, int, int]:
    """Take the first event: its time, key and row."""
    time_s, key, row = events[0].time_s, events[0].key, events[0].row
    last = counts[0] - 1
    counts[0] = last
    last_s, last_key = events[last].time_s, events[last].key
    place, child = 0, 1
    while child < last:
        other = child + 1
        if other < last and (
            events[other].time_s < events[child].time_s
            or (events[other].time_s == events[child].time_s and events[other].key < events[child].key)
        ):
            child = other
        if last_s < events[child].time_s or (last_s == events[child].time_s and last_key < events[child].key):
            break
        events[place] = events[child]
        place, child = child, 2 * child + 1
    # When the heap is empty now, this copies the event onto itself.
    events[place] = events[last]
    return time_s, key, row
