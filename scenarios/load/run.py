"""A load from end to end: recording and target in, verdict and oracle's findings out."""

import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from agents.city_os.calendar import Calendar
from scenarios.load.aftermath import REMEMBERED, Aftermath, Settled, ask_oracle, settle, stays_of
from scenarios.load.calls import SHARED, DueCall, Measured, Setup
from scenarios.load.casting import cast_people
from scenarios.load.clock import now
from scenarios.load.generator import Generator, Master, Sending, measured, prepare
from scenarios.load.histories import check_histories
from scenarios.load.objectives import LoadMode, Objectives, read_objectives
from scenarios.load.profile import crowd_of, profile_calls, profiles
from scenarios.load.recording import Recorded, read_recording
from scenarios.load.replay import Timing, replay, subjects
from scenarios.load.target import Target, TargetOptions, logins, open_target, reset, wait_for_calm
from scenarios.load.verdict import Judgement, Outcome, Verdict, judge
from scenarios.load.watching import BoardWatch, against_board, check_looks
from scenarios.progress import Tell
from scenarios.record import Finding
from twin.population import Mode

MOST_WAITING = 10_000
"""Requests that may be without an answer at once; beyond, calls fail unsent. Source: none; a fifth of the 50,000 IDs
that the contract is sized for (C7), each with a connection of its own. Confidence C."""

OWN_END = 0.8
"""Share of a core from which on a process of the generator is at its own end. Source: none; a core that is shared gives
a process less than it asks for. Confidence C."""

DISASTER = "disaster"

KEY_BYTES = 10
"""Chance in a load's Idempotency-Keys. Source: none; 80 bits, none meets another load's. Confidence C."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """A load as it was asked for: of a recording, or of a profile.

    ``until_s`` infinity: to the recording's end, or as long as the profile says. ``ui_port`` shows locust's own page.
    ``master`` lets workers of other machines send, ``processes`` in all. ``opening_s`` stands in for a profile's, and
    its length for none.
    """

    recording: Path | None
    target: TargetOptions
    profile: str | None = None
    ids: int | None = None
    speed: float = 1.0
    from_s: float = 0.0
    until_s: float = float("inf")
    objectives: Path | None = None
    processes: int = 1
    ui_port: int | None = None
    master: Master | None = None
    connections: str = SHARED
    command: str = ""
    opening_s: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One load on the way to the knee: its ``size`` (speed of a recording, people of a profile), and what came of it.

    ``ids`` people took part, ``speed`` times as fast as they live; ``rate`` is requests a second.
    """

    size: float
    ids: int
    speed: float
    rate: float
    p95_ms: Mapping[str, float]
    outcome: Outcome
    broken: Sequence[Judgement]


@dataclass(frozen=True, slots=True)
class Capacity:
    """The way to the knee, in the order in which it was gone."""

    steps: Sequence[Step]

    @property
    def held(self) -> Step | None:
        """The highest load under which every objective held, below the lowest that broke one."""
        broken = self.broken
        held = [one for one in self.steps if one.outcome is Outcome.HELD and (not broken or one.size < broken.size)]
        return max(held, key=lambda one: one.size, default=None)

    @property
    def broken(self) -> Step | None:
        """The lowest load under which one broke; None: the knee was not found."""
        broken = (one for one in self.steps if one.outcome is Outcome.BROKEN)
        return min(broken, key=lambda one: one.size, default=None)

    @property
    def lagged(self) -> Step | None:
        """The last load under which the generator could not keep its own schedule."""
        return next((one for one in reversed(self.steps) if one.outcome is Outcome.NONE), None)

    @property
    def knee(self) -> str:
        """What is known of it: between two loads, below the first, or where the search ended without it."""
        if self.broken is not None:
            return "knee" if self.held is not None else "knee_below"
        return "no_knee_lag" if self.lagged is not None else "no_knee"

    @property
    def bounds(self) -> tuple[float, float]:
        """Rates of the load that held, and of the one that broke or lagged; 0 where there is none."""
        ends = self.held, self.broken or self.lagged
        low, high = (0.0 if one is None else one.rate for one in ends)
        return low, high


