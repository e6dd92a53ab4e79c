"""Cars and walkers, event by event, compiled; there is no time step.

Cars: each link is a first-in first-out queue with a free travel time, a headway at its entrance and at its end, and
storage: the n-th car enters once car n - N has left and the backward wave has run over the link. Whoever cannot enter
waits in the order of asking; after each entry the next of the same origin asks anew, so claimants of a merge take
turns. Walkers do not meet one another: a link takes its length over their speed.

Events of one time are ordered by kind, then by link, or by destination and trip: results do not depend on the order
in which departures were given, nor on how time was cut into windows.

Source: Newell (1993), "A simplified theory of kinematic waves in highway traffic", parts I-III; for single cars
Leclercq, Laval, Chevallier (2007), "The Lagrangian coordinates and what it means for first order traffic flow models".
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from agents.movement.events import pop, push
from agents.movement.network import NOBODY, World

FOOT, CAR = 0, 1
UNDER_WAY, ARRIVED, STRANDED = 0, 1, 2

# Kinds of events at one time, first to last: new claimants are all known before anybody is let in.
_PARTY_STEP, _HEAD_ASKS, _ENTRANCE_OPENS = 0, 1, 2
_KIND_BITS, _DESTINATION_BITS = 60, 32
_TRIP_MASK = 0xFFFFFFFF


@njit(cache=True)
def run(world: World, until_s: float) -> None:
    """Handle all events before ``until_s``."""
    while world.counts[0] > 0 and world.events[0].time_s < until_s:
        time_s, key, row = pop(world.events, world.counts)
        kind = key >> _KIND_BITS
        if kind == _ENTRANCE_OPENS:
            _open_entrance(world, row, time_s)
        elif kind == _HEAD_ASKS:
            _ask(world, row, time_s)
        elif world.parties[row].mode == CAR:
            join(world, row, time_s)
        else:
            _walk(world, row, time_s)


@njit(cache=True)
def schedule(world: World, first: int, last: int) -> None:
    """Enter the departures of parties ``first`` to ``last - 1``."""
    for row in range(first, last):
        _push_party(world, row, world.parties[row].departure_s)


@njit(cache=True)
def join(world: World, row: int, time_s: float) -> None:
    """Let a car that stands at a node queue for its first link, or end where no link leads on."""
    party = world.parties[row]
    if party.node == party.goal:
        _end(world, row, ARRIVED, time_s)
        return
    link = world.next_link[CAR, party.destination, party.node]
    if link == NOBODY:
        _end(world, row, STRANDED, time_s)
        return
    party.behind = NOBODY
    entrance = world.links[link]
    if entrance.source_head == NOBODY:
        entrance.source_head = row
        entrance.source_tail = row
        _claim(world, len(world.links) + link, link, time_s)
    else:
        world.parties[entrance.source_tail].behind = row
        entrance.source_tail = row


@njit(cache=True)
def join_all(world: World, rows: npt.NDArray[np.int64], time_s: float) -> None:
    """Let cars that stand at nodes queue again, in the order given."""
    for row in rows:
        join(world, row, time_s)


@njit(cache=True)
def reroute(world: World, time_s: float) -> npt.NDArray[np.int64]:
    """Take back every claim that the routes no longer want.

    Heads of links ask anew at once; cars that stand at a node are taken out and returned, to ``join`` again.
    """
    moved = np.empty(len(world.parties), dtype=np.int64)
    count = 0
    for link in range(len(world.links)):
        if world.links[link].wait_head != NOBODY:
            count = _thin_source(world, link, moved, count)
            _thin_waiting(world, link, time_s)
    return moved[:count].copy()


@njit(cache=True)
def give_up(world: World, link: int, time_s: float) -> None:
    """Let the first car of a link that waits for another drive to the roadside: its trip ends at the link's end."""
    wanted = world.links[link].wanted
    if wanted == NOBODY:
        return
    _take_back(world, link, wanted)
    row = _leave(world, link, time_s)
    world.parties[row].node = world.links[link].to_node
    _end(world, row, STRANDED, time_s)


