"""Results: what a run found, one for each check, and for each requirement that no check judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.contract.exchange import Exchange
from conformance.contract.requirements import Requirement
from conformance.text import NOTHING, Text
from conformance.verdict import Verdict, roll_up


@dataclass(frozen=True)
class Acceptance:
    """A deviation that is known and accepted for a time, as a baseline says; ``expires`` is the last day, ISO 8601."""

    reason: str
    owner: str
    expires: str


@dataclass(frozen=True)
class Result:
    """One result. ``expected`` and ``actual`` are told for what was violated; ``message`` says why it is no pass.

    ``accepted`` is there where a baseline accepts the verdict, which then does not fail the run.
    """

    name: str
    requirement: Requirement
    verdict: Verdict
    message: Text = NOTHING
    expected: str = ""
    actual: str = ""
    exchanges: Sequence[Exchange] = ()
    duration_s: float = 0.0
    accepted: Acceptance | None = None


@dataclass(frozen=True)
class Run:
    """All results of a run against a target, in order of name."""

    target: str
    suite: str
    seed: int
    results: Sequence[Result]
    begun_at: str = ""
    duration_s: float = 0.0
    interrupted: bool = False

    def count(self) -> Mapping[str, int]:
        """Number of results by verdict, in the order of the verdicts."""
        return {verdict.value: sum(one.verdict is verdict for one in self.results) for verdict in Verdict}

    def by_requirement(self) -> Mapping[str, Verdict]:
        """The verdict of each requirement."""
        grouped: dict[str, list[Verdict]] = {}
        for one in self.results:
            grouped.setdefault(one.requirement.id, []).append(one.verdict)
        return {name: roll_up(verdicts) for name, verdicts in grouped.items()}

    def by_profile(self) -> Mapping[str, Mapping[str, int]]:
        """Number of results by profile and verdict."""
        profiles = dict.fromkeys(one.requirement.profile for one in self.results)
        return {
            profile: {
                verdict.value: sum(one.verdict is verdict for one in self.results if one.requirement.profile == profile)
                for verdict in Verdict
            }
            for profile in profiles
        }
