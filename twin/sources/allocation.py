"""Groups chosen so that they have the size asked for, and totals split up to limits."""

import numpy as np
import numpy.typing as npt

from twin.sources.apportion import apportion

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]


def rank_within(groups: npt.NDArray[np.integer], keys: FloatArray) -> Int64Array:
    """Place 0, 1, 2... of each row among the rows of its group, by ascending key."""
    order = np.lexsort((keys, groups))
    ordered = groups[order]
    first = np.searchsorted(ordered, ordered, side="left")
    ranks = np.empty(len(groups), dtype=np.int64)
    ranks[order] = np.arange(len(groups)) - first
    return ranks


def pick(count: int, odds: FloatArray, draws: FloatArray) -> BoolArray:
    """Choose ``count`` rows without replacement, each the likelier the larger its odds; rows with odds 0 never.

    Takes every row with odds above 0 where there are fewer than ``count``. ``draws`` are uniform in (0, 1).

    Source: Efraimidis and Spirakis (2006), "Weighted random sampling with a reservoir".
    """
    chosen = np.zeros(len(odds), dtype=np.bool_)
    possible = np.flatnonzero(odds > 0)
    if count >= len(possible):
        chosen[possible] = True
    elif count > 0:
        keys = -np.log(draws[possible]) / odds[possible]
        chosen[possible[np.argpartition(keys, count - 1)[:count]]] = True
    return chosen


def pick_by_group(
    groups: npt.NDArray[np.integer], quotas: Int64Array, odds: FloatArray, draws: FloatArray
) -> BoolArray:
    """Choose ``quotas[g]`` rows of each group g as `pick` does; a group with fewer rows gives all that it has."""
    keys = np.where(odds > 0, -np.log(draws) / np.where(odds > 0, odds, 1.0), np.inf)
    return np.asarray((rank_within(groups, keys) < quotas[groups]) & (odds > 0))


def fill(total: int, weights: FloatArray, limits: npt.NDArray[np.integer]) -> Int64Array:
    """Split ``total`` in proportion to ``weights``, no row above its limit; what does not fit goes to the others.

    Gives less than ``total`` only where all rows with a weight are at their limits.
    """
    given = np.zeros(len(weights), dtype=np.int64)
    while True:
        left = total - int(given.sum())
        open_weights = np.where(given < limits, weights, 0.0)
        if left <= 0 or open_weights.sum() <= 0:
            return given
        given = np.minimum(given + apportion(left, open_weights), limits)
