"""References: to which types they point."""

import re
from functools import cache
from typing import Any

from reference_api.fhir.validation.finding import Check, Findings, structure
from reference_api.fhir.validation.root import Root
from reference_api.fhir.validation.terminology import codes_of

_URL = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{2,63})/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)
"""Source: HL7 FHIR R4 4.0.1, references.html#literal."""


@cache
def resource_types() -> frozenset[str]:
    """Names of all R4 resource types."""
    return codes_of("http://hl7.org/fhir/ValueSet/resource-types") or frozenset()


def target_type(reference: dict[str, Any], root: Root) -> str | None:
    """The type a sound Reference points to, or None where it does not tell (a ``urn:``, a logical reference)."""
    url = reference.get("reference", "")
    if url.startswith("#"):
        return root.type_of(url[1:])
    match = _URL.fullmatch(url)
    name = match[1] if match else reference.get("type")
    return name if name in resource_types() else None


def reference_to(targets: tuple[str, ...], check: Check) -> Check:
    """``check`` of a Reference, and that it points to one of ``targets`` where it tells its type."""
    names = frozenset(targets)
    details = f"This reference is to one of: {', '.join(targets)}"

    def checked(value: Any, owner: Any, root: Root) -> Findings:
        if found := check(value, owner, root):
            return found
        return None if points_to(value, root, names) else structure(details, ".reference")

    return checked


def points_to(value: Any, root: Root, names: frozenset[str]) -> bool:
    """Whether a sound Reference points to one of the types, or does not tell."""
    if value.get("reference", "").partition("/")[0] in names:
        return True
    name = target_type(value, root)
    return name is None or name in names
