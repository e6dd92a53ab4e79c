"""Capacity: the load is raised until an objective breaks; the knee lies between what held and what broke."""

import math
from dataclasses import replace

from scenarios.load.run import Capacity, Load, LoadOptions, Session, Step, opened
from scenarios.load.verdict import Outcome
from scenarios.progress import Tell

STEP_S, RAMP_S = 30.0, 20.0
"""How long a step of a profile lasts, and of that, how long people take to open their apps.

Source: none; all sign in within the ramp, which then is as heavy as what follows. Confidence C.
"""

FIRST_IDS = 3000
"""People with whom a profile begins. Source: behaviour.md 3.10, the city's aim for users of family sharing."""

BEYOND = 8
"""For how many each of a target's people may stand once all take part: they then ask so many times as often. Source:
none. Confidence C."""

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
        """Double until one breaks, the generator is at its end, or no more can be asked for."""
        size, low, most = self._first(), None, self._most()
        for _ in range(MOST_STEPS):
            outcome = self._press(size)
            if outcome is not Outcome.HELD or not self._loads[-1].is_whole:
                return low, size if outcome is Outcome.BROKEN else None
            if size >= most or self._is_short():
                return size, None
            low, size = size, min(size * FACTOR, most)
        return low, None

    def _first(self) -> float:
        """The first size: people of a profile, the speed of a recording."""
        if self._session.recorded is not None:
            return self._options.speed
        return min(self._options.ids or FIRST_IDS, self._most())

    def _most(self) -> float:
        return float("inf") if self._session.recorded is not None else float(BEYOND * self._session.ids_there)

    def _is_short(self) -> bool:
        recorded = self._session.recorded is not None
        return recorded and self._loads[-1].verdict.length_s < FACTOR * SHORTEST_S

    def halve(self, low: float, high: float) -> None:
        """Narrow the interval in which the knee is."""
        for _ in range(HALVINGS):
            middle = math.sqrt(low * high)
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

    def _press(self, size: float) -> Outcome:
        load = self._session.press(self._options_at(size), self._tell)
        verdict = load.verdict
        self._loads.append(load)
        self._steps.append(
            Step(
                size,
                load.ids,
                load.speed,
                verdict.calls / max(verdict.length_s, 1.0),
                {one.name: one.latency.p95_ms for one in verdict.classes},
                verdict.outcome,
                [one for one in verdict.judgements if not one.held],
            )
        )
        return verdict.outcome

    def _options_at(self, size: float) -> LoadOptions:
        """A recording goes faster; of a profile more people take part, and once all do, each stands for several."""
        options = self._options
        if self._session.recorded is not None:
            return replace(options, speed=size)
        ids = min(round(size), self._session.ids_there)
        speed = options.speed * max(1.0, size / self._session.ids_there)
        until_s = options.from_s + STEP_S * speed
        return replace(options, ids=ids, speed=speed, until_s=until_s, opening_s=RAMP_S * speed)
