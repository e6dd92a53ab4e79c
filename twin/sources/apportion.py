"""Sharing out a whole number in proportion, so that the parts add up."""

import numpy as np
import numpy.typing as npt


def apportion(total: int, weights: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Whole parts of ``total`` in proportion to the weights (0 or more, not all 0), by the largest remainders.

    Source: Hamilton's method; ties go to the earlier row.
    """
    shares = np.asarray(weights, dtype=np.float64)
    exact = total * shares / shares.sum()
    parts: npt.NDArray[np.int64] = np.floor(exact).astype(np.int64)
    order = np.argsort(parts - exact, kind="stable")
    parts[order[: total - int(parts.sum())]] += 1
    return parts
