"""Required bindings: whether a coded value is of a value set."""

from collections.abc import Callable
from functools import cache
from typing import Any

from conformance.contract.fhir.tables import load_valuesets


@cache
def codes_of(url: str) -> frozenset[str] | None:
    """The codes of a value set, whatever their system; None if the set cannot be listed, so is not checked."""
    systems = load_valuesets().checked.get(url)
    return None if systems is None else frozenset(code for codes in systems.values() for code in codes)


@cache
def member_of(url: str) -> Callable[[Any], bool] | None:
    """The test of a code, Coding, CodeableConcept or Quantity; None if the set is not checked.

    Of a CodeableConcept one coding must be of the set; a value of another type is not coded, so passes.
    """
    systems = load_valuesets().checked.get(url)
    if systems is None:
        return None
    pairs = frozenset((system, code) for system, codes in systems.items() for code in codes)
    codes = frozenset(code for _, code in pairs)

    def holds(value: Any) -> bool:
        if type(value) is str:
            return value in codes
        if type(value) is not dict:
            return True
        if "coding" in value or "text" in value:
            return any((coding.get("system"), coding.get("code")) in pairs for coding in value.get("coding", ()))
        return (value.get("system"), value.get("code")) in pairs

    return holds
