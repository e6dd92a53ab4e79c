"""Cars, event by event, compiled; there is no time step.

Each link is a first-in first-out queue with a free travel time, a headway at its entrance and at its end, and storage:
the n-th car enters once car n - N has left and the backward wave has run over the link. Who may enter of those who
wait is told by ``agents.movement.merges``.

Events of one time are ordered by kind, then by the link's rank, or by the party's own key: results depend neither on
the order in which departures were given or links are listed, nor on how time was cut into windows.

Source: Newell (1993), "A simplified theory of kinematic waves in highway traffic", parts I-III; for single cars
Leclercq, Laval, Chevallier (2007), "The Lagrangian coordinates and what it means for first order traffic flow models".
"""

import numpy as np
import numpy.typing as npt

from agents.movement.events import first_s, pop, present, push
from agents.movement.kernel import kernel, part
from agents.movement.merges import due, serve, take_back, take_next, wait
from agents.movement.prefetch import FEW_EVENTS, fetch, lines_of, prefetch
from agents.movement.state import (
    ARRIVED,
    ENTRANCE_OPENS,
    HEAD_ASKS,
    KIND_BITS,
    LINK,
    NOBODY,
    PARTY,
    PARTY_STEP,
    ROOM_FOR_ONE_EVENT,
    STRANDED,
    Cars,
)
from agents.movement.trees import fetch_next, next_link

_LINK_LINES, _PARTY_LINES = lines_of(LINK), lines_of(PARTY)


@kernel(nogil=True, _nrt=False)
def run(cars: Cars, until_s: float) -> bool:
    """Handle all events before ``until_s``; whether there was room for all that they led to."""
    queue, bucket = cars.queue, NOBODY
    while first_s(queue) < until_s:
        if bucket != present(queue):
            bucket = present(queue)
            if queue.counts[0] >= FEW_EVENTS:
                _look_ahead(cars)
        if len(queue.waiting) - queue.counts[0] - queue.counts[1] - queue.counts[2] < ROOM_FOR_ONE_EVENT:
            return False
        time_s, key, row = pop(queue)
        kind = key >> KIND_BITS
        if kind == ENTRANCE_OPENS:
            _open_entrance(cars, row, time_s)
        elif kind == HEAD_ASKS:
            _ask(cars, row, time_s)
        else:
            join(cars, row, time_s)
    return True


@part
def _look_ahead(cars: Cars) -> None:
    """Ask memory for what the events of the next moment will touch, for all of them at once, step after step."""
    number = cars.queue.counts[0]
    for place in range(number):
        event = cars.queue.near[place]
        if event.key >> KIND_BITS == PARTY_STEP:
            fetch(cars.parties, event.row, _PARTY_LINES)
        else:
            fetch(cars.links, event.row, _LINK_LINES)
    for place in range(number):
        if _head_of(cars, place) != NOBODY:
            fetch(cars.parties, _head_of(cars, place), _PARTY_LINES)
    for place in range(number):
        if _head_of(cars, place) != NOBODY:
            _fetch_onward(cars, cars.queue.near[place].row)
    for place in range(number):
        if _head_of(cars, place) != NOBODY:
            wanted = _onward(cars, cars.queue.near[place].row)
            if wanted != NOBODY:
                fetch(cars.links, wanted, _LINK_LINES)


@part
def _head_of(cars: Cars, place: int) -> int:
    """First car of the link that an event of the present is about, NOBODY if the event is no head's."""
    event = cars.queue.near[place]
    if event.key >> KIND_BITS != HEAD_ASKS:
        return NOBODY
    row: int = cars.links[event.row].head
    return row


@part
def _fetch_onward(cars: Cars, link: int) -> None:
    """Ask for the head's next link, for who follows it, and for the place that it leaves."""
    here = cars.links[link]
    party = cars.parties[here.head]
    fetch_next(cars.trees, party.tree, party.destination, here.to_node)
    prefetch(cars.exits, here.ring + here.left % here.storage, 0)
    if party.behind != NOBODY:
        fetch(cars.parties, party.behind, _PARTY_LINES)


