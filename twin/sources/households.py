"""Who lives with whom: households whose sizes, ages and sexes meet the town's totals and the age pyramid exactly.

Sizes come from a published table tilted to the town's mean. Kinds of household (couple, parent and child, three
generations...) and their ages are raked until the people in them follow the pyramid; then the town's people, as many of
each age as the pyramid says, take the places in the order of the ages wished for. So totals hold exactly and age gaps
stay close to those drawn.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from twin.errors import InvalidPopulation
from twin.parameters import Parameters
from twin.population import Sex
from twin.randomness import Stream
from twin.sources.allocation import rank_within
from twin.sources.apportion import apportion
from twin.sources.people_tables import HouseholdKinds, Pyramid

FloatArray = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]

MEMBER_BITS = 4
"""Bits of a person's key that hold the place in the household; the rest is the household's key."""

_HEAD, _PARTNER, _CHILD, _ELDER, _SIBLING = range(5)
_ROLES = "HPCES"
_LAST_AGE = 104
_RAKING_ROUNDS = 60
_MALE_FIRST, _ANY, _MOSTLY_FEMALE, _FEMALE_FIRST = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Structure:
    """All households of a town: rows of ``start`` as in Population; keys name draws whatever the row is."""

    start: Int64Array
    household_key: npt.NDArray[np.uint64]
    household: Int64Array
    person_key: npt.NDArray[np.uint64]
    age: Int64Array
    sex: Int64Array


def size_counts(usual: FloatArray, households: int, people: int) -> Int64Array:
    """Number of households of 1, 2, 3... people: as ``usual`` (any scale), tilted so that both totals hold exactly.

    Raises:
        InvalidPopulation: if no sizes give these totals.
    """
    sizes = np.arange(1, len(usual) + 1)
    if not households <= people <= households * len(usual) or households < 1:
        raise InvalidPopulation(
            f"{people} people cannot live in {households} households of 1 to {len(usual)}; check the town's totals"
        )
    mean = people / households

    def excess(tilt: float) -> float:
        weights = usual * np.exp(tilt * (sizes - mean))
        return float((weights * sizes).sum() / weights.sum() - mean)

    steepest = 40.0
    tilt = brentq(excess, -steepest, steepest) if excess(-steepest) < 0.0 < excess(steepest) else 0.0
    counts = apportion(households, usual * np.exp(tilt * (sizes - mean)))
    return _meet_people(counts, people)


def _meet_people(counts: Int64Array, people: int) -> Int64Array:
    """Move single households to the next size, the most common first, until all people have a place."""
    counts = counts.copy()
    sizes = np.arange(1, len(counts) + 1)
    missing = people - int(counts @ sizes)
    step = 1 if missing > 0 else -1
    for _ in range(abs(missing)):
        movable = counts[:-1] if step > 0 else counts[1:]
        source = int(np.argmax(movable)) + (0 if step > 0 else 1)
        counts[source] -= 1
        counts[source + step] += 1
    return counts


def people_by_age(pyramid: Pyramid, people: int) -> Int64Array:
    """People of each year of age and sex, shape (105, 2), in the pyramid's shape, adding up exactly."""
    bands = apportion(people, pyramid.people.ravel()).reshape(pyramid.people.shape)
    ages = np.zeros((_LAST_AGE + 1, 2), dtype=np.int64)
    for first, last, row in zip(pyramid.first_age, pyramid.last_age, bands, strict=True):
        years = int(last - first + 1)
        for sex in Sex:
            # Equal years; what is left over goes to different years of each band and sex, so that no age collects it.
            shift = int(first // years + 2 * sex) % years
            ages[first : last + 1, sex] = np.roll(apportion(int(row[sex]), np.ones(years)), shift)
    return ages


def build_structure(
    households_of: Int64Array, pyramid: Pyramid, kinds: HouseholdKinds, people: int, chance: tuple[Stream, Parameters]
) -> Structure:
    """Households of a whole town; ``households_of`` counts those of each neighbourhood.

    Raises:
        InvalidPopulation: if no sizes give the totals, or more minors than places beside an adult.
    """
    stream, parameters = chance
    counts = size_counts(_usual_sizes(kinds), int(households_of.sum()), people)
    keys = _household_keys(households_of)
    kind, reference_age = _kinds_and_ages(keys, counts, kinds, _raked(counts, kinds, pyramid, parameters), stream)
    role = _role_table(kinds)[kind]
    household, member = np.nonzero(role >= 0)
    person_key = (keys[household] << np.uint64(MEMBER_BITS)) | member.astype(np.uint64)
    places = _Places(role[household, member], reference_age[household], kind[household], person_key)
    wanted_sex = _wanted_sex(places, kinds, household, keys, chance)
    ages = people_by_age(pyramid, people)
    age = _ages(places, _wished_ages(places, wanted_sex, chance), ages.sum(axis=1), parameters)
    sex = _sexes(age, wanted_sex, ages, stream.uniform("people.sex", person_key))
    start = np.concatenate(([0], np.cumsum(kinds.size[kind])))
    return Structure(start, keys, household, person_key, age, sex)


@dataclass(frozen=True, slots=True)
class _Places:
    """Places in households, one row for each person to come."""

    role: Int64Array
    reference_age: FloatArray
    kind: Int64Array
    key: npt.NDArray[np.uint64]


def _usual_sizes(kinds: HouseholdKinds) -> FloatArray:
    return np.bincount(kinds.size, weights=kinds.size_households)[1:].astype(np.float64)


def _household_keys(households_of: Int64Array) -> npt.NDArray[np.uint64]:
    """Key of each household: its neighbourhood and its number there, so that others' changes leave it alone."""
    neighbourhood = np.repeat(np.arange(len(households_of)), households_of)
    number = np.arange(len(neighbourhood)) - np.repeat(np.cumsum(households_of) - households_of, households_of)
    return (neighbourhood.astype(np.uint64) << np.uint64(24)) | number.astype(np.uint64)


def _role_table(kinds: HouseholdKinds) -> Int64Array:
    table = np.full((len(kinds.members), int(kinds.size.max())), -1, dtype=np.int64)
    for row, members in enumerate(kinds.members):
        table[row, : len(members)] = [_ROLES.index(letter) for letter in members]
    return table


def _gap_means(parameters: Parameters) -> FloatArray:
    """Mean age of each role over the reference person's."""
    child = -parameters.number("people.child.age_gap_mean")
    return np.array(
        [
            0.0,
            0.0,
            child,
            parameters.number("people.elder.age_gap_mean"),
            parameters.number("people.sibling.age_gap_mean"),
        ]
    )


def _raked(counts: Int64Array, kinds: HouseholdKinds, pyramid: Pyramid, parameters: Parameters) -> FloatArray:
    """Weight of each kind and reference age, shape (kinds, ages), whose people follow the pyramid.

    Source: Darroch and Ratcliff (1972), generalized iterative scaling, with household sizes held.
    """
    years = np.arange(_LAST_AGE + 1)
    prior = np.exp(-0.5 * ((years - kinds.age_mean[:, None]) / kinds.age_sd[:, None]) ** 2)
    prior *= (years >= kinds.age_low[:, None]) & (years <= kinds.age_high[:, None])
    weights = prior / prior.sum(axis=1, keepdims=True) * kinds.weight[:, None]
    bands, share = _bands_of_members(kinds, pyramid, parameters)
    target = apportion(int(counts @ np.arange(1, len(counts) + 1)), pyramid.people.sum(axis=1)).astype(float)
    for _ in range(_RAKING_ROUNDS):
        weights = _sizes_held(weights, counts, kinds)
        made = np.bincount(bands.ravel(), (weights[..., None] * share).ravel(), len(target))
        factor = np.log(np.maximum(target, 1e-9) / np.maximum(made, 1e-9)).clip(-1.0, 1.0)
        weights = weights * np.exp((factor[bands] * share).sum(axis=2) / kinds.size[:, None])
    return _sizes_held(weights, counts, kinds)


def _sizes_held(weights: FloatArray, counts: Int64Array, kinds: HouseholdKinds) -> FloatArray:
    by_size = np.bincount(kinds.size, weights.sum(axis=1), len(counts) + 1)
    return weights * (counts[kinds.size - 1] / np.maximum(by_size[kinds.size], 1e-300))[:, None]


def _bands_of_members(kinds: HouseholdKinds, pyramid: Pyramid, parameters: Parameters) -> tuple[Int64Array, FloatArray]:
    """Age band of each member's mean age and 1 where there is a member, shape (kinds, ages, members)."""
    roles = _role_table(kinds)
    ages = np.arange(_LAST_AGE + 1)[None, :, None] + _gap_means(parameters)[roles][:, None, :]
    bands = np.searchsorted(pyramid.first_age, ages.clip(0, _LAST_AGE), side="right") - 1
    return bands, np.broadcast_to((roles >= 0)[:, None, :], bands.shape).astype(np.float64)


def _kinds_and_ages(
    keys: npt.NDArray[np.uint64], counts: Int64Array, kinds: HouseholdKinds, weights: FloatArray, stream: Stream
) -> tuple[Int64Array, FloatArray]:
    """Kind and reference age of each household: every size as often as counted, kinds and ages evenly by weight."""
    kind = np.empty(len(keys), dtype=np.int64)
    reference_age = np.empty(len(keys))
    order = np.argsort(stream.uniform("people.household", keys), kind="stable")
    begin = 0
    for size, count in enumerate(counts, start=1):
        rows = np.flatnonzero(kinds.size == size)
        edges = np.cumsum(weights[rows].ravel())
        steps = (np.arange(count) + 0.5) / max(count, 1) * edges[-1]
        cell = np.minimum(np.searchsorted(edges, steps), len(edges) - 1)
        chosen = order[begin : begin + count]
        kind[chosen] = rows[cell // weights.shape[1]]
        reference_age[chosen] = cell % weights.shape[1]
        begin += count
    return kind, reference_age


def _wanted_sex(
    places: _Places,
    kinds: HouseholdKinds,
    household: Int64Array,
    keys: npt.NDArray[np.uint64],
    chance: tuple[Stream, Parameters],
) -> Int64Array:
    """How early each place asks for a man among people of one age: couples want one of each."""
    stream, parameters = chance
    man_first = stream.uniform("people.man_is_reference", keys) < parameters.number("people.partner.man_is_reference")
    has_partner = np.array(["P" in members for members in kinds.members])[places.kind]
    two_elders = np.array([members.count("E") == 2 for members in kinds.members])[places.kind]
    lone_parent = np.array(["C" in members and "P" not in members for members in kinds.members])[places.kind]
    wanted = np.full(len(household), _ANY)
    head, partner = places.role == _HEAD, places.role == _PARTNER
    wanted[head & lone_parent] = _MOSTLY_FEMALE
    wanted[(head & has_partner) | partner] = _FEMALE_FIRST
    wanted[((head & has_partner) & man_first[household]) | (partner & ~man_first[household])] = _MALE_FIRST
    second = np.zeros(len(household), dtype=np.bool_)
    second[1:] = (places.role[1:] == _ELDER) & (places.role[:-1] == _ELDER) & (household[1:] == household[:-1])
    elder = (places.role == _ELDER) & two_elders
    wanted[elder] = np.where(second[elder], _FEMALE_FIRST, _MALE_FIRST)
    return wanted


def _wished_ages(places: _Places, wanted_sex: Int64Array, chance: tuple[Stream, Parameters]) -> FloatArray:
    """Age wished for at each place: the reference person's, the role's gap, and a spread cut at two deviations."""
    stream, parameters = chance
    gap = _gap_means(parameters)[places.role]
    couple_gap = parameters.number("people.partner.age_gap_mean")
    gap[places.role == _PARTNER] += np.where(
        wanted_sex[places.role == _PARTNER] == _MALE_FIRST, couple_gap, -couple_gap
    )
    names = ("partner", "child", "elder", "sibling")
    spread = np.array([0.0, *(parameters.number(f"people.{name}.age_gap_sd") for name in names)])[places.role]
    noise = stream.normal("people.age", places.key).clip(-2.0, 2.0)
    # Within the year of age: breaks ties evenly between households of one reference age.
    within_year = stream.uniform("people.age.within_year", places.key >> np.uint64(MEMBER_BITS))
    return np.asarray(places.reference_age + gap + spread * noise + within_year)


def _ages(places: _Places, wished: FloatArray, people_of_age: Int64Array, parameters: Parameters) -> Int64Array:
    """Ages in the order of the ages wished for: minors to the youngest children's places, adults to all others."""
    adult_age = int(parameters.number("people.adult_age"))
    minors = int(people_of_age[:adult_age].sum())
    children = np.flatnonzero(places.role == _CHILD)
    if minors > len(children):
        raise InvalidPopulation(
            f"{minors} minors but {len(children)} places for children beside an adult; give the town fewer households"
        )
    young = children[np.argsort(wished[children], kind="stable")[:minors]]
    is_minor = np.zeros(len(wished), dtype=np.bool_)
    is_minor[young] = True
    grown = np.flatnonzero(~is_minor)
    grown = grown[np.argsort(wished[grown], kind="stable")]
    ages = np.repeat(np.arange(len(people_of_age)), people_of_age)
    age = np.empty(len(wished), dtype=np.int64)
    age[young] = ages[:minors]
    age[grown] = ages[minors:]
    return age


def _sexes(age: Int64Array, wanted: Int64Array, people: Int64Array, draws: FloatArray) -> Int64Array:
    """Sex of each place: among people of one age the pyramid's number of men, first where a man is wanted."""
    place = rank_within(age, wanted + draws)
    return np.where(place < people[age, Sex.MALE], int(Sex.MALE), int(Sex.FEMALE))
