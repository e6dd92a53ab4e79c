"""Changed routes and rings of blocked cars, compiled."""

import numpy as np
import numpy.typing as npt

from agents.movement.cars import call_head, plan_entrance
from agents.movement.kernel import kernel
from agents.movement.merges import wait
from agents.movement.state import NOBODY, Cars
from agents.movement.trees import next_link


@kernel()
def reroute(cars: Cars, time_s: float) -> npt.NDArray[np.int64]:
    """Take back every claim that the routes no longer want.

    Heads of links ask anew at once; cars that stand at a node are taken out and returned, to ``join`` again.
    """
    moved = np.empty(len(cars.parties), dtype=np.int64)
    count = 0
    for link in range(len(cars.links)):
        if cars.links[link].wait_head != NOBODY:
            count = _thin_source(cars, link, moved, count)
            _thin_waiting(cars, link, time_s)
            plan_entrance(cars, link)
    return moved[:count].copy()


@kernel(_nrt=False)
def _thin_source(cars: Cars, link: int, moved: npt.NDArray[np.int64], count: int) -> int:
    """Take the departures that no longer want this link out of its queue, into ``moved``."""
    entrance = cars.links[link]
    row = entrance.source_head
    entrance.source_head = NOBODY
    while row != NOBODY:
        party = cars.parties[row]
        following = party.behind
        party.behind = NOBODY
        if next_link(cars.trees, party.tree, party.destination, party.node) != link:
            moved[count] = row
            count += 1
        else:
            if entrance.source_head == NOBODY:
                entrance.source_head = row
            else:
                cars.parties[entrance.source_tail].behind = row
            entrance.source_tail = row
        row = following
    return count


@kernel(_nrt=False)
def _thin_waiting(cars: Cars, link: int, time_s: float) -> None:
    """Send the heads that no longer want this link to ask again; the others keep what they are due."""
    entrance = cars.links[link]
    claimant = entrance.wait_head
    entrance.wait_head = NOBODY
    while claimant != NOBODY:
        following = cars.claims[claimant]
        if claimant >= len(cars.links):
            if entrance.source_head != NOBODY:
                _keep(cars, claimant, link)
        elif _route_of_head(cars, claimant) == link:
            _keep(cars, claimant, link)
        else:
            cars.links[claimant].wanted = NOBODY
            call_head(cars, claimant, time_s)
        claimant = following


@kernel(_nrt=False)
def _keep(cars: Cars, claimant: int, link: int) -> None:
    tag = cars.claim_tags[claimant]
    wait(cars, claimant, link)
    cars.claim_tags[claimant] = tag


@kernel(_nrt=False)
def _route_of_head(cars: Cars, link: int) -> int:
    party = cars.parties[cars.links[link].head]
    wanted: int = next_link(cars.trees, party.tree, party.destination, cars.links[link].to_node)
    return wanted


@kernel()
def rings(cars: Cars) -> npt.NDArray[np.int32]:
    """For each link of a ring of full links whose heads each wait for the next: that next link; NOBODY for others."""
    links = cars.links
    visit = np.zeros(len(links), dtype=np.int64)
    onward = np.full(len(links), NOBODY, dtype=np.int32)
    for first in range(len(links)):
        # Most heads wait for nothing, and nothing waits behind them here.
        link = first if links[first].wanted != NOBODY else NOBODY
        while link != NOBODY and visit[link] == 0:
            visit[link] = first + 1
            link = _waits_for_full(cars, link)
        if link != NOBODY and visit[link] == first + 1:
            while onward[link] == NOBODY:
                onward[link] = _waits_for_full(cars, link)
                link = onward[link]
    return onward


@kernel(_nrt=False)
def _waits_for_full(cars: Cars, link: int) -> int:
    wanted: int = cars.links[link].wanted
    if wanted != NOBODY and cars.links[wanted].occupancy < cars.links[wanted].storage:
        return NOBODY
    return wanted
