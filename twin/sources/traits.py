"""What people have and can: phone, city-OS ID and app, walking speed, need of support, plan and supporter."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from twin.population import Phone
from twin.sources.allocation import fill, pick, pick_by_group
from twin.sources.chance import Chance

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

NO_SUPPORTER = -1
_NEIGHBOURS_ASKED = 24


def phones(age: Int64Array, chance: Chance) -> Int64Array:
    """Phone of each person: in each age band the shares hold to the nearest person."""
    band = chance.band("people.phone.from_age", age)
    in_band = np.bincount(band)
    smart = np.rint(in_band * np.array(chance.parameters.row("people.phone.smartphone"))[: len(in_band)])
    other = np.rint(in_band * np.array(chance.parameters.row("people.phone.feature"))[: len(in_band)])
    odds, draws = np.ones(len(age)), chance.uniform("people.phone")
    has_smart = pick_by_group(band, smart.astype(np.int64), odds, draws)
    has_any = pick_by_group(band, (smart + other).astype(np.int64), odds, draws)
    return np.where(has_smart, int(Phone.SMARTPHONE), np.where(has_any, int(Phone.FEATURE), int(Phone.NONE)))


def ids(age: Int64Array, phone: Int64Array, chance: Chance) -> BoolArray:
    """Who has a city-OS ID: the town's share of people, by age as the portal is used."""
    holders = round(chance.number("people.id.holders") / chance.number("people.id.holders_of") * len(age))
    band = chance.band("people.id.use", age)
    in_band = np.bincount(band)
    use = np.array(chance.parameters.row("people.id.use"))[: len(in_band)]
    without = chance.number("people.id.odds_without_smartphone")
    odds = np.where(phone == Phone.SMARTPHONE, 1.0, without)
    possible = np.bincount(band[odds > 0], minlength=len(in_band))
    return pick_by_group(band, fill(holders, use * in_band, possible), odds, chance.uniform("people.id"))


def app_users(has_id: BoolArray, phone: Int64Array, chance: Chance) -> BoolArray:
    """Who has the app: a share of ID holders with a smartphone."""
    able = has_id & (phone == Phone.SMARTPHONE)
    users = round(chance.number("people.app.share_of_holders") * int(able.sum()))
    return pick(users, able.astype(np.float64), chance.uniform("people.app"))


def walking_speeds(age: Int64Array, needs_support: BoolArray, chance: Chance) -> FloatArray:
    """Free walking speed of each person in m/s, on the flat, by day, on dry ground."""
    row = chance.parameters.row
    mean = np.interp(age, row("people.walk.at_age"), row("people.walk.speed_mps"))
    mean = np.where(needs_support, np.minimum(mean, chance.number("people.walk.support_mps")), mean)
    spread = chance.normal("people.walk").clip(-2.0, 2.0)
    speed: FloatArray = mean * (1.0 + chance.number("people.walk.cv") * spread)
    return np.maximum(speed, chance.number("people.walk.slowest_mps"))


@dataclass(frozen=True, slots=True)
class Support:
    """Columns of people, as in Population."""

    needs_support: BoolArray
    plan_consent: BoolArray
    has_plan: BoolArray


def support(age: Int64Array, chance: Chance) -> Support:
    """Who needs support, lets helpers know in peacetime, and has a plan (which takes that consent)."""
    needing = round(chance.number("people.support.share") * len(age))
    needs = pick(needing, chance.by_age("people.support.odds", age), chance.uniform("people.support"))
    needing = int(needs.sum())
    consenting = round(chance.number("people.support.register_consent") * needing)
    consent = pick(consenting, needs.astype(np.float64), chance.uniform("people.support.consent"))
    planned = round(chance.number("people.support.plan") * needing)
    plan = pick(planned, consent.astype(np.float64), chance.uniform("people.support.plan"))
    return Support(needs, consent, plan)


def supporters(
    support_of: Support, age: Int64Array, household: Int64Array, home_m: FloatArray, chance: Chance
) -> Int64Array:
    """Supporter of everybody with a plan: an able adult of the household, or of a near one; -1 if there is none.

    ``home_m`` has shape (people, 2).
    """
    youngest, oldest = chance.parameters.row("people.support.supporter_ages")
    able = np.flatnonzero((age >= youngest) & (age <= oldest) & ~support_of.needs_support)
    supporter = np.full(len(age), NO_SUPPORTER, dtype=np.int64)
    planned = np.flatnonzero(support_of.has_plan)
    if not len(able) or not len(planned):
        return supporter
    family_share = chance.number("people.support.supporter_is_family")
    family_first = chance.uniform("people.support.family")[planned] < family_share
    asked = min(_NEIGHBOURS_ASKED, len(able))
    near = cKDTree(home_m[able]).query(home_m[planned], k=[*range(1, asked + 1)])[1]
    for person, wants_family, rows in zip(planned, family_first, able[near], strict=True):
        kin = household[rows] == household[person]
        preferred = rows[kin] if wants_family and kin.any() else rows[~kin]
        if len(preferred):
            supporter[person] = preferred[0]
    return supporter
