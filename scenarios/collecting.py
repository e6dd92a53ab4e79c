"""Collecting garbage: seldom while a run makes millions of objects that stay, and all of it before the next run."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS = 200_000
"""New objects after which the youngest are looked through (Python: 700); 200,000 are about 20 MB. Confidence C."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for garbage rarely while the context lasts, and as before afterwards."""
    before = gc.get_threshold()
    gc.set_threshold(max(NEW_OBJECTS, before[0]) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def let_go() -> None:
    """Free what the last run left: its world, agents and events hold one another, in few objects with large arrays.

    Python looks for such circles by their number; a process that runs many would grow to gigabytes.
    """
    gc.collect()
