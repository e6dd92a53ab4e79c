"""Who of the walkers on a link gets to its end when, compiled: a line in order of time, and a heap.

Most come to the end nearly in the order in which they entered, so the place of a new one is looked for from the end of
the line. Who would pass many goes onto the heap, so that a crowd of any size is in order soon; the first on the link is
the first of both. Order is total, by time and then by the walker's own key, so no result depends on where one stands.

A heap alone took half of the time of the walkers of a million people: its steps lead through all memory.
"""

from agents.movement.kernel import part
from agents.movement.state import NOBODY, Walkers

_PASSED = 16
"""So many later ones are passed before the heap is taken; no result depends on it. Confidence C."""


@part
def line_up(walkers: Walkers, link: int, row: int) -> None:
    """Put a walker among those on a link."""
    way = walkers.ways[link]
    before, passed = way.line_end, 0
    while before != NOBODY and passed < _PASSED and _goes_before(walkers, row, before):
        before = walkers.parties[before].left
        passed += 1
    if passed == _PASSED:
        walkers.parties[row].left = NOBODY
        walkers.parties[row].right = NOBODY
        way.heap = _merge(walkers, way.heap, row)
    else:
        _stand_behind(walkers, link, before, row)
    _set_first(walkers, link)


@part
def take_first(walkers: Walkers, link: int) -> int:
    """Take the first walker out of those on a link."""
    way = walkers.ways[link]
    row: int = way.first
    party = walkers.parties[row]
    if row == way.heap:
        way.heap = _merge(walkers, party.left, party.right)
    else:
        way.line = party.right
        if way.line == NOBODY:
            way.line_end = NOBODY
        else:
            walkers.parties[way.line].left = NOBODY
    _set_first(walkers, link)
    return row


@part
def _stand_behind(walkers: Walkers, link: int, before: int, row: int) -> None:
    """Put a walker into the line behind another, as the first of it behind nobody."""
    way, parties = walkers.ways[link], walkers.parties
    behind = way.line if before == NOBODY else parties[before].right
    parties[row].left = before
    parties[row].right = behind
    if before == NOBODY:
        way.line = row
    else:
        parties[before].right = row
    if behind == NOBODY:
        way.line_end = row
    else:
        parties[behind].left = row


@part
def _set_first(walkers: Walkers, link: int) -> None:
    way = walkers.ways[link]
    if way.heap == NOBODY or (way.line != NOBODY and _goes_before(walkers, way.line, way.heap)):
        way.first = way.line
    else:
        way.first = way.heap


@part
def _goes_before(walkers: Walkers, one: int, other: int) -> bool:
    first_s, second_s = walkers.parties[one].reach_s, walkers.parties[other].reach_s
    if first_s != second_s:
        earlier: bool = first_s < second_s
        return earlier
    lower: bool = walkers.bookings[one].tie < walkers.bookings[other].tie
    return lower


@part
def _merge(walkers: Walkers, one: int, other: int) -> int:
    """Merge two skew heaps of walkers.

    Source: Sleator, Tarjan (1986), "Self-adjusting heaps".
    """
    if one == NOBODY:
        return other
    if other == NOBODY:
        return one
    parties = walkers.parties
    if _goes_before(walkers, other, one):
        one, other = other, one
    root = one
    while True:
        rest = parties[one].right
        parties[one].right = parties[one].left
        if rest == NOBODY:
            parties[one].left = other
            return root
        if _goes_before(walkers, other, rest):
            rest, other = other, rest
        parties[one].left = rest
        one = rest
