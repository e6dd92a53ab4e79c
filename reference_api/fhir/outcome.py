"""OperationOutcome: how a FHIR server tells what was wrong.

Source: HL7 FHIR R4 4.0.1, operationoutcome.html, code system issue-type.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reference_api.errors import ApiError, UnreadableResource
from reference_api.fhir.validation import Issue

_CODES: Mapping[str, str] = {
    "invalid-token": "login",
    "insufficient-scope": "forbidden",
    "consent-required": "suppressed",
    "mode-not-allowed": "suppressed",
    "not-found": "not-found",
    "method-not-allowed": "not-supported",
    "not-acceptable": "not-supported",
    "unsupported-media-type": "not-supported",
    "conflict": "conflict",
    "gone": "deleted",
    "precondition-failed": "conflict",
    "content-too-large": "too-long",
    "request-timeout": "timeout",
    "quota-exceeded": "throttled",
    "temporary-reduced-capacity": "transient",
    "internal-error": "exception",
}
"""Issue type of each problem that has one of its own; every other is ``invalid``."""

FHIR_JSON = "application/fhir+json"
"""Media type of resources. Source: HL7 FHIR R4 4.0.1, http.html, content types."""

ISSUES = "issue"
"""The member of a fault that holds its issues."""


def outcome(fault: ApiError) -> bytes:
    """A fault as OperationOutcome."""
    return msgspec.json.encode(outcome_resource(fault))


def outcome_resource(fault: ApiError) -> dict[str, Any]:
    """A fault as an OperationOutcome resource, for a body or an entry of a Bundle."""
    issues = fault.members.get(ISSUES) or [_issue(fault)]
    return {"resourceType": "OperationOutcome", "issue": issues}


def _issue(fault: ApiError) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": "fatal" if fault.status >= 500 else "error",
        "code": _CODES.get(fault.problem, "invalid"),
        "details": {"text": fault.detail or fault.title},
    }
    if fault.faults:
        issue["expression"] = [found.pointer for found in fault.faults]
    return issue


def told(issues: Sequence[Issue]) -> list[dict[str, Any]]:
    """Issues as the members of OperationOutcome.issue."""
    return [
        {
            "severity": issue.severity,
            "code": issue.code,
            "details": {"text": issue.details},
            **({"expression": [issue.expression]} if issue.expression else {}),
        }
        for issue in issues
    ]


def refused(problem: str, code: str, details: str, expression: str = "") -> ApiError:
    """A fault with one issue."""
    return ApiError(problem, details, members={ISSUES: told([Issue("error", code, details, expression)])})


def not_valid(issues: Sequence[Issue]) -> ApiError:
    """The fault of a resource that breaks rules."""
    return ApiError("validation", members={ISSUES: told(issues)})


def unreadable(fault: UnreadableResource) -> ApiError:
    """The fault of a body that is no resource."""
    return refused("malformed-request", fault.code, fault.details)