@part
def _onward(cars: Cars, link: int) -> int:
    party = cars.parties[cars.links[link].head]
    wanted: int = next_link(cars.trees, party.tree, party.destination, cars.links[link].to_node)
    return wanted


@kernel(_nrt=False, forceinline=True)
def schedule(cars: Cars, rows: npt.NDArray[np.int64]) -> None:
    """Enter the departures of parties."""
    for row in rows:
        push(cars.queue, cars.parties[row].departure_s, cars.parties[row].tie, row)


@kernel(_nrt=False, forceinline=True)
def join(cars: Cars, row: int, time_s: float) -> None:
    """Let a car that stands at a node queue for its first link, or end where no link leads on."""
    party = cars.parties[row]
    if party.node == party.goal:
        end(cars, row, ARRIVED, time_s)
        return
    link = next_link(cars.trees, party.tree, party.destination, party.node)
    if link == NOBODY:
        end(cars, row, STRANDED, time_s)
        return
    party.behind = NOBODY
    entrance = cars.links[link]
    if entrance.source_head == NOBODY:
        entrance.source_head = row
        entrance.source_tail = row
        _claim(cars, len(cars.links) + link, link, time_s)
    else:
        cars.parties[entrance.source_tail].behind = row
        entrance.source_tail = row


@kernel(_nrt=False, forceinline=True)
def join_all(cars: Cars, rows: npt.NDArray[np.int64], time_s: float) -> None:
    """Let cars that stand at nodes queue again, in the order given."""
    for row in rows:
        join(cars, row, time_s)


@kernel(_nrt=False, forceinline=True)
def carry_over(
    cars: Cars, old_in_s: npt.NDArray[np.float64], old_out_s: npt.NDArray[np.float64], time_s: float
) -> None:
    """Go on with headways that were changed: of each that runs, the same share is left as of the old ones."""
    for link in range(len(cars.links)):
        here = cars.links[link]
        if here.next_in_s > time_s and here.in_headway_s != old_in_s[link]:
            here.next_in_s = time_s + (here.next_in_s - time_s) * (here.in_headway_s / old_in_s[link])
        if here.next_out_s > time_s and here.out_headway_s != old_out_s[link]:
            here.next_out_s = time_s + (here.next_out_s - time_s) * (here.out_headway_s / old_out_s[link])
            if here.ask_s < np.inf:
                call_head(cars, link, max(cars.parties[here.head].reach_s, here.next_out_s))
        plan_entrance(cars, link)


@kernel(_nrt=False, forceinline=True)
def give_up(cars: Cars, link: int, time_s: float) -> None:
    """Let the first car of a link that waits for another drive to the roadside: its trip ends at the link's end."""
    wanted = cars.links[link].wanted
    if wanted == NOBODY:
        return
    take_back(cars, link, wanted)
    row = _leave(cars, link, time_s)
    cars.parties[row].node = cars.links[link].to_node
    end(cars, row, STRANDED, time_s)


@part
def end(cars: Cars, row: int, state: int, time_s: float) -> None:
    """End the trip of a party that stands at a node."""
    party = cars.parties[row]
    party.state = state
    party.link = NOBODY
    party.since_s = time_s
    cars.ended[cars.counts[0]] = row
    cars.counts[0] += 1


@part
def push_link(cars: Cars, kind: int, link: int, time_s: float) -> None:
    """Add an event of a link."""
    push(cars.queue, time_s, (np.int64(kind) << KIND_BITS) | np.int64(cars.links[link].rank), link)


@part
def call_head(cars: Cars, link: int, time_s: float) -> None:
    """Note when the first car of a link will ask to leave it, in place of what was noted."""
    cars.links[link].ask_s = time_s
    push_link(cars, HEAD_ASKS, link, time_s)


