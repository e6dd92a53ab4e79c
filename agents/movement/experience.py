"""What the informed know of links: the times of those who passed since routes were planned last.

A link counts with the mean time that parties were held at its entrance, and the mean of those who came to its end,
free if nobody did; and with no less than its first party has been on it, or the first of those who wait for it has
waited.
"""

import numpy as np
import numpy.typing as npt

from agents.movement.crowding import FREE_SPEED_MPS
from agents.movement.state import NOBODY
from agents.movement.trips import FloatArray


def car_times_s(links: npt.NDArray[np.void], parties: npt.NDArray[np.void], now_s: float) -> FloatArray:
    """Seconds of each link with the wait for it, by car; what was noted is forgotten.

    Cars that wait at their origins do not count: theirs is a queue of its own, which who comes by road does not join.
    """
    on_link_s, held_s = _means(links, links["free_s"])
    waits = np.flatnonzero(links["wanted"] != NOBODY)
    drives = np.flatnonzero((links["head"] != NOBODY) & (links["wanted"] == NOBODY))
    age_s = now_s - parties["since_s"][links["head"][drives]]
    on_link_s[drives] = np.maximum(on_link_s[drives], age_s)
    np.maximum.at(held_s, links["wanted"][waits], now_s - links["asked_s"][waits])
    return on_link_s + held_s


def walk_times_s(ways: npt.NDArray[np.void], parties: npt.NDArray[np.void], now_s: float) -> FloatArray:
    """Seconds that each link with the wait for it counts for walkers of 1 m/s; what was noted is forgotten.

    Times on links are those of each one's own pace; a wait weighs against them as for a walker of Weidmann's free
    speed. Those who wait at their origins count too.
    """
    on_link_s, held_s = _means(ways, ways["length_m"] / ways["speed_factor"])
    walks, waits = np.flatnonzero(ways["first"] != NOBODY), np.flatnonzero(ways["wait_head"] != NOBODY)
    first = parties[ways["first"][walks]]
    on_link_s[walks] = np.maximum(on_link_s[walks], (now_s - first["since_s"]) * first["speed_mps"])
    held_s[waits] = np.maximum(held_s[waits], now_s - parties["reach_s"][ways["wait_head"][waits]])
    return on_link_s + held_s * FREE_SPEED_MPS


def _means(links: npt.NDArray[np.void], free_s: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean seconds on links and before them."""
    on_link_s = np.where(links["passed"] > 0, links["spent_s"] / np.maximum(links["passed"], 1), free_s)
    held_s = links["held_s"] / np.maximum(links["let_in"], 1)
    for column in ("passed", "let_in", "spent_s", "held_s"):
        links[column] = 0
    return on_link_s, held_s
