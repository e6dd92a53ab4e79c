"""Driving: walks a hypothesis state machine over a sandbox, and tells the shortest sequence of steps that went wrong.

A machine takes a ``Guide``, which gives it a city OS set back to its start, notes its steps and takes its mismatches. A
walk is the same for the same seed, keeps no database of examples, and ends in time: what was found until then counts.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, cast
from weakref import WeakKeyDictionary

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.errors import Flaky, HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from conformance.city.caller import City, Sandbox
from conformance.context import Context
from conformance.contract.exchange import Exchange
from conformance.errors import ConformanceError
from conformance.outcomes import Unmet
from conformance.target import Target
from conformance.text import NOTHING, Text, both
from conformance.wire import Line, Wire

SHRINK_S = 6.0
"""Longest time that a mismatch is made smaller, in seconds; then the shortest sequence so far is told. Confidence C."""


class Mismatch(Exception):
    """A city OS did something else than the model after some steps; ``requirement`` is the one that this breaks."""

    def __init__(self, requirement: str, what: Text, expected: object, actual: object, steps: Sequence[str]) -> None:
        super().__init__(f"{requirement}: {what.en}: expected {expected}, got {actual}")
        self.requirement, self.what, self.steps = requirement, what, tuple(steps)
        self.expected, self.actual = expected, actual
        self.exchanges: Sequence[Exchange] = ()


class _Over(BaseException):
    """A walk ends at once: its time is up, or the city OS could not be asked. Hypothesis catches no such exception."""


@dataclass(frozen=True)
class Walk:
    """What a walk found: the mismatch with the fewest steps by its requirement, and how far it went.

    ``broken`` says why nothing more is known: the city OS could not be asked. ``exchanges`` are those of the last run.
    """

    mismatches: Mapping[str, Mismatch]
    runs: int
    steps: int
    exchanges: Sequence[Exchange] = ()
    broken: ConformanceError | None = None


@dataclass
class _Road:
    """What lasts from run to run of a walk."""

    target: Target
    limit_s: float
    begin_s: float = field(default_factory=time.monotonic)
    found: dict[str, Mismatch] = field(default_factory=dict)
    found_at_s: float | None = None
    broken: ConformanceError | None = None
    runs: int = 0
    steps: int = 0
    over: bool = False
    wire: Wire | None = None

    def look_at_clock(self) -> None:
        """End the walk when its time is up."""
        now_s = time.monotonic()
        begun_s, limit_s = (self.begin_s, self.limit_s) if self.found_at_s is None else (self.found_at_s, SHRINK_S)
        if now_s - begun_s > limit_s:
            self.leave()

    def leave(self, reason: ConformanceError | None = None) -> NoReturn:
        """End the walk."""
        self.over, self.broken = True, reason
        raise _Over

    def shortest(self) -> Mapping[str, Mismatch]:
        """The mismatch with the fewest steps: others were met while it was made smaller, and follow from it."""
        ordered = sorted(self.found.values(), key=lambda one: (len(one.steps), one.requirement))
        return {one.requirement: one for one in ordered[:1]}


class Guide:
    """What a machine is given for one run: a city OS set back to its start, its sandbox, and a place for its steps."""

    def __init__(self, road: _Road) -> None:
        self._road = road
        road.look_at_clock()
        road.runs += 1
        self.run = road.runs
        self.target = road.target
        self.wire = road.wire = Wire(road.target.line)
        self.city = City(self.target, self.wire)
        self.sandbox = Sandbox(self.city)
        self.steps: list[str] = []
        self.asked(self.sandbox.reset)

    def asked(self, ask: Callable[[], object]) -> None:
        """Ask something without which the walk cannot go on.

        Raises:
            _Over: It failed; the walk ends, and nothing is known.
        """
        try:
            ask()
        except ConformanceError as reason:
            self._road.leave(reason)

    @property
    def over(self) -> bool:
        """Whether the walk has ended, so that a machine must not look at anything more (its ``teardown``)."""
        return self._road.over

    def step(self, told: str) -> None:
        """Note a step, in short: what was done, and what was answered. Names are as they are sent."""
        self._road.look_at_clock()
        self._road.steps += 1
        self.steps.append(told)

    def stop(self, en: str, ja: str) -> NoReturn:
        """End the walk: a step that the model needs was refused, so that nothing is known.

        Raises:
            _Over: Always.
        """
        self._road.leave(Unmet(Text(en, ja)))

    def mismatch(self, requirement: str, what: Text | str, *, expected: object, actual: object) -> NoReturn:
        """Tell that the city OS did something else than the model, and which requirement that breaks.

        Raises:
            Mismatch: Always; of a type of its own for each requirement, so that one is not made smaller into another.
        """
        kind = _kinds.setdefault(requirement, type(f"Mismatch_{requirement}", (Mismatch,), {}))
        told: Mismatch = kind(requirement, both(what), expected, actual, self.steps)
        told.exchanges = tuple(self.wire.exchanges)
        before = self._road.found.get(requirement)
        if before is None or len(told.steps) <= len(before.steps):
            self._road.found[requirement] = told
        if self._road.found_at_s is None:
            self._road.found_at_s = time.monotonic()
        raise told


_kinds: dict[str, type[Mismatch]] = {}


def walk(
    ctx: Context,
    name: str,
    machine: Callable[[Guide], RuleBasedStateMachine],
    *,
    runs: int,
    steps: int,
    limit_s: float,
) -> Walk:
    """Walk a machine: so many runs of at most so many steps, ended after ``limit_s`` seconds (and ``SHRINK_S``).

    Walked once for each ``name``, target and seed of a run; later calls are given the same walk. The sandbox is set
    back at the end.
    """
    walks = _walks.setdefault(ctx.target.line, {})
    key = (name, ctx.draws.seed)
    if key not in walks:
        ctx.sandbox.reset()
        walks[key] = _walk(_Road(ctx.target, limit_s), machine, ctx.draws.seed, runs, steps)
    return walks[key]


_walks: WeakKeyDictionary[Line, dict[tuple[str, int], Walk]] = WeakKeyDictionary()


def _walk(road: _Road, machine: Callable[[Guide], RuleBasedStateMachine], number: int, runs: int, steps: int) -> Walk:
    def fresh_machine() -> RuleBasedStateMachine:
        return machine(Guide(road))

    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    try:
        run_state_machine_as_test(cast("type[RuleBasedStateMachine]", seed(number)(fresh_machine)), settings=chosen)
    except _Over:
        pass
    except ConformanceError as reason:
        road.broken = reason
    except (Mismatch, HypothesisException) as reason:
        # Hypothesis takes a run that was ended for one that is not the same each time.
        if not road.found and not road.over:
            if not isinstance(reason, Flaky):
                raise
            road.broken = _changeable()
    exchanges = tuple(road.wire.exchanges) if road.wire else ()
    return Walk(road.shortest(), road.runs, road.steps, exchanges, road.broken)


def _changeable() -> Unmet:
    text = "the service answered the same steps in another way the second time"
    return Unmet(Text(text, "同じ手順への応答が二度目は違っていた"))


def judge_walk(ctx: Context, found: Walk, requirement: str, what: Text | str) -> None:
    """Demand that a walk found nothing that breaks a requirement; ``what`` says at what the walk looked.

    Raises:
        Violation: It did; the shortest sequence of steps is told.
        Unmet: The walk could not go on, or ended early at what breaks another requirement.
    """
    told = found.mismatches.get(requirement)
    ctx.wire.exchanges += told.exchanges if told else found.exchanges
    if told is None and found.mismatches:
        others = ", ".join(found.mismatches)
        ctx.skip(
            f"the walk ended early: it found a fault of {others}", f"途中で {others} の違反が見つかり、先に進めない"
        )
    if told is None and found.broken is not None:
        raise found.broken
    ctx.require(
        _with_steps(both(what), told),
        told is None,
        expected=told.expected if told else "as the model says",
        actual=told.actual if told else "as the model says",
    )


def _with_steps(what: Text, told: Mismatch | None) -> Text:
    if told is None:
        return what
    listed = " → ".join(told.steps) or "-"
    seen = told.what if told.what != NOTHING else what
    return Text(f"{seen.en} (after: {listed})", f"{seen.ja}(手順: {listed})")
