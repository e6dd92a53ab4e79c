"""Rows by the numbers of trips, compiled: any numbers, each once.

Source: Knuth (1998), "The Art of Computer Programming", vol. 3, 6.4: linear probing (algorithms L and R), and
multiplicative hashing by the golden ratio.
"""

import numpy as np
import numpy.typing as npt

from agents.movement.kernel import kernel

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

ABSENT = -1

_FIRST_ROOM = 1024
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Numbering:
    """The row of each number that is in use."""

    def __init__(self) -> None:
        self._count = 0
        self._numbers = np.zeros(_FIRST_ROOM, dtype=np.int32)
        self._rows = np.full(_FIRST_ROOM, ABSENT, dtype=np.int64)

    def add(self, numbers: Int32Array, first_row: int) -> int | None:
        """Give numbers the rows from ``first_row`` on; if one is in use, add none and return it."""
        self._make_room(self._count + len(numbers))
        taken = put(self._numbers, self._rows, numbers, np.arange(first_row, first_row + len(numbers)))
        if taken != ABSENT:
            drop(self._numbers, self._rows, numbers[:taken])
            return int(numbers[taken])
        self._count += len(numbers)
        return None

    def remove(self, numbers: Int32Array) -> None:
        """Take numbers out that are in use."""
        drop(self._numbers, self._rows, numbers)
        self._count -= len(numbers)

    def rows_of(self, numbers: Int32Array) -> Int64Array:
        """The row of each number, ABSENT for those not in use."""
        rows = np.empty(len(numbers), dtype=np.int64)
        find(self._numbers, self._rows, numbers, rows)
        return rows

    @property
    def numbers(self) -> Int32Array:
        """All numbers in use, ascending."""
        return np.sort(self._numbers[self._rows != ABSENT])

    @property
    def rows(self) -> Int64Array:
        """The rows of all numbers in use, in no order."""
        used: Int64Array = self._rows[self._rows != ABSENT]
        return used

    def _make_room(self, count: int) -> None:
        """See that at least half of the places are free."""
        if 2 * count > len(self._rows):
            numbers, rows = self._numbers[self._rows != ABSENT], self.rows
            room = 1 << (2 * count).bit_length()
            self._numbers, self._rows = np.zeros(room, dtype=np.int32), np.full(room, ABSENT, dtype=np.int64)
            put(self._numbers, self._rows, numbers, rows)


@kernel(_nrt=False)
def put(numbers: Int32Array, rows: Int64Array, new: Int32Array, new_rows: Int64Array) -> int:
    """Add numbers with their rows, up to one that is there already: its place in ``new``, ABSENT if there is none."""
    for place in range(len(new)):
        slot = _slot_of(numbers, rows, new[place])
        if rows[slot] != ABSENT:
            return place
        numbers[slot] = new[place]
        rows[slot] = new_rows[place]
    return ABSENT


@kernel(_nrt=False)
def find(numbers: Int32Array, rows: Int64Array, wanted: Int32Array, found: Int64Array) -> None:
    """Write the row of each number wanted."""
    for place in range(len(wanted)):
        found[place] = rows[_slot_of(numbers, rows, wanted[place])]


@kernel(_nrt=False)
def drop(numbers: Int32Array, rows: Int64Array, old: Int32Array) -> None:
    """Take numbers out; those behind a gap that were pushed over it move up."""
    last = len(rows) - 1
    for number in old:
        gap = _slot_of(numbers, rows, number)
        rows[gap] = ABSENT
        slot = (gap + 1) & last
        while rows[slot] != ABSENT:
            if (slot - _home(numbers[slot], len(rows))) & last >= (slot - gap) & last:
                numbers[gap], rows[gap] = numbers[slot], rows[slot]
                rows[slot] = ABSENT
                gap = slot
            slot = (slot + 1) & last


@kernel(_nrt=False)
def _slot_of(numbers: Int32Array, rows: Int64Array, number: int) -> int:
    """Where a number is, or where it would be put."""
    slot: int = _home(number, len(rows))
    while rows[slot] != ABSENT and numbers[slot] != number:
        slot = (slot + 1) & (len(rows) - 1)
    return slot


@kernel(_nrt=False)
def _home(number: int, room: int) -> int:
    """Where a number should be: middle bits of its product with the golden ratio."""
    home: int = int((np.uint64(number) * _GOLDEN) >> np.uint64(32)) & (room - 1)
    return home
