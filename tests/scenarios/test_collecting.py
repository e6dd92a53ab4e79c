"""Collecting garbage."""

import gc
import weakref

from scenarios.collecting import let_go, rare_collections


class Round:
    """An object that holds itself, as a run's world does."""

    def __init__(self) -> None:
        self.me = self


def test_what_the_last_run_left_is_freed() -> None:
    """Objects that hold one another do not outlive the run before the next one."""
    with rare_collections():
        left = weakref.ref(Round())
        let_go()
    assert left() is None


def test_python_looks_as_before_afterwards() -> None:
    """The interpreter's own rule holds again after a run."""
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
