"""AcknowledgedReports: of whom a city OS said that it took down their safety, as the twin heard it."""

from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from agents.city_os.asker import AskerKind
from agents.city_os.messages import Person
from agents.city_os.recorder import Observation
from scenarios.seeding import person_ids
from twin.population import Population


class _Report(msgspec.Struct):
    """Of whom somebody tells; schema SafetyReportRequest of the contract."""

    subject: Person


class AcknowledgedReports:
    """An observer of every response; remembers who was reported on, by themselves or by others."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._people: set[int] = set()

    def __call__(self, seen: Observation) -> None:
        """Look at one response."""
        if seen.operation != "reportSafety" or seen.status != 201:
            return
        if seen.asker.kind is AskerKind.CITIZEN:
            self.add(seen.asker.row)
            return
        subject = msgspec.json.decode(seen.sent, type=_Report).subject
        self.add(self._row[subject.sub or subject.temp_id or ""])

    def add(self, person: int) -> None:
        """A person was reported on."""
        self._people.add(person)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {one: row for row, one in enumerate(person_ids(self._population))}

    def people(self) -> npt.NDArray[np.int64]:
        """Rows of everybody reported on so far, in order."""
        return np.array(sorted(self._people), np.int64)
