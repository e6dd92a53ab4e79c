"""Rare collections: Python looks for garbage in circles less often while a run makes millions of objects that stay."""

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
