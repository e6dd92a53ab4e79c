"""Elements that repeat: arrays, and the pairs of arrays in which primitive values and their extensions stand.

Source: HL7 FHIR R4 4.0.1, json.html#primitive.
"""

from typing import Any

from reference_api.fhir.validation.finding import Check, Findings, placed, structure
from reference_api.fhir.validation.root import Root


def list_of(check: Check, maximum: int | None) -> Check:
    """The check of an array whose entries are checked by ``check``."""

    def checked(value: Any, owner: Any, root: Root) -> Findings:
        if found := _misshapen(value, maximum):
            return found
        for index, item in enumerate(value):
            if more := check(item, owner, root):
                found = placed(found, more, f"[{index}]")
        return found

    return checked


def primitives(partner: str, check: Check, maximum: int | None) -> Check:
    """The check of one of the two arrays in which primitive values and what is said of them stand side by side.

    ``partner`` names the other array; null stands where only that one says something.
    """

    def checked(value: Any, owner: Any, root: Root) -> Findings:
        if found := _misshapen(value, maximum) or _unpaired(value, owner.get(partner)):
            return found
        for index, item in enumerate(value):
            if item is not None and (more := check(item, owner, root)):
                found = placed(found, more, f"[{index}]")
        return found

    return checked


def _misshapen(value: Any, maximum: int | None) -> Findings:
    if type(value) is not list:
        return structure("This element is an array")
    if not value:
        return structure("An array is not empty")
    if maximum is not None and len(value) > maximum:
        return structure(f"This element has at most {maximum} entries")
    return None


def _unpaired(value: list[Any], sibling: Any) -> Findings:
    """Whether null stands where the other array says nothing either, or the arrays are not of one length."""
    if sibling is None:
        return structure("null stands only where the other array of the pair has an entry") if None in value else None
    if type(sibling) is not list or len(sibling) != len(value):
        return structure("The arrays of values and of their extensions are of one length")
    if any(one is None and other is None for one, other in zip(value, sibling, strict=True)):
        return structure("null stands only where the other array of the pair has an entry")
    return None
