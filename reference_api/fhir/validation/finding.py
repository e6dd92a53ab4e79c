"""What a check found, before it is known where in the resource the checked value stands."""

from collections.abc import Callable
from typing import Any

from reference_api.fhir.validation.issue import ERROR, STRUCTURE, Issue
from reference_api.fhir.validation.root import Root


class Finding:
    """Severity, issue type, details, and the place below the checked value (``.code.coding[0]``)."""

    __slots__ = ("code", "details", "place", "severity")

    def __init__(self, code: str, details: str, place: str = "", severity: str = ERROR) -> None:
        self.severity = severity
        self.code = code
        self.details = details
        self.place = place

    def under(self, place: str) -> "Finding":
        """The same, seen from one level up."""
        self.place = place + self.place
        return self

    def issue(self, resource_type: str) -> Issue:
        """As an issue of the resource it was found in."""
        return Issue(self.severity, self.code, self.details, resource_type + self.place)


Findings = list[Finding] | None
"""None when nothing was found, so that a sound value costs nothing."""

Check = Callable[[Any, Any, Root], Findings]
"""Of a value, the object that has it, and the root resource (the container of contained resources)."""


def placed(found: Findings, more: Findings, place: str) -> Findings:
    """``found`` with ``more``, which was found under ``place``."""
    if not more:
        return found
    for finding in more:
        finding.under(place)
    if found is None:
        return more
    found.extend(more)
    return found


def added(found: Findings, finding: Finding) -> Findings:
    """``found`` with one more."""
    if found is None:
        return [finding]
    found.append(finding)
    return found


def has_error(found: Findings) -> bool:
    """Whether one of them is an error."""
    return found is not None and any(finding.severity == ERROR for finding in found)


def structure(details: str, place: str = "") -> list[Finding]:
    """One finding that the JSON is not shaped as it must be."""
    return [Finding(STRUCTURE, details, place)]
