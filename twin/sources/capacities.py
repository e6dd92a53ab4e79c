"""Capacities for lists that have none: from a table, made to add up to the town's total."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from twin.shelters import ShelterKind
from twin.sources.apportion import apportion
from twin.sources.shelter_rows import ShelterRow


def with_capacities(
    rows: list[ShelterRow], capacities: Mapping[str, int], *, total: int, welfare_persons: int
) -> list[ShelterRow]:
    """Rows with the capacity of the table, ``welfare_persons`` for each welfare shelter that the table lacks.

    If ``total`` is above 0, all are scaled to add up to it. All are marked as estimates.
    """
    wanted = [capacities.get(row.id, welfare_persons if row.kind is ShelterKind.WELFARE else 0) for row in rows]
    fixed = np.array([row.id not in capacities for row in rows])
    people = np.array(wanted)
    if total and people[~fixed].sum():
        # What the table says is scaled into the room that the assumed places leave.
        people[~fixed] = apportion(total - int(people[fixed].sum()), people[~fixed])
        wanted = people.tolist()
    return [
        replace(row, capacity_persons=people, capacity_is_estimate=True) if row.kind is not ShelterKind.SITE else row
        for row, people in zip(rows, wanted, strict=True)
    ]
