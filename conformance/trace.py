"""Trace: judges a simulation's traffic without asking anything, by what can be seen in it."""

from collections.abc import Callable
from typing import BinaryIO

from conformance.results import Run

Progress = Callable[[int, int], None]
"""Told from time to time: exchanges read, and bytes read."""


def judge_trace(file: BinaryIO, *, target: str, suite: str, progress: Progress | None = None) -> Run:
    """Results of what is seen in a file of exchanges, read once from its begin to its end.

    Raises:
        PlanError: The file holds no exchanges.
    """
    raise NotImplementedError
