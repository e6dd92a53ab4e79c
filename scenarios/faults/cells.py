"""Cells: whose phone rings nobody and is rung by nobody while faults have its mobile network or its power down."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from scenarios.faults.form import CellLoss, FaultFile, PowerLoss, TimedFault
from scenarios.faults.injection import entity_of
from scenarios.seeding import home_district, person_ids
from twin.population import Population
from twin.randomness import Stream
from twin.town import Town

BoolArray = npt.NDArray[np.bool_]
RowArray = npt.NDArray[np.int64]

TELEPHONE = "telephone"
"""Stands for an operation where each call is drawn anew; the contract has none of that name."""


class FaultyCells:
    """Telephones under the faults of a file: those are dead whose calls to the city OS the same faults stop.

    Faults that name operations concern these alone, and no telephone. Where calls are drawn anew and not people
    (``by`` call), a telephone is tried again each second.
    """

    def __init__(self, file: FaultFile, town: Town, population: Population) -> None:
        self._stream = Stream(file.seed)
        self._faults = tuple(cell_faults(file))
        self._ids = person_ids(population)
        self._homes = home_district(town, population)
        self._rows = {one.code: row for row, one in enumerate(town.districts)}
        self._entities: dict[str, npt.NDArray[np.uint64]] = {}

    def cut_off(self, at_s: float, people: RowArray) -> BoolArray:
        """Whose phone no cell serves at a time, for each of ``people``."""
        cut = np.zeros(len(people), np.bool_)
        for fault in self._faults:
            if fault.from_s <= at_s < fault.until_s:
                cut |= self._is_near(fault, people) & self._is_struck(fault, at_s, people)
        return cut

    def _is_near(self, fault: TimedFault, people: RowArray) -> BoolArray:
        if not fault.districts:
            return np.ones(len(people), np.bool_)
        return np.isin(self._homes[people], [self._rows[code] for code in fault.districts])

    def _is_struck(self, fault: TimedFault, at_s: float, people: RowArray) -> BoolArray:
        if fault.share >= 1.0:
            return np.ones(len(people), np.bool_)
        is_by_subject = fault.by == "subject"
        entities = self._named("" if is_by_subject else TELEPHONE)[people]
        draw = self._stream.uniform(f"fault.{fault.name}", entities, 0 if is_by_subject else int(at_s))
        return np.asarray(draw < fault.share)

    def _named(self, operation: str) -> npt.NDArray[np.uint64]:
        """Everybody as draws know them."""
        found = self._entities.get(operation)
        if found is None:
            found = np.array([entity_of(one, operation) for one in self._ids], np.uint64)
            self._entities[operation] = found
        return found


def cell_faults(file: FaultFile) -> Iterator[TimedFault]:
    """The faults of a file that telephones feel."""
    return (one for one in file.fault if isinstance(one, CellLoss | PowerLoss) and not one.operations)


def cells_of(file: FaultFile | None, town: Town, population: Population) -> FaultyCells | None:
    """The telephones of a town under faults; None where no fault concerns them."""
    if file is None or not any(cell_faults(file)):
        return None
    return FaultyCells(file, town, population)
