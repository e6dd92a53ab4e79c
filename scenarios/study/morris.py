"""Elementary effects: which of many uncertain inputs matter, from few runs.

A trajectory goes through the grid of levels and changes one input at a time; each change gives an elementary effect
of that input. ``mu_star``, the mean of their sizes, ranks the inputs; ``sigma``, their spread, tells of bends and of
inputs that work together.

Source: Morris (1991), Technometrics 33(2), 161-174 (trajectories, mu, sigma); Campolongo, Cariboni, Saltelli (2007),
Environmental Modelling & Software 22(10), 1509-1518 (mu_star).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.randomness import Stream

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one input does to a figure over its whole range, in the figure's unit.

    ``mu`` is the mean of the ``n`` elementary effects, ``mu_star`` that of their sizes, ``sigma`` their standard
    deviation.
    """

    mu: float
    mu_star: float
    sigma: float
    n: int


def trajectories(count: int, inputs: int, levels: int, stream: Stream) -> FloatArray:
    """Points in the unit cube, shape (count, inputs + 1, inputs); two that follow one another differ in one input.

    ``levels`` is even; each step is levels / (2 (levels - 1)), with which every level is equally likely.
    """
    step = levels // 2
    cells = np.arange(count * inputs, dtype=np.int64).reshape(count, inputs)
    start = np.minimum((stream.uniform("morris.start", cells.ravel()) * levels).astype(np.int64), levels - 1)
    start = start.reshape(count, inputs)
    drawn = stream.uniform("morris.order", cells.ravel()).reshape(count, inputs)
    order = np.argsort(drawn, axis=1, kind="stable")
    points = np.repeat(start[:, None, :], inputs + 1, axis=1)
    for row in range(count):
        for place, column in enumerate(order[row]):
            # From the lower half a step leads up, from the upper half down: it never leaves the cube.
            points[row, place + 1 :, column] += step if start[row, column] < step else -step
    return np.asarray(points / (levels - 1), np.float64)


def effects(points: FloatArray, values: FloatArray) -> list[Effect]:
    """The effect of each input; ``values`` has shape (count, inputs + 1), values not finite left out."""
    moves = np.diff(points, axis=1)
    column = np.argmax(np.abs(moves), axis=2)
    distance = np.take_along_axis(moves, column[:, :, None], axis=2)[:, :, 0]
    elementary = np.diff(values, axis=1) / distance
    return [_effect(elementary[(column == row) & np.isfinite(elementary)]) for row in range(points.shape[2])]


def _effect(elementary: FloatArray) -> Effect:
    n = len(elementary)
    if n == 0:
        return Effect(float("nan"), float("nan"), float("nan"), 0)
    sigma = float(np.std(elementary, ddof=1)) if n > 1 else float("nan")
    return Effect(float(np.mean(elementary)), float(np.mean(np.abs(elementary))), sigma, n)


def in_ranges(point: Sequence[float], ranges: Sequence[tuple[float, float]]) -> list[float]:
    """A point of the unit cube as values between low and high."""
    return [low + share * (high - low) for share, (low, high) in zip(point, ranges, strict=True)]
