"""Walkers, event by event, compiled; there is no time step.

All walkers on a link in its direction slow one another by their density; those of the other direction do not meet
them. A link keeps a virtual time that runs at the pace of its density, in which each walker needs the length over the
own speed; only who gets to the end first has an event. Who cannot enter the next link, because it is too dense or
somebody entered just now, waits at the end of the link before and takes up room there; others pass. Who asked first
enters first.

On a link that was never dense since it was empty, virtual and real time are the same number.
"""

import numpy as np
import numpy.typing as npt

from agents.movement.crowding import headway_s, pace
from agents.movement.events import first_s, pop, present, push
from agents.movement.kernel import kernel, part
from agents.movement.line import line_up, take_first
from agents.movement.prefetch import FEW_EVENTS, fetch, lines_of
from agents.movement.state import (
    ARRIVED,
    ENTRANCE_OPENS,
    HEAD_ASKS,
    KIND_BITS,
    NOBODY,
    PARTY,
    PARTY_STEP,
    ROOM_FOR_ONE_EVENT,
    STRANDED,
    WAY,
    Walkers,
)
from agents.movement.trees import fetch_next, next_link

_WAY_LINES, _PARTY_LINES = lines_of(WAY), lines_of(PARTY)


@kernel(nogil=True, _nrt=False)
def run(walkers: Walkers, until_s: float) -> bool:
    """Handle all events before ``until_s``; whether there was room for all that they led to."""
    queue, bucket = walkers.queue, NOBODY
    while first_s(queue) < until_s:
        if bucket != present(queue):
            bucket = present(queue)
            if queue.counts[0] >= FEW_EVENTS:
                _look_ahead(walkers)
        if len(queue.waiting) - queue.counts[0] - queue.counts[1] - queue.counts[2] < ROOM_FOR_ONE_EVENT:
            return False
        time_s, key, row = pop(queue)
        kind = key >> KIND_BITS
        if kind == ENTRANCE_OPENS:
            _open_entrance(walkers, row, time_s)
        elif kind == HEAD_ASKS:
            _look_at_end(walkers, row, time_s)
        else:
            step(walkers, row, time_s)
    return True


@part
def _look_ahead(walkers: Walkers) -> None:
    """Ask memory for what the events of the next moment will touch, for all of them at once, step after step."""
    number = walkers.queue.counts[0]
    for place in range(number):
        event = walkers.queue.near[place]
        if event.key >> KIND_BITS == PARTY_STEP:
            fetch(walkers.parties, event.row, _PARTY_LINES)
        else:
            fetch(walkers.ways, event.row, _WAY_LINES)
    for place in range(number):
        if _first_of(walkers, place) != NOBODY:
            fetch(walkers.parties, _first_of(walkers, place), _PARTY_LINES)
    for place in range(number):
        if _first_of(walkers, place) != NOBODY:
            _fetch_onward(walkers, walkers.queue.near[place].row)
    _look_onward(walkers, number)


@part
def _look_onward(walkers: Walkers, number: int) -> None:
    """Ask for the links that the first walkers go to, and for those who come last there."""
    for place in range(number):
        wanted = _onward(walkers, place)
        if wanted != NOBODY:
            fetch(walkers.ways, wanted, _WAY_LINES)
    for place in range(number):
        wanted = _onward(walkers, place)
        if wanted != NOBODY and walkers.ways[wanted].line_end != NOBODY:
            fetch(walkers.parties, walkers.ways[wanted].line_end, _PARTY_LINES)


@part
def _first_of(walkers: Walkers, place: int) -> int:
    """First walker of the link that an event of the present is about, NOBODY if the event is no first one's."""
    event = walkers.queue.near[place]
    if event.key >> KIND_BITS != HEAD_ASKS:
        return NOBODY
    row: int = walkers.ways[event.row].first
    return row


@part
def _fetch_onward(walkers: Walkers, link: int) -> None:
    """Ask for the first walker's next link, and for those behind."""
    way = walkers.ways[link]
    party = walkers.parties[way.first]
    fetch_next(walkers.trees, party.tree, party.destination, way.to_node)
    for below in (party.left, party.right):
        if below != NOBODY:
            fetch(walkers.parties, below, _PARTY_LINES)


