"""Sightings: what people who look at the shelter board are shown, beside what the receptions themselves hold true."""

import enum

import numpy as np
import numpy.typing as npt

from agents.city_os.port import ShelterBoard, ShelterStatus
from agents.world import World
from twin.events import EventKind

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Int8Array = npt.NDArray[np.int8]
RowArray = npt.NDArray[np.int64]


class Door(enum.IntEnum):
    """How a shelter stands for somebody who wants to go there."""

    UNTOLD = -1
    SHUT = 0
    OPEN = 1
    FULL = 2


_DOOR = {
    None: Door.UNTOLD,
    ShelterStatus.UNOPENED: Door.SHUT,
    ShelterStatus.CLOSED: Door.SHUT,
    ShelterStatus.OPEN: Door.OPEN,
    ShelterStatus.FULL: Door.FULL,
}


def door_of(status: ShelterStatus | None) -> Door:
    """How a shelter of a status stands; UNTOLD where nothing is said."""
    return _DOOR[status]


class Sightings:
    """Counts looks at the board that showed a status which the shelter's own reception did not hold true.

    ``held`` is the Door of each shelter by its reception; ``wrong_at`` counts, for each shelter, the looks of
    people within reach of it that showed another. A shelter of which nothing is said is not shown wrongly.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        shelters = len(world.town.shelters)
        self.held: Int8Array = np.full(shelters, Door.SHUT, np.int8)
        self.looks = 0
        self.wrong_looks = 0
        self.wrong_at: IntArray = np.zeros(shelters, np.int64)
        self._board: ShelterBoard | None = None
        self._said = self.held

    def look(self, board: ShelterBoard, within_reach: BoolArray) -> None:
        """Somebody looks at a board to choose among the shelters ``within_reach``."""
        said = self.said(board)
        wrong = (said != self.held) & (said != Door.UNTOLD) & within_reach
        self.looks += 1
        self.wrong_looks += bool(wrong.any())
        self.wrong_at += wrong

    def said(self, board: ShelterBoard) -> Int8Array:
        """The Door of each shelter by a board; many people read the same board, so it is read out once."""
        if board is not self._board:
            self._board, self._said = board, np.array([door_of(status) for status in board.status], np.int8)
        return self._said

    def choose(self, board: ShelterBoard, shelter: int, members: RowArray) -> None:
        """People set out for a shelter by what a board says: recorded where it says open and the shelter is not."""
        held = self.held[shelter]
        if self.said(board)[shelter] == Door.OPEN != held:
            self._world.happen(EventKind.MISINFORMED, members, place=shelter, detail=int(held == Door.FULL))