@njit(cache=True)
def _take_back(world: World, claimant: int, link: int) -> None:
    """Take one claimant out of those who wait to enter a link."""
    entrance = world.links[link]
    waiting = entrance.wait_head
    entrance.wait_head = NOBODY
    while waiting != NOBODY:
        following = world.claims[waiting]
        if waiting != claimant:
            _wait(world, waiting, link)
        waiting = following


@njit(cache=True)
def gridlocked(world: World) -> npt.NDArray[np.bool_]:
    """Whether each link belongs to a ring of full links whose heads each wait for the next."""
    links = world.links
    visit = np.zeros(len(links), dtype=np.int64)
    in_ring = np.zeros(len(links), dtype=np.bool_)
    for first in range(len(links)):
        link = first
        while link != NOBODY and visit[link] == 0:
            visit[link] = first + 1
            link = _waits_for_full(world, link)
        if link != NOBODY and visit[link] == first + 1:
            while not in_ring[link]:
                in_ring[link] = True
                link = _waits_for_full(world, link)
    return in_ring


@njit(cache=True)
def _waits_for_full(world: World, link: int) -> int:
    wanted: int = world.links[link].wanted
    if wanted != NOBODY and world.links[wanted].occupancy < world.links[wanted].storage:
        return NOBODY
    return wanted


@njit(cache=True)
def _push_party(world: World, row: int, time_s: float) -> None:
    party = world.parties[row]
    key = (np.int64(party.destination) << _DESTINATION_BITS) | (np.int64(party.trip) & _TRIP_MASK)
    push(world.events, world.counts, time_s, key, row)


@njit(cache=True)
def _push_link(world: World, kind: int, link: int, time_s: float) -> None:
    push(world.events, world.counts, time_s, (np.int64(kind) << _KIND_BITS) | link, link)


@njit(cache=True)
def _end(world: World, row: int, state: int, time_s: float) -> None:
    party = world.parties[row]
    party.state = state
    party.link = NOBODY
    party.since_s = time_s
    world.ended[world.counts[1]] = row
    world.counts[1] += 1


@njit(cache=True)
def _walk(world: World, row: int, time_s: float) -> None:
    party = world.parties[row]
    if party.link != NOBODY:
        party.node = world.links[party.link].to_node
    if party.node == party.goal:
        _end(world, row, ARRIVED, time_s)
        return
    link = world.next_link[FOOT, party.destination, party.node]
    if link == NOBODY:
        _end(world, row, STRANDED, time_s)
        return
    party.link = link
    party.since_s = time_s
    _push_party(world, row, time_s + world.links[link].length_m / party.speed_mps)


@njit(cache=True)
def _ask(world: World, link: int, time_s: float) -> None:
    """The head of a link is at its end: it ends its trip, or asks to enter its next link."""
    row = world.links[link].head
    party = world.parties[row]
    node = world.links[link].to_node
    wanted = NOBODY if node == party.goal else world.next_link[CAR, party.destination, node]
    if wanted == NOBODY:
        _leave(world, link, time_s)
        party.node = node
        _end(world, row, ARRIVED if node == party.goal else STRANDED, time_s)
        return
    world.links[link].wanted = wanted
    _claim(world, link, wanted, time_s)


@njit(cache=True)
def _claim(world: World, claimant: int, link: int, time_s: float) -> None:
    if world.links[link].wait_head == NOBODY and _entry_s(world, link) <= time_s:
        _admit(world, claimant, link, time_s)
    else:
        _wait(world, claimant, link)
    _plan_entrance(world, link)


@njit(cache=True)
def _wait(world: World, claimant: int, link: int) -> None:
    entrance = world.links[link]
    world.claims[claimant] = NOBODY
    if entrance.wait_head == NOBODY:
        entrance.wait_head = claimant
    else:
        world.claims[entrance.wait_tail] = claimant
    entrance.wait_tail = claimant


@njit(cache=True)
def _entry_s(world: World, link: int) -> float:
    """Earliest time at which the next car may enter; inf while nobody has left the place it needs."""
    into = world.links[link]
    if into.occupancy == into.storage:
        return np.inf
    free_s: float = world.exits[into.ring + into.entered % into.storage] + into.wave_s
    entry_s: float = max(into.next_in_s, free_s)
    return entry_s


