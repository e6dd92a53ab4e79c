"""Which findings injected faults account for: what they can cause, from when they begin; never a leak."""

from collections.abc import Iterable, Mapping, Sequence

from scenarios.record import Finding, FindingKind, InjectedFault

_CUT_OFF = frozenset({FindingKind.UNANSWERED, FindingKind.HEADCOUNT, FindingKind.LOST, FindingKind.RECIPIENT})
CAN_CAUSE: Mapping[str, frozenset[FindingKind]] = {
    "latency": _CUT_OFF | {FindingKind.GHOST},
    "trickle": _CUT_OFF | {FindingKind.GHOST},
    "error": _CUT_OFF | {FindingKind.GHOST},
    "outage": _CUT_OFF | {FindingKind.GHOST},
    "cell_loss": _CUT_OFF | {FindingKind.GHOST},
    "power_loss": _CUT_OFF | {FindingKind.GHOST},
    "city_hall_link": _CUT_OFF | {FindingKind.GHOST},
    "stale": frozenset({FindingKind.HEADCOUNT, FindingKind.LOST, FindingKind.GHOST, FindingKind.RECIPIENT}),
    "lost_write": frozenset(
        {FindingKind.HEADCOUNT, FindingKind.LOST, FindingKind.GHOST, FindingKind.RECIPIENT, FindingKind.UNANSWERED}
    ),
    "doubled_write": frozenset({FindingKind.HEADCOUNT, FindingKind.GHOST, FindingKind.RECIPIENT}),
    "clock_skew": frozenset({FindingKind.HEADCOUNT, FindingKind.LOST, FindingKind.GHOST}),
}
"""Kinds of findings that each kind of fault can cause. Who was cut off in the middle may stay on a list (GHOST): a
check-out that never came, or a report that came and was not known to have come."""


def causes_of(finding: Finding, faults: Iterable[InjectedFault]) -> tuple[str, ...]:
    """Names of the faults that can have caused a finding: they hit something before it, and can cause its kind."""
    return tuple(
        one.name for one in faults if one.hit and one.from_s <= finding.at_s and finding.kind in CAN_CAUSE[one.kind]
    )


def unexplained(findings: Iterable[Finding], faults: Sequence[InjectedFault]) -> tuple[Finding, ...]:
    """Findings that no injected fault accounts for: the service's own."""
    return tuple(one for one in findings if not causes_of(one, faults))
