"""Observations: what a city OS does in the place where a fault breaks it, seen from outside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from deviant.switches import deviant_app
from sandbox_city import City, small_seed
from stores import in_memory
from ward import with_hospital

from reference_api.app import create_app
from reference_api.clock import GivenClock
from reference_api.seed import load_into
from reference_api.settings import Settings

BEGIN_S = 1_800_000_000.0

Look = Callable[[City], Any]


@dataclass(frozen=True)
class Observation:
    """What is looked at, what the ordinary server shows there, and what the deviant one does."""

    look: Look
    right: Any
    wrong: Any


OBSERVATIONS: dict[str, Observation] = {}
"""All observations by the name of the fault; filled by the modules of ``deviant.observations``."""


def observed(name: str, *, right: Any, wrong: Any) -> Callable[[Look], Look]:
    """Enter an observation of a fault."""

    def enter(look: Look) -> Look:
        assert name not in OBSERVATIONS, name
        assert right != wrong, name
        OBSERVATIONS[name] = Observation(look, right, wrong)
        return look

    return enter


@contextmanager
def open_city(fault: str | None = None) -> Iterator[City]:
    """A sandbox over the small town with a hospital, on a database in memory; with a fault or without."""
    seed, opened, clock = with_hospital(small_seed()), in_memory(), GivenClock(BEGIN_S)
    settings = Settings(sandbox=True, registration=True)
    opened.drive(load_into(opened.store, seed, sandbox=True))
    if fault is None:
        yield City(create_app(settings, opened.store, clock), opened, clock, seed)
        return
    with deviant_app(fault, settings, opened.store, clock) as app:
        yield City(app, opened, clock, seed)
