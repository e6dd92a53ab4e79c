"""The registry of agents: Mesa's Agent and Model, without the packages that Mesa needs for tables and networks only.

Mesa imports pandas and networkx for its collector of tables and its network spaces, which a run does not use; they are
two thirds of the time that Mesa takes to import. They are imported when something asks for them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary


@contextmanager
def _imported_on_demand(*names: str) -> Iterator[None]:
    """Let modules that are imported meanwhile have stand-ins that import the real packages when used."""
    stand_ins = {name: _stand_in(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


def _stand_in(name: str) -> ModuleType:
    module = ModuleType(name, f"Stands in for {name} until it is used.")

    def real(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)  # who looks through all modules does not use this one
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(import_module(name), attribute)

    module.__getattr__ = real  # type: ignore[method-assign]
    return module


with _imported_on_demand("pandas", "networkx"):
    import mesa
    from mesa import Model


class _Counters(WeakKeyDictionary[Model, Iterator[int]]):
    """The numbers of each model's agents, for as long as the model lives."""

    def __getitem__(self, model: Model) -> Iterator[int]:
        return self.setdefault(model, count(1))


class Agent(mesa.Agent):
    """Mesa's agent, by which no run outlives its end.

    Mesa keeps every model for ever as a key of its counters; a process that runs many would grow by each.

    Source: mesa issue 3179, mended after the versions for Python 3.11.
    """

    _ids = _Counters()


__all__ = ["Agent", "Model"]
