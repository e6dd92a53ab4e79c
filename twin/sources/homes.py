"""Where households live and what they have: home, floors, relatives, cars, and where people are by day."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.sources.allocation import pick
from twin.sources.apportion import apportion
from twin.sources.chance import Chance
from twin.town import Town

FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

NO_RELATIVES = -1
RELATIVES_OUT_OF_TOWN = -2
AT_HOME = -1


@dataclass(frozen=True, slots=True)
class Homes:
    """Columns of households, as in Population."""

    node: Int64Array
    x_m: FloatArray
    y_m: FloatArray
    floors: Int64Array
    relatives_neighbourhood: Int64Array


def households_of(town: Town) -> Int64Array:
    """Households of each neighbourhood, by the neighbourhoods' weights."""
    return apportion(town.households, [place.weight for place in town.neighbourhoods])


def settle(town: Town, neighbourhood: Int64Array, chance: Chance) -> Homes:
    """Give each household a home near one of its neighbourhood's nodes."""
    node = _home_nodes(town, neighbourhood, chance.uniform("people.home.node"))
    angle = 2.0 * np.pi * chance.uniform("people.home.jitter")
    # The square root spreads homes evenly over the disc.
    away_m = chance.number("people.home.jitter_m") * np.sqrt(chance.uniform("people.home.jitter", 1))
    return Homes(
        node=node,
        x_m=town.roads.node_x_m[node] + away_m * np.cos(angle),
        y_m=town.roads.node_y_m[node] + away_m * np.sin(angle),
        floors=1 + by_share(chance.parameters.row("people.home.floors"), chance.uniform("people.home.floors")),
        relatives_neighbourhood=_relatives(town, neighbourhood, chance),
    )


def _home_nodes(town: Town, neighbourhood: Int64Array, draws: FloatArray) -> Int64Array:
    """One of the home nodes of each household's neighbourhood; every neighbourhood has one."""
    order = np.argsort(town.home_neighbourhood, kind="stable")
    choices = np.bincount(town.home_neighbourhood, minlength=len(town.neighbourhoods))
    first = np.cumsum(choices) - choices
    place = first[neighbourhood] + (draws * choices[neighbourhood]).astype(np.int64)
    return np.asarray(town.home_nodes[order[place]], dtype=np.int64)


def by_share(shares: tuple[float, ...], draws: FloatArray) -> Int64Array:
    """Row of ``shares`` (any scale) for each draw in (0, 1)."""
    edges = np.cumsum(shares)
    rows: Int64Array = np.searchsorted(edges, draws * edges[-1], side="right").astype(np.int64)
    return rows.clip(max=len(edges) - 1)


def _relatives(town: Town, neighbourhood: Int64Array, chance: Chance) -> Int64Array:
    where = by_share(chance.parameters.row("people.home.relatives"), chance.uniform("people.home.relatives"))
    weights = np.array([place.weight for place in town.neighbourhoods])
    in_town = by_share(tuple(weights), chance.uniform("people.home.relatives", 1))
    # Relatives next door are in the same danger: the household then counts as one without.
    in_town = np.where(in_town == neighbourhood, NO_RELATIVES, in_town)
    return np.choose(
        where, [np.full_like(in_town, NO_RELATIVES), np.full_like(in_town, RELATIVES_OUT_OF_TOWN), in_town]
    )


def cars(age: Int64Array, household: Int64Array, households: int, chance: Chance) -> Int64Array:
    """Cars of each household: the town's rate in all, one for each owner, chosen among people by their age's odds."""
    total = round(chance.number("people.cars.for_each_household") * households)
    owners = pick(total, chance.by_age("people.cars.owner_odds", age), chance.uniform("people.cars"))
    return np.bincount(household[owners], minlength=households)


def by_day(town: Town, neighbourhood: Int64Array, age: Int64Array, chance: Chance) -> Int64Array:
    """Neighbourhood where each person is by day, AT_HOME if at home; ``neighbourhood`` is that of their home."""
    school_from, school_below = chance.parameters.row("people.day.school_ages")
    at_school = (age >= school_from) & (age < school_below)
    near = at_school | (chance.uniform("people.day", 1) < chance.number("people.day.work_in_district"))
    draws = chance.uniform("people.day", 2)
    weights = np.array([place.weight for place in town.neighbourhoods])
    anywhere = by_share(tuple(weights), draws)
    place = np.where(near, _within_district(town, neighbourhood, draws, weights), anywhere)
    return np.where(chance.uniform("people.day") < chance.by_age("people.day.away", age), place, AT_HOME)


def _within_district(town: Town, neighbourhood: Int64Array, draws: FloatArray, weights: FloatArray) -> Int64Array:
    """A neighbourhood of the same district, by weight."""
    district = np.array([place.district for place in town.neighbourhoods], dtype=np.int64)
    order = np.argsort(district, kind="stable")
    edges = np.cumsum(weights[order])
    last = np.searchsorted(district[order], np.arange(district.max() + 1), side="right") - 1
    first = np.searchsorted(district[order], np.arange(district.max() + 1), side="left")
    below = np.where(first > 0, edges[first - 1], 0.0)
    home = district[neighbourhood]
    at = below[home] + draws * (edges[last[home]] - below[home])
    return np.asarray(order[np.searchsorted(edges, at, side="right").clip(first[home], last[home])])