@part
def _onward(walkers: Walkers, place: int) -> int:
    """Next link of the first walker of the link that an event of the present is about, NOBODY if there is none."""
    row = _first_of(walkers, place)
    if row == NOBODY:
        return NOBODY
    party, node = walkers.parties[row], walkers.ways[walkers.queue.near[place].row].to_node
    wanted: int = next_link(walkers.trees, party.tree, party.destination, node)
    return wanted


@kernel(_nrt=False, forceinline=True)
def schedule(walkers: Walkers, rows: npt.NDArray[np.int64]) -> None:
    """Enter the departures of parties."""
    for row in rows:
        push(walkers.queue, walkers.parties[row].departure_s, walkers.parties[row].tie, row)


@kernel(_nrt=False, forceinline=True)
def step(walkers: Walkers, row: int, time_s: float) -> None:
    """Let a walker at a node end there, enter the next link, or wait for it."""
    party = walkers.parties[row]
    party.reach_s = time_s
    if party.node == party.goal:
        _end(walkers, row, ARRIVED, time_s)
        return
    link = next_link(walkers.trees, party.tree, party.destination, party.node)
    if link == NOBODY:
        _end(walkers, row, STRANDED, time_s)
        return
    way = walkers.ways[link]
    if way.wait_head == NOBODY and _entry_s(walkers, link) <= time_s:
        _enter(walkers, row, link, time_s)
    else:
        _wait(walkers, row, link)
        _plan_entrance(walkers, link)


@kernel(_nrt=False, forceinline=True)
def step_all(walkers: Walkers, rows: npt.NDArray[np.int64], time_s: float) -> None:
    """Let walkers at nodes go on, in the order given."""
    for row in rows:
        step(walkers, row, time_s)


@kernel()
def reroute(walkers: Walkers) -> npt.NDArray[np.int64]:
    """Take out and return those who wait for links that their routes no longer want, to ``step`` again."""
    moved = np.empty(len(walkers.parties), dtype=np.int64)
    count = 0
    for link in range(len(walkers.ways)):
        way = walkers.ways[link]
        row = way.wait_head
        way.wait_head = NOBODY
        while row != NOBODY:
            party = walkers.parties[row]
            behind = party.behind
            if next_link(walkers.trees, party.tree, party.destination, party.node) == link:
                _wait(walkers, row, link)
            else:
                moved[count] = row
                count += 1
            row = behind
    return moved[:count].copy()


@kernel(_nrt=False, forceinline=True)
def carry_over(walkers: Walkers, old_rates: npt.NDArray[np.float64], time_s: float) -> None:
    """Go on with headways after widths or speeds changed: of each that runs, the same share has passed as before."""
    for link in range(len(walkers.ways)):
        way = walkers.ways[link]
        rate = way.width_m * way.speed_factor
        if rate != old_rates[link]:
            way.last_in_s = time_s - (time_s - way.last_in_s) * (old_rates[link] / rate)
        _plan_entrance(walkers, link)


@part
def _wait(walkers: Walkers, row: int, link: int) -> None:
    way = walkers.ways[link]
    walkers.parties[row].behind = NOBODY
    if way.wait_head == NOBODY:
        way.wait_head = row
    else:
        walkers.parties[way.wait_tail].behind = row
    way.wait_tail = row


@part
def _end(walkers: Walkers, row: int, state: int, time_s: float) -> None:
    party = walkers.parties[row]
    if party.link != NOBODY:
        _leave(walkers, row, time_s)
    party.link = NOBODY
    party.state = state
    party.since_s = time_s
    walkers.ended[walkers.counts[0]] = row
    walkers.counts[0] += 1


@part
def _entry_s(walkers: Walkers, link: int) -> float:
    """Earliest time at which the next walker may enter; inf at jam density."""
    way = walkers.ways[link]
    if way.occupancy >= way.storage:
        return np.inf
    entry_s: float = way.last_in_s + headway_s(way.occupancy / way.area_m2, way.width_m * way.speed_factor)
    return entry_s


