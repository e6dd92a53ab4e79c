"""EndedTrips: how long the ways of people were, beside the trace of what happened to them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class EndedTrips:
    """Trips that ended, in columns: a row for each person who travelled.

    ``ended_s`` is since the scenario's start, ``length_m`` that of the links that lay behind them, ``informed`` whether
    they could choose their way anew by the traffic.
    """

    person: npt.NDArray[np.int32]
    ended_s: npt.NDArray[np.float64]
    length_m: npt.NDArray[np.float64]
    informed: npt.NDArray[np.bool_]
