"""Where somebody who moves soon goes on, asked of memory ahead, compiled; the same on foot and by car."""

import numpy as np
import numpy.typing as npt

from agents.movement.kernel import part
from agents.movement.state import NOBODY
from agents.movement.trees import Trees, fetch_block, fetch_next, next_link

Records = npt.NDArray[np.void]


@part
def node_of(soon: Records, place: int, parties: Records, links: Records) -> int:
    """The node at which the party of an event to come chooses its way."""
    event = soon[place]
    node: int = parties[event.party].node if event.link == NOBODY else links[event.link].to_node
    return node


@part
def fetch_route_block(soon: Records, place: int, parties: Records, links: Records, trees: Trees) -> None:
    """Ask for where the party's route is kept."""
    event = soon[place]
    if event.party != NOBODY and event.onward == NOBODY:
        party = parties[event.party]
        fetch_block(trees, party.tree, party.destination, node_of(soon, place, parties, links))


@part
def fetch_route(soon: Records, place: int, parties: Records, links: Records, trees: Trees) -> None:
    """Ask for the link that the party's route names."""
    event = soon[place]
    party = parties[event.party]
    fetch_next(trees, party.tree, party.destination, node_of(soon, place, parties, links))


@part
def find_onward(soon: Records, place: int, parties: Records, links: Records, trees: Trees) -> None:
    """Note the link that the party goes onto, if there is a party and none is noted."""
    event = soon[place]
    if event.party != NOBODY and event.onward == NOBODY:
        party = parties[event.party]
        event.onward = next_link(trees, party.tree, party.destination, node_of(soon, place, parties, links))