@dataclass(frozen=True)
class Load:
    """One finished load; ``ids`` people with an ID took part, ``is_whole`` unless it was stopped before its end.

    ``recovery_s`` is how long after the load the service answered the city office again, None if it did not.
    ``core_share`` is how much of a core each process of the generator needed for its own work; ``against_board`` counts
    check-ins at shelters that the target's own board said to take nobody.
    """

    target_url: str
    begun: datetime
    ids: int
    copies: int
    left_out: int
    speed: float
    rows: Sequence[Measured]
    verdict: Verdict
    aftermath: Aftermath
    looks: int
    recovery_s: float | None
    during: Sequence[Finding]
    is_whole: bool
    objectives: Objectives
    command: str
    capacity: "Capacity | None" = None
    core_share: float = 0.0
    against_board: int = 0

    @property
    def waited_for_a_core(self) -> bool:
        """Whether the generator lagged although its own work was little: others had the cores."""
        return self.verdict.lagged and self.core_share < OWN_END

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that the oracle found, during the load and after it."""
        return (*self.during, *self.aftermath.findings)


def run_load(options: LoadOptions, tell: Tell) -> Load:
    """Press a target with a run's calls or a profile's, and judge what came of it.

    Raises:
        ScenarioError: the recording, the target or the objectives cannot be used, or the generator failed.
        AgentsError: the target is no city OS, or nobody answers there.
    """
    with opened(options, tell) as session:
        return session.press(options, tell)


@contextmanager
def opened(options: LoadOptions, tell: Tell) -> Iterator["Session"]:
    """All that loads of one target share, for as long as the block lasts.

    Raises:
        ScenarioError: the recording, the target or the objectives cannot be used.
        AgentsError: the target is no city OS, or nobody answers there.
    """
    objectives = read_objectives(options.objectives)
    tell("load_read", 0.0)
    recorded = None
    if options.recording is not None:
        recorded = read_recording(options.recording, from_s=options.from_s, until_s=options.until_s)
    target = open_target(options.target, tell)
    try:
        yield Session(objectives, recorded, target)
    finally:
        target.transport.close()


@dataclass(frozen=True)
class Session:
    """A target with what it is pressed by; ``recorded`` is None where a profile is asked for."""

    objectives: Objectives
    recorded: Sequence[Recorded] | None
    target: Target

    @property
    def ids_there(self) -> int:
        """People with an ID who live at the target."""
        return int(np.count_nonzero(self.target.population.has_id))

    def press(self, options: LoadOptions, tell: Tell) -> Load:
        """One load from a clean sandbox to its verdict.

        Raises:
            ScenarioError: too few people live there, or the generator failed.
            AgentsError: the sandbox does not reset itself.
        """
        self._check(options)
        setup = setup_for(self.target, options)
        done = self._generate(setup, options, tell)
        plan, rows = done.plan, done.rows
        try:
            after = self._after(setup, done, tell)
        except KeyboardInterrupt:
            after = NOT_ASKED
        length_s = plan.length_s if done.is_whole else max((one.due_s for one in rows), default=0.0)
        wrong = sum(one.cases for one in (*after.during, *after.aftermath.findings))
        return Load(
            target_url=self.target.url,
            begun=done.begun,
            ids=plan.ids,
            copies=plan.copies,
            left_out=plan.left_out,
            speed=options.speed,
            rows=rows,
            verdict=judge(rows, self.objectives, plan.mode, length_s, wrong=wrong),
            aftermath=after.aftermath,
            looks=len(done.watch.looks),
            recovery_s=after.recovery_s,
            during=after.during,
            is_whole=done.is_whole and after.aftermath.is_asked,
            objectives=self.objectives,
            command=options.command,
            against_board=after.against_board,
            core_share=done.work_s / options.processes / max(length_s, 1.0),
        )

    def _after(self, setup: Setup, done: "_Generated", tell: Tell) -> "_After":
        """Let the service come to itself, and ask the oracle's questions."""
        target, looks, kept = self.target, done.watch.looks, done.kept
        tell("load_ask", 0.0)
        recovery_s = wait_for_calm(target)
        more, settled = settle(target, setup, kept, done.rows)
        rows = [*done.rows, *more]
        aftermath = ask_oracle(target, Calendar(done.begun), kept, rows, settled)
        during = check_looks(looks, rows, kept, target)
        against = against_board(looks, done.rows, stays_of(kept.values(), target.directory))
        end_s = max((one.done_s for one in done.rows), default=0.0)
        histories = check_histories(target, kept, rows, end_s, tell)
        aftermath = replace(aftermath, findings=(*aftermath.findings, *histories))
        return _After(recovery_s, aftermath, during, against)

    def _plan(self, options: LoadOptions, timing: Timing) -> "Plan":
        target = self.target
        if self.recorded is None:
            profile = profiles()[options.profile or DISASTER]
            crowd = crowd_of(target, options.ids)
            until_s = min(options.until_s, options.from_s + profile.duration_s)
            if options.opening_s is not None:
                profile, until_s = msgspec.structs.replace(profile, opening_s=options.opening_s), options.until_s
            calls = profile_calls(profile, target, crowd, timing, until_s)
            return Plan(calls, timing.due_s(until_s), LoadMode.DISASTER, len(crowd.rows))
        done = replay(self.recorded, target.directory, target.api_base, timing, ids=options.ids)
        return Plan(done.calls, done.length_s, mode_of(self.recorded), done.cast.ids, done.cast.copies, done.left_out)

    def _check(self, options: LoadOptions) -> None:
        """See whether so many people live there, before anybody waits for workers.

        Raises:
            TooFewPeople: they do not.
        """
        if self.recorded is None:
            crowd_of(self.target, options.ids)
        else:
            cast_people(subjects(self.recorded), self.target.directory, options.ids)

    def _generate(self, setup: Setup, options: LoadOptions, tell: Tell) -> "_Generated":
        """Let the generator send all calls; Ctrl-C ends it with what was measured."""
        is_whole = True
        kept: dict[int, DueCall] = {}
        with tempfile.TemporaryDirectory(prefix="citytwin-load-") as name:
            folder = Path(name)
            with Generator(folder, sending(setup, options)) as generator:
                generator.gather(tell)
                tell("load_plan", 0.0)
                begun = now()
                plan = self._plan(options, Timing(begun, options.from_s, options.speed))
                reset(self.target)
                prepare(folder, setup, _keeping(plan.calls, kept))
                tell("load_run", 0.0)
                with BoardWatch(self.target, generator.begin()) as watch:
                    try:
                        is_whole = generator.wait(plan.length_s, tell)
                    except KeyboardInterrupt:
                        is_whole = False
                        generator.stop()
                worked_s = generator.work_s
            return _Generated(begun, plan, measured(folder, setup.processes), watch, kept, is_whole, worked_s)


