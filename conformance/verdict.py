"""Verdicts: what a check's outcome means. The requirement's level decides between fail and warn, never the check."""

from collections.abc import Iterable
from enum import StrEnum

from conformance.contract.requirements import Level, Requirement
from conformance.errors import NetworkError
from conformance.outcomes import Misconfigured, NeedsReview, NotApplicable, Unmet, Violation


class Verdict(StrEnum):
    """What is known of a requirement at a target."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    OMIT = "omit"
    REVIEW = "review"
    ERROR = "error"
    CONFIG = "config"


ROLL_UP = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.CONFIG,
    Verdict.SKIP,
    Verdict.REVIEW,
    Verdict.WARN,
    Verdict.PASS,
    Verdict.OMIT,
)
"""A group's verdict is the first of these that occurs in it: what is wrong for certain comes first, then what is not
known, then what is right."""

_BY_LEVEL: dict[Level, Verdict] = {"SHALL": Verdict.FAIL, "SHOULD": Verdict.WARN, "MAY": Verdict.WARN}

_BY_OUTCOME: dict[type[Exception], Verdict] = {
    Unmet: Verdict.SKIP,
    NotApplicable: Verdict.OMIT,
    NeedsReview: Verdict.REVIEW,
    Misconfigured: Verdict.CONFIG,
    NetworkError: Verdict.ERROR,
}

EXIT_OK, EXIT_FAIL, EXIT_ERROR, EXIT_USAGE = 0, 1, 2, 3
"""Exit codes: no MUST failure; failures; the suite or the network failed; usage or configuration."""


def judge(requirement: Requirement, outcome: Exception | None) -> Verdict:
    """The verdict of a check that ended with an outcome, None where it reached its end."""
    if outcome is None:
        return Verdict.PASS
    if isinstance(outcome, Violation):
        return _BY_LEVEL[requirement.level]
    return next((verdict for kind, verdict in _BY_OUTCOME.items() if isinstance(outcome, kind)), Verdict.ERROR)


def roll_up(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a group; omit for an empty one."""
    present = set(verdicts)
    return next((verdict for verdict in ROLL_UP if verdict in present), Verdict.OMIT)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """What a run ends with: a failure is certain and told first."""
    present = set(verdicts)
    order = ((Verdict.FAIL, EXIT_FAIL), (Verdict.ERROR, EXIT_ERROR), (Verdict.CONFIG, EXIT_USAGE))
    return next((code for verdict, code in order if verdict in present), EXIT_OK)
