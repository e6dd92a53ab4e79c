"""Runner: plans which checks a run holds, runs them, and yields results as they come."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace

from conformance.check import Check, load_checks
from conformance.city.caller import City, Sandbox
from conformance.context import Context
from conformance.contract.requirements import Requirement, load_requirements
from conformance.draws import Draws
from conformance.errors import ConformanceError, SuiteError
from conformance.malformed import malformed, nothing_left
from conformance.outcomes import Outcome as Ended
from conformance.outcomes import Unmet, Violation
from conformance.results import Result
from conformance.target import Target
from conformance.text import NOTHING, Text, both
from conformance.verdict import Verdict, judge
from conformance.wire import Wire

UNSETTLED = (Verdict.FAIL, Verdict.ERROR, Verdict.SKIP)
"""Verdicts of checks that may have stopped in the middle of a change."""

PUT_OFF = Text(
    "the service put requests off (429 or 503 with Retry-After) for longer than a run waits; judge it when it is idle",
    "サービスが要求を後回しにし(Retry-Afterのある429か503)、待てる時間を超えた。空いているときに判定する",
)
"""Why nothing is said of a service that is busy: that it puts off what can wait is right (contract C7)."""

SHOWN = 2000
"""Longest expected or actual value in a result, in characters; the exchanges hold the rest."""


@dataclass(frozen=True)
class Choice:
    """Which results a run is to hold. Empty ``profiles``: those of the plan. ``names``: requirements or checks."""

    profiles: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    slow: bool = False


@dataclass(frozen=True)
class Planned:
    """A requirement with the check that judges it; ``reason`` and ``verdict`` where none does.

    ``omitted`` is the name of a check that is not run.
    """

    requirement: Requirement
    check: Check | None
    verdict: Verdict = Verdict.OMIT
    reason: Text = NOTHING
    omitted: str = ""

    @property
    def name(self) -> str:
        """The result's name."""
        return self.check.name if self.check else self.omitted or self.requirement.id


def plan_run(target: Target, choice: Choice) -> list[Planned]:
    """What a run holds, by name: each chosen requirement with each of its checks, or with the reason for none."""
    checks: dict[str, list[Check]] = {}
    for one in load_checks():
        checks.setdefault(one.requirement, []).append(one)
    chosen = [one for one in load_requirements() if _is_chosen(one, target, choice)]
    rows = [row for one in chosen for row in _rows(one, checks.get(one.id, ()), target, choice)]
    return sorted(rows, key=lambda row: row.name)


def _is_chosen(requirement: Requirement, target: Target, choice: Choice) -> bool:
    if choice.names:
        return any(name == requirement.id or name.startswith(f"{requirement.id}.") for name in choice.names)
    wanted = choice.profiles or target.plan.target.profiles
    if requirement.part in wanted or (not requirement.part and requirement.profile in wanted):
        return True
    # A city OS that declares a profile keeps all of its parts; any other server those that its plan names.
    return target.is_city_os and requirement.profile in wanted


def _rows(requirement: Requirement, checks: Sequence[Check], target: Target, choice: Choice) -> Iterator[Planned]:
    if requirement.way == "review":
        told = Text(f"a person must look: {requirement.how}", f"人が確かめる: {requirement.how_ja}")
        yield Planned(requirement, None, Verdict.REVIEW, told)
    elif requirement.way == "none" or not checks:
        yield Planned(
            requirement, None, Verdict.OMIT, Text(f"no check: {requirement.how}", f"検査なし: {requirement.how_ja}")
        )
    elif requirement.is_own_rule and not target.is_city_os:
        text = Text(
            "a rule of the city-OS contract; the target is none", "都市OSの標準仕様の決まりで、対象は都市OSでない"
        )
        yield Planned(requirement, None, Verdict.OMIT, text)
    else:
        every = not choice.names or requirement.id in choice.names
        yield from (_row(requirement, one, target, choice) for one in checks if every or one.name in choice.names)


def _row(requirement: Requirement, one: Check, target: Target, choice: Choice) -> Planned:
    reasons = [reason for condition in one.when if (reason := condition(target)) is not None]
    if reasons:
        return Planned(requirement, None, Verdict.OMIT, reasons[0], one.name)
    if one.slow and not choice.slow:
        told = Text("takes long: run with --slow", "時間がかかる。--slowで行う")
        return Planned(requirement, None, Verdict.OMIT, told, one.name)
    return Planned(requirement, one)


