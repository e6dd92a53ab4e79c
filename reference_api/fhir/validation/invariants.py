"""Invariants: rules of several elements, by their official keys.

Each predicate is the official FHIRPath expression (``types.json``, ``profiles.json``) as Python of sound JSON: it gets
the element and the root resource, and is False where the expression is false.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from conformance.contract.fhir.tables import Invariant, load_profiles, load_types
from reference_api.fhir.validation import (
    bundle_invariants,
    datatype_invariants,
    resource_invariants,
    timing_invariants,
)
from reference_api.fhir.validation.finding import Finding
from reference_api.fhir.validation.issue import INVARIANT
from reference_api.fhir.validation.root import Root

Predicate = Callable[[Any, Root], bool]

PREDICATES: Mapping[str, Predicate] = MappingProxyType(
    {
        **datatype_invariants.PREDICATES,
        **timing_invariants.PREDICATES,
        **resource_invariants.PREDICATES,
        **bundle_invariants.PREDICATES,
    }
)
"""All that are evaluated; what is not is listed in the contract's ``invariants.toml``."""


def predicates_of(keys: Iterable[str]) -> list[tuple[str, Predicate]]:
    """The predicates of the keys, without those that are not evaluated."""
    return [(key, PREDICATES[key]) for key in keys if key in PREDICATES]


@cache
def all_invariants() -> Mapping[str, Invariant]:
    """The invariants of types and profiles by key."""
    return MappingProxyType({**load_types().invariants, **load_profiles().invariants})


def finding_of(key: str) -> Finding:
    """That an invariant is broken."""
    rule = all_invariants()[key]
    return Finding(INVARIANT, f"{key}: {rule.expression}", severity=rule.severity)
