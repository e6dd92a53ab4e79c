"""Material: what every part of the report is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scenarios.language import Text
from scenarios.metrics import Metric, Number
from scenarios.outcomes import Outcomes
from scenarios.record import RunRecord
from scenarios.report.texts import number

FloatArray = npt.NDArray[np.float64]

BIN_S = 300.0
"""Bins of curves. Source: NUREG/CR-7002 studies and PLATEAU UC22-039 both report in 5 minutes."""


@dataclass(frozen=True)
class Material:
    """A run, what became of its people, and its metrics."""

    record: RunRecord
    outcomes: Outcomes
    metrics: tuple[Metric, ...]

    @cached_property
    def _values(self) -> Mapping[tuple[str, frozenset[tuple[str, str]]], Number]:
        return {(one.name, frozenset(one.by.items())): one.value for one in self.metrics}

    def value(self, name: str, **by: str) -> Number:
        """A metric's value, of the whole town or of the part named."""
        return self._values[name, frozenset(by.items())]

    def shown(self, name: str, **by: str) -> Text:
        """A metric's value as people read it."""
        return number(self.value(name, **by))

    def bins_s(self) -> FloatArray:
        """Edges of the 5-minute bins (s) from 0 to the run's end."""
        return np.append(np.arange(0.0, self.record.scenario.duration_s, BIN_S), self.record.scenario.duration_s)


def reached_by(times_s: FloatArray, at_s: FloatArray) -> FloatArray:
    """How many of the times lie at or before each of ``at_s``."""
    return np.searchsorted(np.sort(times_s), at_s, side="right").astype(np.float64)
