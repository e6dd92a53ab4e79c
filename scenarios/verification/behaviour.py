"""How warnings spread and when, how and where to people leave, by the code that scenarios run."""

import numpy as np
import numpy.typing as npt

from agents import behaviour
from agents.household import Households
from agents.refuges import Refuges
from agents.shelter_desk import ShelterDesks
from agents.travel import Travel
from agents.warning import (
    CONTAGION_STEP_S,
    Channel,
    Drawn,
    spread_by_talk,
    spread_publicly,
    told_by_neighbours,
    unheard,
)
from scenarios.defaults import default_parameters
from scenarios.verification.building import Got
from scenarios.verification.small_town import SEED, evening, small_population
from twin.events import Intent, WarningChannel
from twin.randomness import Stream
from twin.shelters import Hazard

FloatArray = npt.NDArray[np.float64]

HOUSEHOLDS = 1_000_000
PEOPLE = 20_000
"""So many that sampling leaves less than the tolerance."""


def _heard_s(broadcast_per_min: float, contagion_per_min: float, minutes: int) -> FloatArray:
    """When each household of one neighbourhood hears, by broadcast and by neighbours."""
    stream, hearing, rows = Stream(SEED), unheard(HOUSEHOLDS), np.arange(HOUSEHOLDS)
    channel = Channel(WarningChannel.BROADCAST, 1.0, 0.0, 60.0 / broadcast_per_min, 0.0)
    spread_publicly(hearing, rows, 0.0, 0, channel, stream)
    neighbourhood = np.zeros(HOUSEHOLDS, np.int64)
    for step in range(round(minutes * 60.0 / CONTAGION_STEP_S)):
        asked = Drawn(rows, stream.uniform("warning.NEIGHBOUR.0", rows, step))
        spread_by_talk(hearing, neighbourhood, asked, step * CONTAGION_STEP_S, contagion_per_min / 60.0)
    return hearing.at_s


def diffusion() -> Got:
    """Broadcast at 0.02/min and contagion at 0.1/min: shares that have heard."""
    heard_s = _heard_s(0.02, 0.10, 60)
    return {f"share_{minutes}": float((heard_s < 60.0 * minutes).mean()) for minutes in (10, 30, 60)}


def broadcast_alone() -> Got:
    """A channel that reaches 70 % with a mean delay of 20 min: shares that have heard."""
    hearing, rows = unheard(HOUSEHOLDS), np.arange(HOUSEHOLDS)
    channel = Channel(WarningChannel.BROADCAST, 0.7, 0.0, 1200.0, 0.0)
    spread_publicly(hearing, rows, 0.0, 0, channel, Stream(SEED))
    return {
        "share_20": float((hearing.at_s < 1200.0).mean()),
        "share_60": float((hearing.at_s < 3600.0).mean()),
        "reached": float(np.isfinite(hearing.at_s).mean()),
    }


def contagion_alone() -> Got:
    """Contagion at 0.1/min from 1 % who know: logistic, 40 steps of 60 s and 4 of 600 s."""
    got = {}
    for name, step_s in (("minute", 60.0), ("ten_minutes", 600.0)):
        rows = np.arange(HOUSEHOLDS)
        heard = rows < HOUSEHOLDS // 100
        for step in range(round(2400.0 / step_s)):
            asked = Drawn(rows, Stream(SEED).uniform(f"contagion.{name}", rows, step))
            heard[told_by_neighbours(heard, np.zeros(HOUSEHOLDS, np.int64), asked, 0.1 / 60.0, step_s)] = True
        got[f"by_{name}"] = float(heard.mean())
    return got


def _ready_s(mean_s: float, cv: float, least_s: float) -> FloatArray:
    """When the households of the small town would set out after shaking, all of whom leave."""
    changed = {
        "preparing.earthquake_mean_s": mean_s, "preparing.cv": cv, "preparing.least_s": least_s,
        "leaving.damaged_share": 1.0, "leaving.undamaged_share": 1.0,
    }  # fmt: skip
    world = evening(PEOPLE, 3600.0, changed).world
    travel = Travel(world)
    households = Households(world, travel, Refuges(world, travel, ShelterDesks(world, travel)))
    leaving = households.feel_shaking(np.ones(world.population.households, np.bool_))
    return np.asarray(households.plans.ready_s[leaving])


