"""Events in exact order of time and key, compiled: a wheel of short buckets, only the present one kept sorted.

Equal times are ordered by key, so the order of insertion never matters. A later event waits unsorted in its bucket of
the wheel; one beyond the wheel's turn waits in a heap. What allocates nothing is compiled without reference counts
(``_nrt=False``), which took half the time of a run, and into its caller (``forceinline``): handing a dozen arrays, a
hundred words, to a function took half of what was left.

Source: Brown (1988), "Calendar queues: a fast O(1) priority queue implementation for the simulation event set problem".
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.movement.kernel import kernel, part
from agents.movement.prefetch import prefetch

KIND_BITS = 60
"""A key is the kind of its event above so many bits."""

Records = npt.NDArray[np.void]
Counts = npt.NDArray[np.int64]

EVENT = np.dtype([("time_s", "f8"), ("key", "i8"), ("row", "i8")])
SOON = np.dtype([("kind", "i4"), ("row", "i4"), ("link", "i4"), ("party", "i4"), ("onward", "i4")])
"""An event to come: its kind and row; the link that somebody may leave by it, who that is, and the link ahead."""
_WAITING = np.dtype([("time_s", "f8"), ("key", "i8"), ("row", "i4"), ("behind", "i4")])

_PER_S = 128.0
"""Buckets a second: one event each in a city of a hundred thousand people, ten in one of a million, so that the heap of
the present stays small. No result depends on it."""
_BUCKETS = 1 << 20
"""The wheel's turn is 8,192 s, longer than most of the waits of a run."""
_NONE = -1

_ENOUGH_SOON, _MOST_SOON = 64, 1024
"""Events that are looked ahead for at once, from so many on: while memory brings what the first of them touches, it is
asked for the others'. Many more would not stay in the nearest cache."""
_CHAINS = 8
"""Buckets that are read at once: each event says where the next of its bucket is, and memory takes its time to tell."""
_SOON_BUCKETS = 64
"""Buckets that are looked ahead at most: half a second, in which few events come to be that were not there."""

# Places in ``counts``: events in the present, on the wheel and beyond it; the present bucket; first free waiting row;
# the first bucket that nobody looked at ahead.
_NEAR, _WHEEL, _FAR, _BUCKET, _FREE, _AHEAD = 0, 1, 2, 3, 4, 5


class Queue(NamedTuple):
    """Room for events; ``near`` and ``far`` are heaps, ``wheel`` the first of ``waiting`` in each bucket, plus 1.

    ``behind`` of a row of ``waiting`` is the next row of its bucket; of a free row, how many rows after the one below
    the next free row lies: 0 in memory that was never touched.
    """

    near: Records
    far: Records
    waiting: Records
    wheel: npt.NDArray[np.int32]
    soon: Records
    chains: npt.NDArray[np.int32]
    counts: Counts


def make_queue(room: int) -> Queue:
    """An empty queue with room for so many events; memory is touched, and so taken, where events come to be."""
    return Queue(
        near=np.zeros(room, dtype=EVENT),
        far=np.zeros(room, dtype=EVENT),
        waiting=np.zeros(room, dtype=_WAITING),
        wheel=np.zeros(_BUCKETS, dtype=np.int32),
        soon=np.zeros(_MOST_SOON, dtype=SOON),
        chains=np.full(_CHAINS, _NONE, dtype=np.int32),
        counts=np.zeros(6, dtype=np.int64),
    )


def queue_with_room(queue: Queue, room: int) -> Queue:
    """The same queue with room for more events."""
    near, far, waiting = (np.zeros(room, dtype=rows.dtype) for rows in (queue.near, queue.far, queue.waiting))
    near[: queue.counts[_NEAR]] = queue.near[: queue.counts[_NEAR]]
    far[: queue.counts[_FAR]] = queue.far[: queue.counts[_FAR]]
    waiting[: len(queue.waiting)] = queue.waiting
    return queue._replace(near=near, far=far, waiting=waiting)


@kernel(_nrt=False, forceinline=True)
def pending(queue: Queue) -> int:
    """Number of events in the queue."""
    number: int = queue.counts[_NEAR] + queue.counts[_WHEEL] + queue.counts[_FAR]
    return number


