"""A sample of a town's households that keeps its neighbourhoods, household sizes and ages in proportion."""

import numpy as np
import numpy.typing as npt

from twin.sources.households import Structure

Int64Array = npt.NDArray[np.int64]


def sample(whole: Structure, neighbourhood: Int64Array, people: int) -> tuple[Structure, Int64Array]:
    """Households with exactly ``people`` members (1 or more) and the rows that they have in the whole town.

    The last household is one of fitting size; only where there is none, one loses its last members.
    """
    sizes = np.diff(whole.start)
    order = _fair_order(whole, neighbourhood, sizes)
    members = np.cumsum(sizes[order])
    count = int(np.searchsorted(members, people, side="right"))
    missing = people - (int(members[count - 1]) if count else 0)
    chosen, kept_sizes = order[:count], sizes[order[:count]]
    if missing:
        last = _last_household(sizes, order[count:], missing)
        chosen, kept_sizes = np.append(chosen, last), np.append(kept_sizes, missing)
    by_row = np.argsort(chosen)
    return _restricted(whole, chosen[by_row], kept_sizes[by_row]), chosen[by_row]


def _fair_order(whole: Structure, neighbourhood: Int64Array, sizes: Int64Array) -> Int64Array:
    """Order of households of which every beginning is a fair sample.

    Households are lined up by size, age of the first member and neighbourhood, and taken in the van der Corput order of
    their places in the line, which spreads any number of them evenly over it.
    """
    line = np.lexsort((neighbourhood, whole.age[whole.start[:-1]], sizes))
    place = np.empty(len(sizes), dtype=np.int64)
    place[line] = np.arange(len(sizes))
    return np.argsort(_reversed_bits(place, len(sizes)), kind="stable")


def _reversed_bits(numbers: Int64Array, limit: int) -> Int64Array:
    width = max(int(limit - 1).bit_length(), 1)
    mirrored = np.zeros_like(numbers)
    for bit in range(width):
        mirrored |= ((numbers >> bit) & 1) << (width - 1 - bit)
    return mirrored


def _last_household(sizes: Int64Array, rest: Int64Array, members: int) -> int:
    fitting = rest[sizes[rest] == members]
    return int(fitting[0] if len(fitting) else rest[np.argmax(sizes[rest] >= members)])


def _restricted(whole: Structure, rows: Int64Array, sizes: Int64Array) -> Structure:
    start = np.concatenate(([0], np.cumsum(sizes)))
    household = np.repeat(np.arange(len(rows)), sizes)
    people = whole.start[rows][household] + np.arange(len(household)) - start[household]
    return Structure(
        start=start,
        household_key=whole.household_key[rows],
        household=household,
        person_key=whole.person_key[people],
        age=whole.age[people],
        sex=whole.sex[people],
    )
