"""The registry of agents: Mesa's Agent and Model, without the rest of Mesa, which a run does not use.

The package imports pandas, networkx and more for its tables, spaces and batches; that takes twenty times as long as the
two classes.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec
from itertools import count
from weakref import WeakKeyDictionary


@contextmanager
def _bare(package: str) -> Iterator[None]:
    """Let modules of a package be imported without what the package itself imports."""
    spec = find_spec(package)
    if package in sys.modules or spec is None:
        yield
        return
    sys.modules[package] = module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules[package]


with _bare("mesa"):
    from mesa.agent import Agent as _MesaAgent
    from mesa.model import Model


class _Counters(WeakKeyDictionary[Model, Iterator[int]]):
    """The numbers of each model's agents, for as long as the model lives."""

    def __getitem__(self, model: Model) -> Iterator[int]:
        return self.setdefault(model, count(1))


class Agent(_MesaAgent):
    """Mesa's agent, by which no run outlives its end.

    Mesa keeps every model for ever as a key of its counters; a process that runs many would grow by each.

    Source: mesa issue 3179, mended after the versions for Python 3.11.
    """

    _ids = _Counters()


__all__ = ["Agent", "Model"]
