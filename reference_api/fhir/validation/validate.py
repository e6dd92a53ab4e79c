"""The one question: what is wrong with this resource?"""

from collections.abc import Mapping, Sequence
from typing import Any

from reference_api.fhir.validation.issue import ERROR, TOO_COSTLY, Issue
from reference_api.fhir.validation.root import Root
from reference_api.fhir.validation.structure import check_resource

ISSUE_LIMIT = 100
"""Issues that are told of one resource. Source: none; more help nobody, and an answer stays small. Confidence C."""


def validate(resource: Mapping[str, Any], profiles: Sequence[str] | None = None) -> list[Issue]:
    """What is wrong with a resource, errors first, at most ``ISSUE_LIMIT``; empty when nothing is.

    ``profiles`` are canonical URLs demanded besides those it claims in ``meta.profile``.
    """
    try:
        found = check_resource(resource, Root(resource), profiles or ())
    except RecursionError:
        return [Issue(ERROR, TOO_COSTLY, "The resource nests too deeply to be checked", "Resource")]
    if not found:
        return []
    name = resource.get("resourceType")
    resource_type = name if isinstance(name, str) and name.isidentifier() else "Resource"
    found.sort(key=lambda finding: finding.severity != ERROR)
    return [finding.issue(resource_type) for finding in found[:ISSUE_LIMIT]]
