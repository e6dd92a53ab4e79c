"""Capacity: the load is raised until an objective breaks; the knee lies between what held and what broke."""

from dataclasses import replace

from scenarios.load.run import Capacity, Load, LoadOptions, Session, Step, opened
from scenarios.load.verdict import Outcome
from scenarios.progress import Tell

STEP_S, RAMP_S = 15.0, 5.0
"""How long a step of a profile lasts, and of that, how long people take to open their apps. Source: none; long enough
for the 95th percentile of a hundred calls a second, with a burst of sign-ins within. Confidence C."""

FACTOR = 2.0
"""By how much the load is raised while every objective holds."""

HALVINGS = 2
"""How often the interval between held and broken is halved (by its ratio): the knee is then known to a fifth."""

MOST_STEPS = 12
"""Doublings at most: 4,096 times the load asked for."""

SHORTEST_S = 5.0
"""A recording that lasts no longer says nothing of a load that lasts. Source: none. Confidence C."""


def find_capacity(options: LoadOptions, tell: Tell) -> Load:
    """Raise the load until an objective breaks; the load under which the last one held, with the way to it.

    Raises:
        ScenarioError: as ``run_load``.
        AgentsError: as ``run_load``.
    """
    with opened(options, tell) as session:
        climb = _Climb(session, options, tell)
        low, high = climb.double()
        if low is not None and high is not None:
            climb.halve(low, high)
        return climb.result()


class _Climb:
    def __init__(self, session: Session, options: LoadOptions, tell: Tell) -> None:
        self._session = session
        self._options = options
        self._tell = tell
        self._steps: list[Step] = []
        self._loads: list[Load] = []

    def double(self) -> tuple[float | None, float | None]:
        """Double until one breaks, the generator is at its end, or the recording has become too short."""
        speed, low = self._options.speed, None
        for _ in range(MOST_STEPS):
            outcome = self._press(speed)
            if outcome is not Outcome.HELD or not self._loads[-1].is_whole:
                return low, speed if outcome is Outcome.BROKEN else None
            low, speed = speed, speed * FACTOR
            if self._session.recorded is not None and self._loads[-1].verdict.length_s < FACTOR * SHORTEST_S:
                return low, None
        return low, None

    def halve(self, low: float, high: float) -> None:
        """Narrow the interval in which the knee is."""
        for _ in range(HALVINGS):
            middle = (low * high) ** 0.5
            outcome = self._press(middle)
            if outcome is Outcome.NONE or not self._loads[-1].is_whole:
                return
            low, high = (middle, high) if outcome is Outcome.HELD else (low, middle)

    def result(self) -> Load:
        """The load of the last step that held, of the first if none did."""
        capacity = Capacity(self._steps)
        shown = self._steps.index(capacity.held) if capacity.held is not None else 0
        whole = all(one.is_whole for one in self._loads)
        return replace(self._loads[shown], capacity=capacity, is_whole=whole)

    def _press(self, speed: float) -> Outcome:
        options = replace(self._options, speed=speed)
        if self._session.recorded is None:
            options = replace(options, until_s=options.from_s + STEP_S * speed, opening_s=RAMP_S * speed)
        load = self._session.press(options, self._tell)
        verdict = load.verdict
        self._loads.append(load)
        self._steps.append(
            Step(
                speed,
                verdict.calls / max(verdict.length_s, 1.0),
                {one.name: one.latency.p95_ms for one in verdict.classes},
                verdict.outcome,
                [one for one in verdict.judgements if not one.held],
            )
        )
        return verdict.outcome