@part
def push(queue: Queue, time_s: float, key: int | np.int64, row: int) -> None:
    """Add an event."""
    counts = queue.counts
    ahead = time_s * _PER_S - counts[_BUCKET]
    if ahead < 1.0:
        _push_heap(queue.near, counts, _NEAR, time_s, key, row)
    elif ahead < _BUCKETS:
        bucket = np.int64(time_s * _PER_S) % _BUCKETS
        place = counts[_FREE]
        event = queue.waiting[place]
        counts[_FREE] = place + 1 + event.behind
        event.time_s = time_s
        event.key = key
        event.row = row
        event.behind = queue.wheel[bucket] - 1
        queue.wheel[bucket] = place + 1
        counts[_WHEEL] += 1
    else:
        _push_heap(queue.far, counts, _FAR, time_s, key, row)


@part
def look_ahead(queue: Queue) -> int:
    """Number of events in ``soon``, those that come next in no order; 0 until the last of them has come."""
    counts = queue.counts
    if counts[_BUCKET] < counts[_AHEAD]:
        return 0
    number: int = min(counts[_NEAR], _MOST_SOON)
    for place in range(number):
        queue.soon[place].kind = queue.near[place].key >> KIND_BITS
        queue.soon[place].row = queue.near[place].row
    bucket = counts[_BUCKET] + 1
    last = bucket + _SOON_BUCKETS
    while number < _ENOUGH_SOON and bucket < last:
        number = _add_soon(queue, bucket, number)
        bucket += _CHAINS
    counts[_AHEAD] = bucket
    return number


@part
def _add_soon(queue: Queue, bucket: int, number: int) -> int:
    """Add the events of the next few buckets to those in ``soon``, one of each in turn; their number."""
    chains, longest = queue.chains, _NONE
    for chain in range(_CHAINS):
        chains[chain] = queue.wheel[(bucket + chain) % _BUCKETS] - 1
        longest = max(longest, chains[chain])
    while longest != _NONE and number < _MOST_SOON - _CHAINS:
        longest = _NONE
        for chain in range(_CHAINS):
            if chains[chain] != _NONE:
                event = queue.waiting[chains[chain]]
                prefetch(queue.waiting, event.behind, 0)
                queue.soon[number].kind = event.key >> KIND_BITS
                queue.soon[number].row = event.row
                chains[chain] = event.behind
                longest = max(longest, event.behind)
                number += 1
    return number


@part
def first_s(queue: Queue) -> float:
    """Time of the first event; inf if there is none."""
    counts = queue.counts
    while counts[_NEAR] == 0:
        if counts[_WHEEL] == 0:
            if counts[_FAR] == 0:
                return np.inf
            counts[_BUCKET] = np.int64(queue.far[0].time_s * _PER_S)
        else:
            counts[_BUCKET] += 1
        _sort_bucket(queue)
    time_s: float = queue.near[0].time_s
    return time_s


@part
def _sort_bucket(queue: Queue) -> None:
    """Bring the events of the present bucket into order."""
    counts, bucket = queue.counts, queue.counts[_BUCKET]
    while counts[_FAR] > 0 and queue.far[0].time_s * _PER_S < bucket + 1:
        time_s, key, row = _pop_heap(queue.far, counts, _FAR)
        _push_heap(queue.near, counts, _NEAR, time_s, key, row)
    place = queue.wheel[bucket % _BUCKETS] - 1
    queue.wheel[bucket % _BUCKETS] = 0
    while place != _NONE:
        event = queue.waiting[place]
        _push_heap(queue.near, counts, _NEAR, event.time_s, event.key, event.row)
        behind = event.behind
        event.behind = counts[_FREE] - place - 1
        counts[_FREE] = place
        counts[_WHEEL] -= 1
        place = behind


@part
def pop(queue: Queue) -> tuple[float, int, int]:
    """Take the first event: its time, key and row; ``first_s`` must have been asked and have named a time."""
    event: tuple[float, int, int] = _pop_heap(queue.near, queue.counts, _NEAR)
    return event


@part
def _push_heap(events: Records, counts: Counts, heap: int, time_s: float, key: int | np.int64, row: int) -> None:
    place = counts[heap]
    counts[heap] = place + 1
    while place > 0:
        parent = (place - 1) >> 1
        if not (time_s < events[parent].time_s or (time_s == events[parent].time_s and key < events[parent].key)):
            break
        events[place] = events[parent]
        place = parent
    events[place].time_s = time_s
    events[place].key = key
    events[place].row = row


@part
def _pop_heap(events: Records, counts: Counts, heap: int) -> tuple[float, int, int]:
    time_s, key, row = events[0].time_s, events[0].key, events[0].row
    last = counts[heap] - 1
    counts[heap] = last
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
