"""Outcomes: how a check ends when it does not reach its end.

ConformanceError
└── Outcome
    ├── Violation      the target did not do what the requirement demands
    ├── Unmet          a precondition failed, so that nothing is known (verdict: skip)
    ├── NotApplicable  the requirement does not apply to this target (verdict: omit)
    ├── NeedsReview    a person must look (verdict: review)
    └── Misconfigured  the plan does not fit the target (verdict: config)
"""

from conformance.errors import ConformanceError
from conformance.text import Text, both


class Outcome(ConformanceError):
    """How a check ended; ``text`` says why."""

    def __init__(self, text: Text | str) -> None:
        self.text = both(text)
        super().__init__(self.text.en)


class Violation(Outcome):
    """The target did something else than is demanded: what was looked at, what was expected, what was seen."""

    def __init__(self, what: Text | str, *, expected: object, actual: object) -> None:
        super().__init__(what)
        self.expected = expected
        self.actual = actual


class Unmet(Outcome):
    """A precondition failed; for a negative probe, that what is right was accepted."""


class NotApplicable(Outcome):
    """The target does not offer what the requirement speaks of, or need not."""


class NeedsReview(Outcome):
    """A person must look; the text says at what."""


class Misconfigured(Outcome):
    """The plan does not fit the target; the text says what to change."""


class CredentialsRefused(Misconfigured):
    """The person's name or password is not taken."""