@dataclass(frozen=True, slots=True)
class Plan:
    """Calls in the order of their times, how long they last, and which objectives hold for them."""

    calls: Iterable[DueCall]
    length_s: float
    mode: LoadMode
    ids: int
    copies: int = 1
    left_out: int = 0


class _Generated(NamedTuple):
    """What was planned and what came of it; ``kept`` are the calls that the oracle needs, by their numbers."""

    begun: datetime
    plan: Plan
    rows: list[Measured]
    watch: BoardWatch
    kept: dict[int, DueCall]
    is_whole: bool
    work_s: float


class _After(NamedTuple):
    """What was asked after a load, and what came of it; ``recovery_s`` as in ``Load``."""

    recovery_s: float | None
    aftermath: Aftermath
    during: Sequence[Finding]
    against_board: int


NOT_ASKED = _After(None, Aftermath((), Settled(), 0, 0, 0, is_asked=False), (), 0)
"""Somebody stopped it before all was asked: what the oracle would have found is not known."""


def sending(setup: Setup, options: LoadOptions) -> Sending:
    """Who sends a load."""
    return Sending(setup.target, setup.processes, options.ui_port, options.master, options.target.hosts)


def _keeping(calls: Iterable[DueCall], kept: dict[int, DueCall]) -> Iterator[DueCall]:
    for call in calls:
        if call.operation in REMEMBERED:
            kept[call.number] = call
        yield call


def setup_for(target: Target, options: LoadOptions) -> Setup:
    """What the generator is told of a target."""
    return Setup(
        target=target.url,
        token_url=target.service.token_url,
        key=secrets.token_hex(KEY_BYTES),
        logins=logins(target),
        timeout_s=options.target.timeout_s,
        most_waiting=MOST_WAITING,
        processes=options.processes,
        connections=options.connections,
        shows=options.ui_port is not None,
    )


def mode_of(recorded: Iterable[Recorded]) -> LoadMode:
    """Which objectives hold: a disaster's once one is declared, also if it ends again; a drill is normal time."""
    declared = [call.body.get("mode") for call in recorded if call.operation == "declareDisaster"]
    return LoadMode.DISASTER if Mode.DISASTER in declared else LoadMode.NORMAL
