"""Pure decisions: what is known and a draw in, a choice out. Vectorised; every constant is a parameter with its source.

A draw is a uniform number in (0, 1) from ``twin.randomness``; the same draw is used for the same question at every
level or time, so that a stronger warning never makes anybody stay who would have left (monotone by construction).
"""

import math

import numpy as np
import numpy.typing as npt

from agents.situation import Snow
from twin.events import Intent, ReceptionChannel, TravelMode
from twin.parameters import Parameters
from twin.shelters import Hazard
from twin.units import SECONDS_PER_HOUR

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Int8Array = npt.NDArray[np.int8]

LOWEST_ORDER_LEVEL = 3
"""Source: Cabinet Office, guideline on evacuation information 2021: levels 3, 4, 5 are issued by municipalities."""

_REFUGES = np.array([Intent.UPSTAIRS, Intent.RELATIVES, Intent.CAR, Intent.SHELTER, Intent.OUT_OF_TOWN], np.int8)


def leaves_after_shaking(damaged: BoolArray, draw: FloatArray, parameters: Parameters) -> BoolArray:
    """Whether each household leaves after strong shaking; ``damaged``: home half or more destroyed."""
    share = np.where(damaged, parameters.number("leaving.damaged_share"), parameters.number("leaving.undamaged_share"))
    return np.asarray(draw < share)


def leaves_at_level(level: int, flooded: BoolArray, draw: FloatArray, parameters: Parameters) -> BoolArray:
    """Whether each household has left once it heard an order of ``level`` (3..5); ``flooded``: home in the zone."""
    row = level - LOWEST_ORDER_LEVEL
    share = np.where(
        flooded, parameters.row("leaving.flooded_by_level")[row], parameters.row("leaving.dry_by_level")[row]
    )
    return np.asarray(draw < share)


def wished_shares(done: FloatArray, open_to: FloatArray) -> FloatArray:
    """Shares that want each refuge, from the shares that went there; ``open_to``: how many of those asked could.

    Rows as in ``_REFUGES``. Who goes somewhere wanted it and could, so that wish = deed / open. The shelter is what is
    left, since whoever cannot have the wish goes there too. Wishes above 1 in all fit no such people; they are scaled.
    """
    shelter = _REFUGES == Intent.SHELTER
    wish = np.where(shelter, 0.0, done / done.sum() / open_to)
    wish /= max(1.0, wish.sum())
    return np.where(shelter, 1.0 - wish.sum(), wish)


def refuge(
    hazard: Hazard, draw: FloatArray, *, has_relatives: BoolArray, has_car: BoolArray, has_upstairs: BoolArray,
    parameters: Parameters,
) -> Int8Array:  # fmt: skip
    """Where each household that leaves goes: an Intent other than STAY.

    Surveys tell where people went; ``wished_shares`` tells from it what they wanted. A wish that is not open to a
    household (no relatives, no car, no upper floor) falls to the shelter.
    """
    key = "refuge.earthquake_shares" if hazard == Hazard.EARTHQUAKE else "refuge.flood_shares"
    wish = wished_shares(np.array(parameters.row(key)), np.array(parameters.row("refuge.open_shares")))
    edges = np.cumsum(wish)
    choice = _REFUGES[np.minimum(np.searchsorted(edges / edges[-1], draw, side="right"), len(_REFUGES) - 1)]
    closed = ((choice == Intent.RELATIVES) & ~has_relatives) | ((choice == Intent.UPSTAIRS) & ~has_upstairs)
    closed |= np.isin(choice, (Intent.CAR, Intent.OUT_OF_TOWN)) & ~has_car
    return np.where(closed, np.int8(Intent.SHELTER), choice)


def preparation_mean_s(hazard: Hazard, parameters: Parameters) -> float:
    """Mean time between hearing and being ready to leave."""
    kind = "earthquake" if hazard == Hazard.EARTHQUAKE else "flood"
    return parameters.number(f"preparing.{kind}_mean_s")


def takes_car(distance_m: FloatArray, cars: Int8Array, draw: FloatArray, parameters: Parameters) -> BoolArray:
    """Whether each household drives to a refuge at that distance on foot."""
    near = distance_m <= parameters.number("cars.near_m")
    share = np.where(near, parameters.number("cars.near_share"), parameters.number("cars.far_share"))
    return np.asarray((cars > 0) & (draw < share))


def walking_factor(snow: Snow, parameters: Parameters, *, night: bool) -> float:
    """Factor on everybody's walking speed in snow and darkness, in (0, 1]."""
    by_snow = parameters.row("walking.snow_factor")[snow]
    return by_snow * (parameters.number("walking.night_factor") if night else 1.0)


def reception_channel(*, connected: bool, uses_app: bool, has_id: bool, draw: float, parameters: Parameters) -> int:
    """How a desk receives a party whose representative is given: a ReceptionChannel."""
    if not connected:
        return ReceptionChannel.PAPER
    if uses_app:
        return ReceptionChannel.APP
    if has_id:
        return ReceptionChannel.CARD
    on_tablet = draw < parameters.number("reception.tablet_share")
    return ReceptionChannel.TABLET if on_tablet else ReceptionChannel.PAPER


def reception_mean_s(channel: int, members: int, parameters: Parameters) -> float:
    """Mean time to receive a party of ``members`` (>= 1) through a channel."""
    first_s = parameters.number(f"reception.{ReceptionChannel(channel).name.lower()}_mean_s")
    return first_s * (1.0 + (members - 1) * parameters.number("reception.further_member_share"))


def stay_s(draw: float, parameters: Parameters) -> float:
    """How long a household stays in a shelter before it goes home: exponential at first, and longer once it settled.

    Many leave in the first day; those who are still there after it leave at a lower rate. A rate of 0 keeps everybody.
    """
    first_per_s = parameters.number("sheltering.leaving_per_h") / SECONDS_PER_HOUR
    if first_per_s <= 0:
        return math.inf
    effort, settled_s = -math.log(draw), parameters.number("sheltering.settled_after_h") * SECONDS_PER_HOUR
    if effort < first_per_s * settled_s:
        return effort / first_per_s
    later_per_s = parameters.number("sheltering.settled_leaving_per_h") / SECONDS_PER_HOUR
    return settled_s + (effort - first_per_s * settled_s) / later_per_s


def desks(capacity_persons: int, parameters: Parameters) -> int:
    """Number of reception desks of a shelter."""
    return max(1, round(capacity_persons / parameters.number("reception.places_per_desk")))


def nearest_shelter(distance_m: FloatArray, usable: BoolArray) -> int:
    """Row of the nearest shelter among the usable ones, -1 if none can be reached; ties go to the lower row."""
    reach = np.where(usable, distance_m, np.inf)
    best = int(np.argmin(reach))
    return best if np.isfinite(reach[best]) else -1


def travel_mode(*, by_car: bool) -> TravelMode:
    """The mode of a household's own party."""
    return TravelMode.CAR if by_car else TravelMode.FOOT
