"""Kept trees: whole trees of runs before, for those that follow on the same streets and find them as they were."""

import numpy as np
import numpy.typing as npt

from agents.movement.trees import BLOCK, Trees

Key = tuple[bytes, int]
"""A digest of the times of all links, and the node that a tree leads to."""

ROOM_BYTES = 256 << 20
"""Memory for kept trees: 1,800 of a town of 35,000 nodes, ten states of its streets. Confidence C."""


class KeptTrees:
    """Whole trees on the links of one network, ranked in one order; the first to come stay, as far as there is room.

    Who holds it sees to it that the network is the same: a tree is told by times and goal alone.
    """

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._links: dict[Key, npt.NDArray[np.int32]] = {}
        self._room_bytes = room_bytes

    def recall(self, trees: Trees, row: int, key: Key) -> bool:
        """Write a kept tree into row ``row`` of all trees, one after another; whether there is one."""
        kept = self._links.get(key)
        if kept is None:
            return False
        block = _blocks(trees, row)
        missing = np.flatnonzero(block == 0)
        block[missing] = np.arange(trees.used[0], trees.used[0] + len(missing))
        trees.used[0] += len(missing)
        trees.links.reshape(-1, BLOCK)[block] = kept
        return True

    def keep(self, trees: Trees, row: int, key: Key) -> None:
        """Keep the whole tree of a row."""
        block = _blocks(trees, row)
        size_bytes = len(block) * BLOCK * trees.links.itemsize
        if size_bytes <= self._room_bytes:
            self._links[key] = trees.links.reshape(-1, BLOCK)[block]
            self._room_bytes -= size_bytes


def _blocks(trees: Trees, row: int) -> npt.NDArray[np.int32]:
    """The blocks of a tree, to read and to write."""
    blocks: npt.NDArray[np.int32] = trees.block.reshape(-1, trees.block.shape[2])[row]
    return blocks