@part
def _plan_entrance(walkers: Walkers, link: int) -> None:
    way = walkers.ways[link]
    if way.wait_head == NOBODY:
        return
    entry_s = _entry_s(walkers, link)
    if entry_s < way.try_s:
        way.try_s = entry_s
        push(walkers.queue, entry_s, (np.int64(ENTRANCE_OPENS) << KIND_BITS) | np.int64(way.rank), link)


@part
def _open_entrance(walkers: Walkers, link: int, time_s: float) -> None:
    way = walkers.ways[link]
    if time_s == way.try_s:
        way.try_s = np.inf
    if way.wait_head != NOBODY and _entry_s(walkers, link) <= time_s:
        row = way.wait_head
        way.wait_head = walkers.parties[row].behind
        _enter(walkers, row, link, time_s)
    _plan_entrance(walkers, link)


@part
def _enter(walkers: Walkers, row: int, link: int, time_s: float) -> None:
    """Move a walker from the origin or the link before onto a link."""
    party, way = walkers.parties[row], walkers.ways[link]
    if party.link != NOBODY:
        _leave(walkers, row, time_s)
    way.held_s += time_s - party.reach_s
    way.let_in += 1
    way.walked_in += 1
    way.last_in_s = time_s
    way.occupancy += 1
    _set_pace(walkers, link, time_s)
    party.link = link
    party.since_s = time_s
    party.reach_s = _virtual_s(walkers, link, time_s) + way.length_m / (party.speed_mps * way.speed_factor)
    line_up(walkers, link, row)
    _set_alarm(walkers, link, time_s)


@part
def _leave(walkers: Walkers, row: int, time_s: float) -> None:
    """Take a walker who was at the end of a link off it."""
    party = walkers.parties[row]
    link = party.link
    way = walkers.ways[link]
    party.distance_m += way.length_m
    way.walked_out += 1
    way.occupancy -= 1
    if way.occupancy == 0:
        way.virtual_s = 0.0
        way.since_s = 0.0
        way.pace = 1.0
    else:
        _set_pace(walkers, link, time_s)
        _set_alarm(walkers, link, time_s)
    _plan_entrance(walkers, link)


@part
def _look_at_end(walkers: Walkers, link: int, time_s: float) -> None:
    """Let the first walker go on if the end is reached, and note when the next one will."""
    way = walkers.ways[link]
    if time_s == way.alarm_s:
        way.alarm_s = np.inf
    if way.first != NOBODY and _reach_s(walkers, link) <= time_s:
        row = take_first(walkers, link)
        party = walkers.parties[row]
        party.node = way.to_node
        way.spent_s += (time_s - party.since_s) * party.speed_mps
        way.passed += 1
        step(walkers, row, time_s)
    _set_alarm(walkers, link, time_s)


@part
def _virtual_s(walkers: Walkers, link: int, time_s: float) -> float:
    way = walkers.ways[link]
    virtual_s: float = way.virtual_s + way.pace * (time_s - way.since_s)
    return virtual_s


@part
def _reach_s(walkers: Walkers, link: int) -> float:
    """When the first walker of a link gets to its end if nothing changes."""
    way = walkers.ways[link]
    reach_s: float = way.since_s + (walkers.parties[way.first].reach_s - way.virtual_s) / way.pace
    return reach_s


@part
def _set_pace(walkers: Walkers, link: int, time_s: float) -> None:
    way = walkers.ways[link]
    new = 1.0 if way.occupancy <= way.calm else pace(way.occupancy / way.area_m2)
    if new != way.pace:
        way.virtual_s = _virtual_s(walkers, link, time_s)
        way.since_s = time_s
        way.pace = new


@part
def _set_alarm(walkers: Walkers, link: int, time_s: float) -> None:
    """Note when the first walker is at the end, unless an earlier time is noted; then it will be looked at again."""
    way = walkers.ways[link]
    if way.first == NOBODY:
        return
    reach_s = max(_reach_s(walkers, link), time_s)
    if reach_s < way.alarm_s:
        way.alarm_s = reach_s
        push(walkers.queue, reach_s, (np.int64(HEAD_ASKS) << KIND_BITS) | np.int64(way.rank), link)
