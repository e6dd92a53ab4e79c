"""Draws: choices of a check that are the same for the same seed, whatever else runs and in which order."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Draws:
    """Choices keyed by the run's seed and the check's id, by counter."""

    def __init__(self, seed: int, key: str) -> None:
        self.seed = seed
        self._prefix = f"{seed}/{key}"
        self._count = 0

    def number(self, below: int) -> int:
        """A number from 0 to ``below`` - 1."""
        self._count += 1
        digest = hashlib.sha256(f"{self._prefix}/{self._count}".encode()).digest()
        return int.from_bytes(digest[:8], "big") % below

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.number(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in another order."""
        rest = list(items)
        return [rest.pop(self.number(len(rest))) for _ in items]


def fresh(length_bytes: int = 12) -> str:
    """A string that was never used before: for states, nonces and keys, which a target may remember between runs."""
    return secrets.token_urlsafe(length_bytes)
