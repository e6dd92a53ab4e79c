"""Watch: looks at a run in steps: takes the series for the report and lets the oracle ask the city OS."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from agents.simulation import Simulation
from scenarios.language import Text
from scenarios.oracle import Oracle
from scenarios.record import Finding, NotificationResult, StepSeries

LISTS_S = 7200.0
"""Interval at which the lists of people are compared. A choice of the oracle: headcounts are compared every sample."""

IntArray = npt.NDArray[np.int64]


class Watch:
    """Called with the time at every sample of a run; ``progress`` is told the time."""

    def __init__(self, simulation: Simulation, oracle: Oracle, progress: Callable[[float], None]) -> None:
        self._simulation = simulation
        self._oracle = oracle
        self._progress = progress
        self._time_s: list[float] = []
        self._counts: list[IntArray] = []
        self._true: list[IntArray] = []
        self._said: list[IntArray] = []
        self.notifications: list[NotificationResult] = []

    def look(self, at_s: float) -> None:
        """Take a sample and compare it with what the city OS says at the same moment."""
        state = self._simulation.world.state
        headcount = state.headcount()
        self._time_s.append(at_s)
        self._counts.append(state.counts())
        self._true.append(headcount)
        self._said.append(self._oracle.check_headcounts(at_s, headcount))
        self._check_notices(at_s)
        if at_s % LISTS_S == 0 or at_s == self._simulation.world.situation.duration_s:
            self._oracle.check_lists(at_s, state)
            self._oracle.check_safety(at_s)
        self._progress(at_s)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the oracle found."""
        return self._oracle.findings

    def series(self) -> StepSeries:
        """All samples taken."""
        return StepSeries(np.array(self._time_s), np.stack(self._counts), np.stack(self._true), np.stack(self._said))

    def _check_notices(self, at_s: float) -> None:
        """Compare the recipients of messages that were sent since the last sample."""
        city_os = self._simulation.world.city_os
        for notice in self._simulation.notices[len(self.notifications) :]:
            delivered = city_os.deliveries(at_s, notice.notification)
            title = Text(notice.title, notice.title)
            self.notifications.append(self._oracle.check_recipients(notice.at_s, title, notice.districts, delivered))
