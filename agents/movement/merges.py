"""Who enters a link next, compiled: claimants of one entrance are served by their priorities.

Each turn counts what it was served, in cars over its priority, and the claimant with the least count goes first: as
long as all wait, each passes in proportion to its priority, and what one does not use passes to the others. Who did
not wait saves up nothing: a count is at least that at which the entrance served last.

Source: Daganzo (1995), "The cell transmission model, part II", for the flows; Goyal, Vin, Cheng (1997), "Start-time
fair queueing", for single cars.
"""

from agents.movement.kernel import part
from agents.movement.state import NOBODY, Cars


@part
def wait(cars: Cars, claimant: int, link: int) -> None:
    """Let a claimant wait for the entrance of a link."""
    entrance = cars.links[link]
    cars.claim_tags[claimant] = due(cars, claimant, link)
    cars.claims[claimant] = entrance.wait_head
    entrance.wait_head = claimant


@part
def due(cars: Cars, claimant: int, link: int) -> float:
    """The entrance's count of service at which a claimant is due that begins to wait now."""
    tag: float = max(cars.links[link].served_tag, cars.turn_tags[_turn(cars, claimant, link)])
    return tag


@part
def serve(cars: Cars, claimant: int, link: int, tag: float) -> None:
    """Count a car that enters the link."""
    priority_of = claimant if claimant < len(cars.links) else link
    cars.links[link].served_tag = tag
    cars.turn_tags[_turn(cars, claimant, link)] = tag + cars.links[priority_of].share_cost


@part
def take_next(cars: Cars, link: int) -> int:
    """Take the claimant that goes first out of those who wait; departures go after links that are as due."""
    first: int = cars.links[link].wait_head
    claimant = cars.claims[first]
    while claimant != NOBODY:
        if _goes_before(cars, claimant, first):
            first = claimant
        claimant = cars.claims[claimant]
    take_back(cars, first, link)
    return first


@part
def take_back(cars: Cars, claimant: int, link: int) -> None:
    """Take one claimant out of those who wait to enter a link."""
    entrance = cars.links[link]
    if entrance.wait_head == claimant:
        entrance.wait_head = cars.claims[claimant]
        return
    before = entrance.wait_head
    while cars.claims[before] != claimant:
        before = cars.claims[before]
    cars.claims[before] = cars.claims[claimant]


@part
def _goes_before(cars: Cars, one: int, other: int) -> bool:
    if cars.claim_tags[one] != cars.claim_tags[other]:
        earlier: bool = cars.claim_tags[one] < cars.claim_tags[other]
        return earlier
    lower: bool = _rank(cars, one) < _rank(cars, other)
    return lower


@part
def _rank(cars: Cars, claimant: int) -> int:
    links = len(cars.links)
    rank: int = cars.links[claimant].rank if claimant < links else links
    return rank


@part
def _turn(cars: Cars, claimant: int, link: int) -> int:
    """Row of the tags of a turn; departures onto a link have one behind those of the turns."""
    links = len(cars.links)
    if claimant >= links:
        place: int = len(cars.turn_tags) - links + link
        return place
    row: int = cars.links[claimant].turn + cars.links[link].exit
    return row
