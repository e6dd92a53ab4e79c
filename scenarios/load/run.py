"""A load from end to end: recording and target in, verdict and oracle's findings out."""

import secrets
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agents.city_os.calendar import Calendar
from scenarios.load.aftermath import REMEMBERED, Aftermath, ask_oracle, settle
from scenarios.load.calls import Measured, Setup
from scenarios.load.clock import now
from scenarios.load.generator import Generator, measured, prepare
from scenarios.load.objectives import LoadMode, Objectives, read_objectives
from scenarios.load.recording import Recorded, read_recording
from scenarios.load.replay import Replay, Timing, replay
from scenarios.load.target import Target, TargetOptions, logins, open_target, reset
from scenarios.load.verdict import Verdict, judge
from scenarios.load.watching import BoardWatch, check_looks
from scenarios.progress import Tell
from scenarios.record import Finding
from twin.population import Mode

MOST_WAITING = 10_000
"""Requests that may be without an answer at once; beyond, calls fail unsent. Source: none; a fifth of the 50,000 IDs
that the contract is sized for (C7), each with a connection of its own. Confidence C."""

KEY_BYTES = 10
"""Chance in a load's Idempotency-Keys. Source: none; 80 bits, none meets another load's. Confidence C."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """A load as it was asked for; ``until_s`` infinity: to the recording's end. ``ui_port`` shows locust's own page."""

    recording: Path
    target: TargetOptions
    ids: int | None = None
    speed: float = 1.0
    from_s: float = 0.0
    until_s: float = float("inf")
    objectives: Path | None = None
    processes: int = 1
    ui_port: int | None = None
    command: str = ""


@dataclass(frozen=True)
class Load:
    """One finished load; ``ids`` people with an ID took part, ``is_whole`` unless it was stopped before its end."""

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
    during: Sequence[Finding]
    is_whole: bool
    objectives: Objectives
    command: str

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that the oracle found, during the load and after it."""
        return (*self.during, *self.aftermath.findings)


def run_load(options: LoadOptions, tell: Tell) -> Load:
    """Replay a run against a target, and judge what came of it.

    Raises:
        ScenarioError: the recording, the target or the objectives cannot be used, or the generator failed.
        AgentsError: the target is no city OS, or nobody answers there.
    """
    objectives = read_objectives(options.objectives)
    tell("load_read", 0.0)
    recorded = read_recording(options.recording, from_s=options.from_s, until_s=options.until_s)
    target = open_target(options.target, tell)
    try:
        return _press(options, objectives, recorded, target, tell)
    finally:
        target.transport.close()


def _press(
    options: LoadOptions, objectives: Objectives, recorded: Sequence[Recorded], target: Target, tell: Tell
) -> Load:
    begun = now()
    timing = Timing(begun, options.from_s, options.speed)
    planned = replay(recorded, target.directory, target.api_base, timing, ids=options.ids)
    setup = setup_for(target, options)
    reset(target)
    rows, watch, is_whole = _generate(setup, planned, target, options.ui_port, tell)
    kept = {one.number: one for one in planned.calls if one.operation in REMEMBERED}
    tell("load_ask", 0.0)
    more, settled = settle(target, setup, kept, rows)
    aftermath = ask_oracle(target, Calendar(begun), kept, [*rows, *more], settled)
    during = check_looks(watch.looks, [*rows, *more], kept, target)
    wrong = sum(one.cases for one in (*during, *aftermath.findings))
    length_s = planned.length_s if is_whole else max((one.due_s for one in rows), default=0.0)
    verdict = judge(rows, objectives, mode_of(recorded), length_s, wrong=wrong)
    return Load(
        target_url=target.url,
        begun=begun,
        ids=planned.cast.ids,
        copies=planned.cast.copies,
        left_out=planned.left_out,
        speed=options.speed,
        rows=rows,
        verdict=verdict,
        aftermath=aftermath,
        looks=len(watch.looks),
        during=during,
        is_whole=is_whole,
        objectives=objectives,
        command=options.command,
    )


def _generate(
    setup: Setup, planned: Replay, target: Target, ui_port: int | None, tell: Tell
) -> tuple[list[Measured], BoardWatch, bool]:
    """Let the generator send all calls; Ctrl-C ends it with what was measured."""
    is_whole = True
    with tempfile.TemporaryDirectory(prefix="citytwin-load-") as name:
        folder = Path(name)
        prepare(folder, setup, planned.calls)
        with Generator(folder, setup, ui_port=ui_port) as generator:
            tell("load_run", 0.0)
            with BoardWatch(target, generator.begin()) as watch:
                try:
                    generator.wait(planned.length_s, tell)
                except KeyboardInterrupt:
                    is_whole = False
                    generator.stop()
        return measured(folder, setup.processes), watch, is_whole


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
    )


def mode_of(recorded: Iterable[Recorded]) -> LoadMode:
    """Which objectives hold: a disaster's once one is declared, also if it ends again; a drill is normal time."""
    declared = [call.body.get("mode") for call in recorded if call.operation == "declareDisaster"]
    return LoadMode.DISASTER if Mode.DISASTER in declared else LoadMode.NORMAL