def departures(cv: float) -> Got:
    """Times of preparation of mean 1,800 s: largest distance between sample and log-normal curve, over the 1 % bound.

    The bound of Kolmogorov and Smirnov for n households is 1.628 / sqrt(n).
    """
    from scipy.special import ndtr  # noqa: PLC0415 - as numba, loaded only by those who verify

    ready_s = np.sort(_ready_s(1800.0, cv, 0.0))
    variance = np.log1p(cv * cv)
    curve = ndtr((np.log(ready_s / 1800.0) + 0.5 * variance) / np.sqrt(variance))
    rows = np.arange(len(ready_s))
    apart = max(np.abs(curve - rows / len(rows)).max(), np.abs(curve - (rows + 1) / len(rows)).max())
    return {
        "ks": float(apart) * np.sqrt(len(ready_s)),
        "median_s": float(np.median(ready_s)),
        "outside": float((ready_s <= 0.0).sum()) + small_population(PEOPLE).households - len(ready_s),
    }


def earliest_departure() -> Got:
    """No household is ready before the least time of preparation, and nobody who leaves is left out."""
    ready_s = _ready_s(1800.0, 1.2, 300.0)
    return {"first_s": float(ready_s.min()), "left_out": small_population(PEOPLE).households - len(ready_s)}


def leaving_shares() -> Got:
    """Shares of households that leave at orders of level 3, 4 and 5, at dry homes; and who left and then stayed."""
    draw = Stream(SEED).uniform("leaving", np.arange(HOUSEHOLDS))
    parameters = default_parameters().with_overrides({"leaving.dry_by_level": (0.06, 0.13, 0.16)})
    dry = np.zeros(HOUSEHOLDS, np.bool_)
    left = [behaviour.leaves_at_level(level, dry, draw, parameters) for level in (3, 4, 5)]
    back = (left[0] & ~left[1]) | (left[1] & ~left[2])
    return {**{f"level_{level}": float(left[level - 3].mean()) for level in (3, 4, 5)}, "back": int(back.sum())}


def refuges_by_affiliation() -> Got:
    """Wishes of 0.2, 0.3, 0.45, 0.05 for relatives, car, shelter, out of town, where half have no relatives."""
    rows = np.arange(HOUSEHOLDS)
    draw, everybody = Stream(SEED).uniform("refuge", rows), np.ones(HOUSEHOLDS, np.bool_)
    with_relatives = Stream(SEED).uniform("relatives", rows) < 0.5
    wishes = {"refuge.earthquake_shares": (0.0, 0.2, 0.3, 0.45, 0.05), "refuge.open_shares": (1.0,) * 5}
    parameters = default_parameters().with_overrides(wishes)
    chosen = behaviour.refuge(
        Hazard.EARTHQUAKE, draw, has_relatives=with_relatives, has_car=everybody, has_upstairs=everybody,
        parameters=parameters,
    )  # fmt: skip
    return {
        "relatives": float((chosen == Intent.RELATIVES).mean()),
        "car": float((chosen == Intent.CAR).mean()),
        "shelter": float((chosen == Intent.SHELTER).mean()),
        "strangers": float((chosen[~with_relatives] == Intent.RELATIVES).sum()),
    }


def slowest_member() -> Got:
    """A household of whom nobody is carried walks as fast as its slowest member: largest difference over all."""
    world = evening(PEOPLE, 3600.0, {"walking.carried_below_age": 0.0}).world
    travel, people = Travel(world), world.population
    start = people.household_start
    apart_mps, slower = 0.0, 0
    for row in range(0, people.households, 20):
        members = np.arange(start[row], start[row + 1], dtype=np.int64)
        speed_mps = travel.walking_speed_mps(members)
        apart_mps = max(apart_mps, abs(speed_mps - float(people.walking_speed_mps[members].min())))
        slower += speed_mps < float(people.walking_speed_mps[members].max()) - 1e-9
    return {"apart_mps": apart_mps, "slowed": float(slower)}
