"""What people's properties are drawn from: keys, the run's stream, and parameters with lists over ages."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.parameters import Parameters
from twin.randomness import Stream

FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Chance:
    """One key for each person or household, the run's stream, the parameters."""

    key: npt.NDArray[np.uint64]
    stream: Stream
    parameters: Parameters

    def uniform(self, decision: str, number: int = 0) -> FloatArray:
        """One draw in (0, 1) for each row."""
        return self.stream.uniform(decision, self.key, number)

    def normal(self, decision: str) -> FloatArray:
        """One standard normal draw for each row."""
        return self.stream.normal(decision, self.key)

    def number(self, name: str) -> float:
        """A parameter that is one number."""
        return self.parameters.number(name)

    def band(self, name: str, age: Int64Array) -> Int64Array:
        """Age band of each person in the list of first ages (``from_age``) beside a parameter over ages."""
        first = self.parameters.row(f"{name.rpartition('.')[0]}.from_age")
        return np.searchsorted(first, age, side="right").astype(np.int64) - 1

    def by_age(self, name: str, age: Int64Array) -> FloatArray:
        """Value of a parameter over ages for each person."""
        return np.array(self.parameters.row(name))[self.band(name, age)]
