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

from agents.movement.ahead import fetch_route, fetch_route_block, find_onward
from agents.movement.events import KIND_BITS, first_s, look_ahead, pop, push
from agents.movement.kernel import kernel, part
from agents.movement.merges import due, serve, take_back, take_next, wait
from agents.movement.prefetch import FEW_EVENTS, fetch, prefetch
from agents.movement.state import (
    ARRIVED,
    ENTRANCE_OPENS,
    HEAD_ASKS,
    LINK_END,
    LINK_ENTRANCE,
    NOBODY,
    PARTY_STEP,
    ROOM_FOR_ONE_EVENT,
    STRANDED,
    Cars,
)
from agents.movement.trees import next_link


@kernel(nogil=True, _nrt=False)
def run(cars: Cars, until_s: float) -> bool:
    """Handle all events before ``until_s``; whether there was room for all that they led to."""
    queue = cars.queue
    while first_s(queue) < until_s:
        soon = look_ahead(queue)
        if soon >= FEW_EVENTS:
            _fetch_soon(cars, soon)
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
def _fetch_soon(cars: Cars, number: int) -> None:
    """Ask memory for what the events that come next will touch, for all of them at once, step after step."""
    soon = cars.queue.soon
    for place in range(number):
        if soon[place].kind == PARTY_STEP:
            prefetch(cars.parties, soon[place].row, 0)
        else:
            fetch(cars.links, soon[place].row, LINK_END if soon[place].kind == HEAD_ASKS else LINK_ENTRANCE)
    for place in range(number):
        _find_link(cars, place)
    for place in range(number):
        _find_party(cars, place)
    for place in range(number):
        fetch_route_block(soon, place, cars.parties, cars.links, cars.trees)
    for place in range(number):
        _fetch_beside(cars, place)
    for place in range(number):
        _fetch_onward(cars, place)
    for place in range(number):
        _fetch_entrance(cars, place)


@part
def _find_link(cars: Cars, place: int) -> None:
    """Note the link whose first car an event to come is about, that of the last claimant where an entrance opens."""
    event = cars.queue.soon[place]
    event.link, event.onward = NOBODY, NOBODY
    if event.kind == HEAD_ASKS:
        event.link = event.row
    elif event.kind == ENTRANCE_OPENS:
        event.onward = event.row
        claimant = cars.links[event.row].wait_head
        if claimant != NOBODY and claimant < len(cars.links):
            event.link = claimant
            fetch(cars.links, claimant, LINK_END)


@part
def _find_party(cars: Cars, place: int) -> None:
    """Note the car that an event to come is about."""
    event = cars.queue.soon[place]
    if event.kind == PARTY_STEP:
        event.party = event.row
    elif event.link == NOBODY:
        event.party = NOBODY
    else:
        event.party = cars.links[event.link].head
    if event.party != NOBODY:
        prefetch(cars.parties, event.party, 0)


@part
def _fetch_beside(cars: Cars, place: int) -> None:
    """Ask for the car's next link, for who follows it, and for the place that it leaves."""
    event = cars.queue.soon[place]
    if event.party == NOBODY:
        return
    party = cars.parties[event.party]
    if event.onward == NOBODY:
        fetch_route(cars.queue.soon, place, cars.parties, cars.links, cars.trees)
    if event.link != NOBODY:
        here = cars.links[event.link]
        prefetch(cars.exits, here.out_place, 0)
        if party.behind != NOBODY:
            prefetch(cars.parties, party.behind, 0)


@part
def _fetch_onward(cars: Cars, place: int) -> None:
    """Ask for the link that the car goes onto."""
    soon = cars.queue.soon
    find_onward(soon, place, cars.parties, cars.links, cars.trees)
    if soon[place].onward != NOBODY:
        fetch(cars.links, soon[place].onward, LINK_ENTRANCE)


@part
def _fetch_entrance(cars: Cars, place: int) -> None:
    """Ask for what a car that enters a link will touch beside it: the last car, the place, the count of its turn."""
    event = cars.queue.soon[place]
    if event.onward == NOBODY:
        return
    into = cars.links[event.onward]
    if into.tail != NOBODY:
        prefetch(cars.parties, into.tail, 0)
    prefetch(cars.exits, into.in_place, 0)
    if event.link != NOBODY:
        prefetch(cars.turn_tags, cars.links[event.link].turn + into.exit, 0)


@kernel(_nrt=False, forceinline=True)
def schedule(cars: Cars, bookings: npt.NDArray[np.void], rows: npt.NDArray[np.int64]) -> None:
    """Enter the departures of parties."""
    for row in rows:
        push(cars.queue, bookings[row].departure_s, bookings[row].tie, row)


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
    free_s: float = cars.exits[into.in_place] + into.wave_s
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
    into.in_place = _place_after(cars, link, into.in_place)
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
def _place_after(cars: Cars, link: int, place: int) -> int:
    """The place that is next in turn among those of a link."""
    here = cars.links[link]
    following: int = place + 1
    return following if following < here.ring + here.storage else here.ring


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
    cars.exits[out.out_place] = time_s
    out.out_place = _place_after(cars, link, out.out_place)
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
