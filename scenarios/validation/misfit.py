"""Misfit: how far a simulated figure lies from the observed one, with the intervals of both."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scenarios.statistics import NO_INTERVAL, Interval, median_interval, median_of
from scenarios.validation.observed import Figure


@dataclass(frozen=True, slots=True)
class Misfit:
    """An observed figure and what the seeds gave, ``values`` empty where the model has no such mechanism."""

    figure: Figure
    values: tuple[float, ...]

    @property
    def simulated(self) -> float | None:
        """The median over the seeds."""
        return median_of(self.values)

    @property
    def interval(self) -> Interval:
        """Of the simulated median, from order statistics; none where fewer than two seeds gave a value."""
        return median_interval(self.values) if len(self.values) > 1 else NO_INTERVAL

    @property
    def absolute(self) -> float | None:
        """Simulated less observed, in the figure's unit."""
        return None if self.simulated is None else self.simulated - self.figure.value

    @property
    def relative(self) -> float | None:
        """The absolute misfit over the observed value; None where that is 0."""
        if self.absolute is None or self.figure.value == 0.0:
            return None
        return self.absolute / self.figure.value

    @property
    def within_errors(self) -> bool | None:
        """Whether the interval of the survey and that of the seeds meet; None where either is not known."""
        theirs, ours = self.figure.sampling, self.interval
        if theirs.low is None or theirs.high is None or ours.low is None or ours.high is None:
            return None
        return theirs.low <= ours.high and ours.low <= theirs.high


def misfit(figure: Figure, values: Sequence[float]) -> Misfit:
    """The misfit of a figure; seeds that gave no case (not a number) are left out."""
    return Misfit(figure, tuple(one for one in values if math.isfinite(one)))


def geometric_mean(values: Sequence[float]) -> float:
    """The geometric mean of positive values, one at least."""
    return math.exp(sum(math.log(one) for one in values) / len(values))
