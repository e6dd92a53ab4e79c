"""Invariants of Timing.repeat."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from reference_api.fhir.validation.presence import has
from reference_api.fhir.validation.root import Root

_MEALS = frozenset(("C", "CM", "CD", "CV"))


def _needs(name: str, other: str) -> Callable[[Any, Root], bool]:
    """``name.empty() or other.exists()``."""
    return lambda node, _root: not has(node, name) or has(node, other)


def _is_not_negative(name: str) -> Callable[[Any, Root], bool]:
    """``name.exists() implies name >= 0``."""
    return lambda node, _root: bool(node.get(name, 0) >= 0)


def _tim_9(node: Any, _root: Root) -> bool:
    return not has(node, "offset") or (has(node, "when") and _MEALS.isdisjoint(node.get("when", ())))


def _tim_10(node: Any, _root: Root) -> bool:
    return not has(node, "timeOfDay") or not has(node, "when")


PREDICATES: Mapping[str, Callable[[Any, Root], bool]] = MappingProxyType(
    {
        "tim-1": _needs("duration", "durationUnit"),
        "tim-2": _needs("period", "periodUnit"),
        "tim-4": _is_not_negative("duration"),
        "tim-5": _is_not_negative("period"),
        "tim-6": _needs("periodMax", "period"),
        "tim-7": _needs("durationMax", "duration"),
        "tim-8": _needs("countMax", "count"),
        "tim-9": _tim_9,
        "tim-10": _tim_10,
    }
)