@part
def _ask(cars: Cars, link: int, time_s: float) -> None:
    """The head of a link is at its end: it ends its trip, or asks to enter its next link."""
    here = cars.links[link]
    if time_s != here.ask_s:
        return
    here.ask_s = np.inf
    row = here.head
    party = cars.parties[row]
    node = here.to_node
    wanted = NOBODY if node == party.goal else next_link(cars.trees, party.tree, party.destination, node)
    here.asked_s = time_s
    if wanted == NOBODY:
        _leave(cars, link, time_s)
        party.node = node
        end(cars, row, ARRIVED if node == party.goal else STRANDED, time_s)
        return
    here.wanted = wanted
    _claim(cars, link, wanted, time_s)


@part
def _claim(cars: Cars, claimant: int, link: int, time_s: float) -> None:
    if cars.links[link].wait_head == NOBODY and _entry_s(cars, link) <= time_s:
        _admit(cars, claimant, link, due(cars, claimant, link), time_s)
    else:
        wait(cars, claimant, link)
    plan_entrance(cars, link)


@part
def _entry_s(cars: Cars, link: int) -> float:
    """Earliest time at which the next car may enter; inf while nobody has left the place it needs."""
    into = cars.links[link]
    if into.occupancy == into.storage:
        return np.inf
    free_s: float = cars.exits[into.ring + into.entered % into.storage] + into.wave_s
    entry_s: float = max(into.next_in_s, free_s)
    return entry_s


@part
def plan_entrance(cars: Cars, link: int) -> None:
    """Note when the next of those who wait may enter, unless it is noted."""
    if cars.links[link].wait_head == NOBODY:
        return
    entry_s = _entry_s(cars, link)
    if entry_s < cars.links[link].try_s:
        cars.links[link].try_s = entry_s
        push_link(cars, ENTRANCE_OPENS, link, entry_s)


@part
def _open_entrance(cars: Cars, link: int, time_s: float) -> None:
    entrance = cars.links[link]
    if time_s == entrance.try_s:
        entrance.try_s = np.inf
    if entrance.wait_head != NOBODY and _entry_s(cars, link) <= time_s:
        claimant = take_next(cars, link)
        _admit(cars, claimant, link, cars.claim_tags[claimant], time_s)
    plan_entrance(cars, link)


@part
def _admit(cars: Cars, claimant: int, link: int, tag: float, time_s: float) -> None:
    """Move the claimant's first car onto a link; the next of a queue of departures asks anew."""
    serve(cars, claimant, link, tag)
    if claimant < len(cars.links):
        cars.links[link].held_s += time_s - cars.links[claimant].asked_s
        cars.links[link].let_in += 1
        _enter(cars, _leave(cars, claimant, time_s), link, time_s)
        return
    entrance = cars.links[link]
    row = entrance.source_head
    entrance.source_head = cars.parties[row].behind
    _enter(cars, row, link, time_s)
    if entrance.source_head != NOBODY:
        wait(cars, claimant, link)


@part
def _enter(cars: Cars, row: int, link: int, time_s: float) -> None:
    party, into = cars.parties[row], cars.links[link]
    party.link = link
    party.since_s = time_s
    party.reach_s = time_s + into.free_s
    party.behind = NOBODY
    into.entered += 1
    into.occupancy += 1
    into.next_in_s = time_s + into.in_headway_s
    if into.head == NOBODY:
        into.head = row
        call_head(cars, link, max(party.reach_s, into.next_out_s))
    else:
        cars.parties[into.tail].behind = row
    into.tail = row


@part
def _leave(cars: Cars, link: int, time_s: float) -> int:
    """Take the head off its link and call the next one.

    The headway at the end counts from when the head asked, so waiting for its turn loses no capacity; but no more than
    one car is made good.
    """
    out = cars.links[link]
    row: int = out.head
    party = cars.parties[row]
    party.distance_m += out.length_m
    cars.exits[out.ring + out.left % out.storage] = time_s
    out.left += 1
    out.occupancy -= 1
    out.passed += 1
    out.spent_s += out.asked_s - party.since_s
    out.next_out_s = max(out.asked_s, time_s - out.out_headway_s) + out.out_headway_s
    out.wanted = NOBODY
    out.head = party.behind
    if out.head != NOBODY:
        next_s = max(cars.parties[out.head].reach_s, out.next_out_s)
        call_head(cars, link, max(next_s, time_s))
    plan_entrance(cars, link)
    return row