@njit(cache=True)
def _plan_entrance(world: World, link: int) -> None:
    if world.links[link].wait_head == NOBODY:
        return
    entry_s = _entry_s(world, link)
    if entry_s < world.links[link].try_s:
        world.links[link].try_s = entry_s
        _push_link(world, _ENTRANCE_OPENS, link, entry_s)


@njit(cache=True)
def _open_entrance(world: World, link: int, time_s: float) -> None:
    entrance = world.links[link]
    entrance.try_s = np.inf
    if entrance.wait_head != NOBODY and _entry_s(world, link) <= time_s:
        claimant = entrance.wait_head
        entrance.wait_head = world.claims[claimant]
        _admit(world, claimant, link, time_s)
    _plan_entrance(world, link)


@njit(cache=True)
def _admit(world: World, claimant: int, link: int, time_s: float) -> None:
    """Move the claimant's first car onto a link; the next of a queue of departures asks behind all others."""
    if claimant < len(world.links):
        _enter(world, _leave(world, claimant, time_s), link, time_s)
        return
    entrance = world.links[link]
    row = entrance.source_head
    entrance.source_head = world.parties[row].behind
    _enter(world, row, link, time_s)
    if entrance.source_head != NOBODY:
        _wait(world, claimant, link)


@njit(cache=True)
def _enter(world: World, row: int, link: int, time_s: float) -> None:
    party, into = world.parties[row], world.links[link]
    party.link = link
    party.since_s = time_s
    party.behind = NOBODY
    into.entered += 1
    into.occupancy += 1
    into.next_in_s = time_s + into.headway_s
    if into.head == NOBODY:
        into.head = row
        _push_link(world, _HEAD_ASKS, link, max(time_s + into.free_s, into.next_out_s))
    else:
        world.parties[into.tail].behind = row
    into.tail = row


@njit(cache=True)
def _leave(world: World, link: int, time_s: float) -> int:
    """Take the head off its link and call the next one."""
    out = world.links[link]
    row: int = out.head
    world.exits[out.ring + out.left % out.storage] = time_s
    out.left += 1
    out.occupancy -= 1
    out.next_out_s = time_s + out.headway_s
    out.wanted = NOBODY
    out.head = world.parties[row].behind
    if out.head != NOBODY:
        reach_s = world.parties[out.head].since_s + out.free_s
        _push_link(world, _HEAD_ASKS, link, max(reach_s, out.next_out_s))
    _plan_entrance(world, link)
    return row


@njit(cache=True)
def _thin_source(world: World, link: int, moved: npt.NDArray[np.int64], count: int) -> int:
    """Take the departures that no longer want this link out of its queue, into ``moved``."""
    entrance = world.links[link]
    row = entrance.source_head
    entrance.source_head = NOBODY
    while row != NOBODY:
        party = world.parties[row]
        following = party.behind
        party.behind = NOBODY
        if world.next_link[CAR, party.destination, party.node] != link:
            moved[count] = row
            count += 1
        else:
            if entrance.source_head == NOBODY:
                entrance.source_head = row
            else:
                world.parties[entrance.source_tail].behind = row
            entrance.source_tail = row
        row = following
    return count


@njit(cache=True)
def _thin_waiting(world: World, link: int, time_s: float) -> None:
    """Send the heads that no longer want this link to ask again; the others keep their places."""
    entrance = world.links[link]
    claimant = entrance.wait_head
    entrance.wait_head = NOBODY
    while claimant != NOBODY:
        following = world.claims[claimant]
        if claimant >= len(world.links):
            if entrance.source_head != NOBODY:
                _wait(world, claimant, link)
        elif _route_of_head(world, claimant) == link:
            _wait(world, claimant, link)
        else:
            world.links[claimant].wanted = NOBODY
            _push_link(world, _HEAD_ASKS, claimant, time_s)
        claimant = following


@njit(cache=True)
def _route_of_head(world: World, link: int) -> int:
    party = world.parties[world.links[link].head]
    wanted: int = world.next_link[CAR, party.destination, world.links[link].to_node]
    return wanted
