"""References: to which types they point."""

import re
from functools import cache
from typing import Any

from reference_api.fhir.validation.finding import Check, Findings, structure
from reference_api.fhir.validation.terminology import codes_of

_URL = re.compile(r"(?:.*/)?([A-Z][A-Za-z]{2,63})/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)
"""Source: HL7 FHIR R4 4.0.1, references.html#literal."""


@cache
def resource_types() -> frozenset[str]:
    """Names of all R4 resource types."""
    return codes_of("http://hl7.org/fhir/ValueSet/resource-types") or frozenset()


def contained_ids(root: Any) -> list[Any]:
    """The ids of the contained resources of a root, whatever shape it is in."""
    contained = root.get("contained") if type(root) is dict else None
    return [one.get("id") for one in contained if type(one) is dict] if type(contained) is list else []


def target_type(reference: dict[str, Any], root: Any) -> str | None:
    """The type a sound Reference points to, or None where it does not tell (a ``urn:``, a logical reference)."""
    url = reference.get("reference", "")
    if url.startswith("#"):
        return _contained_type(url[1:], root)
    match = _URL.fullmatch(url)
    name = match[1] if match else reference.get("type")
    return name if name in resource_types() else None


def _contained_type(identity: str, root: Any) -> str | None:
    """Of a root in which not everything need be sound yet."""
    contained = root.get("contained")
    for resource in contained if type(contained) is list else ():
        if type(resource) is dict and resource.get("id") == identity:
            name = resource.get("resourceType")
            return name if type(name) is str else None
    return None


def reference_to(targets: tuple[str, ...], check: Check) -> Check:
    """``check`` of a Reference, and that it points to one of ``targets`` where it tells its type."""
    names = frozenset(targets)
    details = f"This reference is to one of: {', '.join(targets)}"

    def checked(value: Any, owner: Any, root: Any) -> Findings:
        if found := check(value, owner, root):
            return found
        return None if points_to(value, root, names) else structure(details, ".reference")

    return checked


def points_to(value: Any, root: Any, names: frozenset[str]) -> bool:
    """Whether a sound Reference points to one of the types, or does not tell."""
    if value.get("reference", "").partition("/")[0] in names:
        return True
    name = target_type(value, root)
    return name is None or name in names
