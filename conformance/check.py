"""Checks: small functions, each registered by the requirement that it judges."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import pairwise
from pkgutil import walk_packages
from typing import TYPE_CHECKING, Any

from conformance.text import Text

if TYPE_CHECKING:
    from conformance.context import Context
    from conformance.target import Target

Condition = Callable[["Target"], Text | None]
"""Tells why a check does not apply to a target; None where it does."""

_MARK = "_check"


@dataclass(frozen=True)
class Check:
    """One check. Its level, text and clauses are those of its requirement.

    ``name`` is the requirement's id, and after a dot the part where a requirement has several checks. ``alone``: it
    changes what others see (clock, keys, disaster state, a person's consents) and runs when no other does. ``slow``: it
    waits longer than five seconds and runs with ``--slow`` only.
    """

    name: str
    requirement: str
    run: Callable[["Context"], None]
    when: tuple[Condition, ...] = ()
    alone: bool = False
    slow: bool = False

    @property
    def summary(self) -> str:
        """What the check does, in one sentence."""
        return (self.run.__doc__ or "").strip().partition("\n")[0]


def check(
    requirement: str, part: str = "", *, when: tuple[Condition, ...] = (), alone: bool = False, slow: bool = False
) -> Callable[[Callable[["Context"], None]], Callable[["Context"], None]]:
    """Register a function as a check of a requirement, or of a named part of it."""

    def enter(run: Callable[["Context"], None]) -> Callable[["Context"], None]:
        name = f"{requirement}.{part}" if part else requirement
        known = getattr(run, _MARK, ())
        setattr(run, _MARK, (*known, Check(name, requirement, run, when, alone, slow)))
        return run

    return enter


@cache
def load_checks() -> tuple[Check, ...]:
    """All checks of the package ``conformance.checks``, by name.

    Raises:
        ValueError: A name is there twice.
    """
    found = sorted(_find(), key=lambda one: one.name)
    doubles = sorted({one.name for one, other in pairwise(found) if one.name == other.name})
    if doubles:
        raise ValueError(f"checks {', '.join(doubles)} are there twice; give each a part of its own")
    return tuple(found)


def _find() -> Iterator[Check]:
    package = import_module("conformance.checks")
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        loaded: Any = import_module(module.name)
        for value in vars(loaded).values():
            if getattr(value, "__module__", None) == module.name:
                yield from getattr(value, _MARK, ())
