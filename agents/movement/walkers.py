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

from agents.movement.ahead import fetch_route, fetch_route_block, find_onward
from agents.movement.crowding import headway_s, pace
from agents.movement.events import KIND_BITS, first_s, look_ahead, pop, push
from agents.movement.kernel import kernel, part
from agents.movement.line import line_up, take_first
from agents.movement.prefetch import FEW_EVENTS, fetch, prefetch
from agents.movement.state import (
    ARRIVED,
    ENTRANCE_OPENS,
    HEAD_ASKS,
    NOBODY,
    PARTY_STEP,
    ROOM_FOR_ONE_EVENT,
    STRANDED,
    WAY_END,
    WAY_ENTRANCE,
    Walkers,
)
from agents.movement.trees import next_link


@kernel(nogil=True, _nrt=False)
def run(walkers: Walkers, until_s: float) -> bool:
    """Handle all events before ``until_s``; whether there was room for all that they led to."""
    queue = walkers.queue
    while first_s(queue) < until_s:
        soon = look_ahead(queue)
        if soon >= FEW_EVENTS:
            _fetch_soon(walkers, soon)
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
def _fetch_soon(walkers: Walkers, number: int) -> None:
    """Ask memory for what the events that come next will touch, for all of them at once, step after step."""
    soon = walkers.queue.soon
    for place in range(number):
        if soon[place].kind == PARTY_STEP:
            prefetch(walkers.parties, soon[place].row, 0)
        elif soon[place].kind == HEAD_ASKS:
            fetch(walkers.ways, soon[place].row, WAY_END)
        else:
            fetch(walkers.ways, soon[place].row, WAY_ENTRANCE)
    for place in range(number):
        _find_party(walkers, place)
    for place in range(number):
        fetch_route_block(soon, place, walkers.parties, walkers.ways, walkers.trees)
    for place in range(number):
        _fetch_beside(walkers, place)
    for place in range(number):
        _fetch_onward(walkers, place)
    for place in range(number):
        if soon[place].onward != NOBODY and walkers.ways[soon[place].onward].line_end != NOBODY:
            prefetch(walkers.parties, walkers.ways[soon[place].onward].line_end, 0)


@part
def _find_party(walkers: Walkers, place: int) -> None:
    """Note the walker that an event to come is about, and the link at whose end that one is, if there is one."""
    event = walkers.queue.soon[place]
    event.link, event.onward = NOBODY, NOBODY
    if event.kind == HEAD_ASKS:
        event.link = event.row
        event.party = walkers.ways[event.row].first
    elif event.kind == ENTRANCE_OPENS:
        event.onward = event.row
        event.party = walkers.ways[event.row].wait_head
    else:
        event.party = event.row
    if event.party != NOBODY:
        prefetch(walkers.parties, event.party, 0)


@part
def _fetch_beside(walkers: Walkers, place: int) -> None:
    """Ask for the walker's next link, for those behind, and for the link that one who waited leaves."""
    event = walkers.queue.soon[place]
    if event.party == NOBODY:
        return
    party = walkers.parties[event.party]
    if event.onward == NOBODY:
        fetch_route(walkers.queue.soon, place, walkers.parties, walkers.ways, walkers.trees)
    elif party.link != NOBODY:
        fetch(walkers.ways, party.link, WAY_END)
    if event.link != NOBODY:
        for below in (party.left, party.right):
            if below != NOBODY:
                prefetch(walkers.parties, below, 0)


@part
def _fetch_onward(walkers: Walkers, place: int) -> None:
    """Ask for the link that the walker goes onto."""
    soon = walkers.queue.soon
    find_onward(soon, place, walkers.parties, walkers.ways, walkers.trees)
    if soon[place].onward != NOBODY:
        fetch(walkers.ways, soon[place].onward, WAY_ENTRANCE)


@kernel(_nrt=False, forceinline=True)
def schedule(walkers: Walkers, rows: npt.NDArray[np.int64]) -> None:
    """Enter the departures of parties."""
    for row in rows:
        push(walkers.queue, walkers.bookings[row].departure_s, walkers.bookings[row].tie, row)


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
