"""Runs tests and judges what they give; a test passes when every value lies within its band."""

import enum
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from agents.errors import AgentsError
from scenarios.errors import UnknownTrial
from scenarios.verification.catalogue import Expectation, Trial, read_trials

Got = dict[str, float]
"""What a test measured, by the keys of its expectations."""

ROUNDING = 1e-9
"""Room for the rounding of floating-point numbers, beside each tolerance."""


class Verdict(enum.StrEnum):
    """What became of a test."""

    PASSED = "pass"
    FAILED = "fail"
    OMITTED = "not_applicable"


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a test; NaN if the test could not give it."""

    expected: Expectation
    got: float

    @property
    def verdict(self) -> Verdict:
        """Whether the value lies within its band."""
        low, high = self.expected.band
        room = ROUNDING * max(1.0, abs(self.got)) if math.isfinite(self.got) else 0.0
        return Verdict.PASSED if low - room <= self.got <= high + room else Verdict.FAILED


@dataclass(frozen=True, slots=True)
class Judgement:
    """A test and its values; ``error`` is what the code refused, "" if it ran."""

    trial: Trial
    values: tuple[Value, ...] = ()
    error: str = ""

    @property
    def verdict(self) -> Verdict:
        """Fail if any value fails, or the code refused to run."""
        if not self.trial.applies:
            return Verdict.OMITTED
        well = bool(self.values) and not self.error and all(one.verdict is Verdict.PASSED for one in self.values)
        return Verdict.PASSED if well else Verdict.FAILED


def pick_trials(names: Sequence[str]) -> tuple[Trial, ...]:
    """The tests of these names (any case; a standard's key means all its tests), all if none are given.

    Raises:
        UnknownTrial: a name is none of a test or standard; carries every such name.
    """
    trials = read_trials()
    if not names:
        return trials
    known = [one.id for one in trials] + sorted({one.standard for one in trials})
    folded = {name.casefold() for name in known}
    unknown = [name for name in names if name.casefold() not in folded]
    if unknown:
        raise UnknownTrial(unknown, known)
    wanted = {name.casefold() for name in names}
    return tuple(one for one in trials if {one.id.casefold(), one.standard.casefold()} & wanted)


def judge_all(trials: Sequence[Trial], tell: Callable[[str, float], None]) -> Iterator[Judgement]:
    """Judge tests one after the other, what several ask alike only once; ``tell`` hears how far it has come."""
    measured: dict[tuple[object, ...], Got | Exception] = {}
    for row, trial in enumerate(trials):
        tell("verify", row / len(trials))
        alike = (trial.run, *sorted(trial.setting.items()))
        if trial.applies and alike not in measured:
            measured[alike] = _measure(trial)
        yield _judge(trial, measured[alike]) if trial.applies else Judgement(trial)
    tell("verify", 1.0)


def judge(trial: Trial) -> Judgement:
    """Run one test against the code that scenarios run."""
    return next(judge_all((trial,), lambda *_: None))


def _measure(trial: Trial) -> Got | Exception:
    module, _, function = trial.run.partition(".")
    try:
        got: Got = getattr(import_module(f"scenarios.verification.{module}"), function)(**trial.setting)
    except Exception as fault:  # noqa: BLE001 - whatever a wrong code does, the other tests are judged
        return fault
    return got


def _judge(trial: Trial, got: Got | Exception) -> Judgement:
    if isinstance(got, Exception):
        said = str(got) if isinstance(got, AgentsError) else f"{type(got).__name__}: {got}"
        return Judgement(trial, tuple(Value(one, math.nan) for one in trial.expected), said)
    return Judgement(trial, tuple(Value(one, float(got.get(one.key, math.nan))) for one in trial.expected))
