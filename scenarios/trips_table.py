"""The ended trips of a run as a file beside its trace: how long each person's way was, and who could choose it anew."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from twin.arrow import arrow_table
from twin.trips import EndedTrips

TRIPS = "trips.parquet"
COLUMNS = ("person", "ended_s", "length_m", "informed")

AT_ONCE_S = 1.0
"""How far the end of a trip and the event that it led to may lie apart (s): rounding of a clock. Confidence C."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TripsTable:
    """Trips that ended, one row for each of their people, ordered by person and then by time."""

    trips: EndedTrips

    def row_of(self, person: IntArray, ended_s: FloatArray) -> IntArray:
        """The row of each person's trip that ended at a time, -1 if there is none."""
        key = self.trips.person * _SPAN_S + self.trips.ended_s
        wanted = person * _SPAN_S + np.where(np.isfinite(ended_s), ended_s, 0.0)
        row = np.searchsorted(key, wanted - AT_ONCE_S)
        within = row < len(key)
        found = within & np.isfinite(ended_s)
        found[within] &= key[row[within]] <= wanted[within] + AT_ONCE_S
        return np.where(found, row, -1).astype(np.int64)


_SPAN_S = 1e7
"""Longer than any run (s), so that no two people's times mix."""


def write_trips(path: Path, trips: EndedTrips) -> None:
    """Write the trips as Parquet, byte-equal for equal trips."""
    order = np.lexsort((trips.ended_s, trips.person))
    columns = {name: getattr(trips, name)[order] for name in COLUMNS}
    pq.write_table(arrow_table(columns), path, compression="zstd")


def read_trips(path: Path) -> TripsTable:
    """Read a table that ``write_trips`` wrote.

    Raises:
        OSError: it cannot be read.
        KeyError: it is no table of trips.
        pyarrow.ArrowInvalid: it is no Parquet file.
    """
    table = pq.read_table(path)
    return TripsTable(EndedTrips(*(table.column(name).to_numpy() for name in COLUMNS)))