def run_planned(
    target: Target, rows: Sequence[Planned], *, seed: int = 1, jobs: int = 4, fhir_token: str = ""
) -> Iterator[Result]:
    """Results as they come: what needs no check first, then checks side by side, then those that must be alone.

    The order within each is drawn by the seed. A check that is alone and does not pass leaves the sandbox set back.
    """
    yield from (Result(row.name, row.requirement, row.verdict, row.reason) for row in rows if row.check is None)
    order = Draws(seed, "order").shuffled([row for row in rows if row.check is not None])
    judge_row = _Judge(target, seed, fhir_token)
    yield from _side_by_side([row for row in order if row.check and not row.check.alone], judge_row, jobs)
    for row in (row for row in order if row.check and row.check.alone):
        result = judge_row(row)
        yield result
        if result.verdict in UNSETTLED:
            _set_back(target)


def _set_back(target: Target) -> None:
    """Bring a sandbox back to its start; where that fails, the next check tells."""
    if target.has_sandbox and target.of_role("sandbox_admin"):
        with suppress(ConformanceError):
            Sandbox(City(target, Wire(target.line))).reset()


def _side_by_side(rows: Sequence[Planned], judge_row: Callable[[Planned], Result], jobs: int) -> Iterator[Result]:
    if jobs <= 1:
        yield from map(judge_row, rows)
        return
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="check")
    try:
        pending: set[Future[Result]] = {pool.submit(judge_row, row) for row in rows}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@dataclass(frozen=True)
class _Judge:
    """Runs one check and judges its outcome."""

    target: Target
    seed: int
    fhir_token: str

    def __call__(self, row: Planned) -> Result:
        assert row.check is not None  # noqa: S101 - rows without a check are not run
        wire = Wire(self.target.line)
        draws = Draws(self.seed, row.check.name)
        context = Context(_with_people_in_turn(self.target, draws), wire, draws, self.fhir_token)
        begin_s = time.monotonic()
        outcome = _outcome_of(row.check, context)
        if wire.is_put_off and isinstance(outcome, Violation | Unmet):
            outcome = Unmet(PUT_OFF)
        verdict = judge(row.requirement, outcome)
        expected, actual = ("", "") if not isinstance(outcome, Violation) else _values(outcome)
        duration_s = time.monotonic() - begin_s
        told = _message(outcome)
        message = Text(_writable(told.en), _writable(told.ja))
        return Result(row.name, row.requirement, verdict, message, expected, actual, tuple(wire.exchanges), duration_s)


def _with_people_in_turn(target: Target, draws: Draws) -> Target:
    """The target with its people in another order: checks share them out, because a service counts calls by person."""
    if len(target.people) < 2:
        return target
    first = draws.number(len(target.people))
    return replace(target, people=(*target.people[first:], *target.people[:first]))


def _outcome_of(check: Check, context: Context) -> Exception | None:
    """How a check ended; None where it reached its end and proved something."""
    outcome: Exception | None = None
    try:
        check.run(context)
    except Exception as reason:  # noqa: BLE001 - whatever a check does is told as its outcome
        outcome = malformed(reason, context.wire.exchanges) or reason
    if outcome is None and not context.expectations:
        outcome = _nothing_demanded(check, context)
    try:
        context.close()
    except Exception as reason:  # noqa: BLE001 - as above
        outcome = outcome or malformed(reason, context.wire.exchanges) or reason
    return outcome


def _nothing_demanded(check: Check, context: Context) -> Exception:
    """A check that cannot fail is a defect, unless an answer's form is why there was nothing to judge."""
    return nothing_left(context.wire.exchanges) or SuiteError(f"{check.name} demanded nothing, so it cannot fail")


def _values(outcome: Violation) -> tuple[str, str]:
    return _shown(outcome.expected), _shown(outcome.actual)


def _shown(value: object) -> str:
    told = _writable(value if isinstance(value, str) else repr(value))
    return told if len(told) <= SHOWN else told[:SHOWN] + "…"


def _writable(text: str) -> str:
    """A text that every report can hold: JSON may escape halves of characters, which no file can."""
    return text.encode("utf-8", "replace").decode()


def _message(outcome: Exception | None) -> Text:
    if outcome is None:
        return NOTHING
    if isinstance(outcome, Violation):
        name, (expected, actual) = outcome.text, _values(outcome)
        return Text(
            f"{name.en}: expected {expected[:200]}, got {actual[:200]}",
            f"{name.ja}: 期待 {expected[:200]}、実際 {actual[:200]}",
        )
    if isinstance(outcome, Ended):
        return outcome.text
    told = str(outcome) if isinstance(outcome, ConformanceError) else f"{type(outcome).__name__}: {outcome}"
    return both(told)


def results_of(rows: Iterable[Result]) -> list[Result]:
    """Results in the order that files and reports hold them."""
    return sorted(rows, key=lambda one: one.name)
