"""Single primitive values: their type's rule, a required binding, invariants."""

from typing import Any

from conformance.contract.fhir.tables import Element
from reference_api.fhir.validation.finding import Check, Finding, Findings, structure
from reference_api.fhir.validation.invariants import finding_of, predicates_of
from reference_api.fhir.validation.issue import CODE_INVALID, VALUE
from reference_api.fhir.validation.primitives import Holds, primitive
from reference_api.fhir.validation.root import Root
from reference_api.fhir.validation.terminology import codes_of


def leaf(kind: str, element: Element) -> Check:
    """The check of one value of a primitive type."""
    codes = codes_of(element.binding) if element.binding else None
    if codes is not None and element.binding is not None:
        return _coded(codes, element.binding)
    holds, predicates = primitive(kind), predicates_of(element.invariants)

    def checked(value: Any, _owner: Any, root: Root) -> Findings:
        if not holds(value):
            return [_not_of(kind, value)]
        if not predicates:
            return None
        return [finding_of(key) for key, predicate in predicates if not predicate(value, root)]

    return checked


def _coded(codes: frozenset[str], binding: str) -> Check:
    is_code: Holds = primitive("code")

    def checked(value: Any, _owner: Any, _root: Root) -> Findings:
        if type(value) is str and value in codes:
            return None
        if not is_code(value):
            return [_not_of("code", value)]
        return [Finding(CODE_INVALID, f"This code is not of the value set {binding}")]

    return checked


def _not_of(kind: str, value: Any) -> Finding:
    if value is None:
        return structure("null stands only in arrays of primitive values")[0]
    if type(value) is list or type(value) is dict:
        return structure(f"This is one value of type {kind}")[0]
    return Finding(VALUE, f"This is no {kind}")
