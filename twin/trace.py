"""Trace: what happened, in columns, append-only; written as Parquet, byte-equal for the same seed and inputs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from twin.arrow import arrow_table
from twin.events import Event, EventKind

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

HEADER_KEY = b"citytwin"


@dataclass(frozen=True, slots=True)
class EventColumns:
    """Events in columns, ordered by time; rows with the same time keep the order in which they were recorded."""

    time_s: FloatArray
    kind: npt.NDArray[np.int8]
    person: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]
    detail: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.time_s)

    def of(self, *kinds: EventKind) -> "EventColumns":
        """Only the events of the given kinds."""
        rows = np.isin(self.kind, kinds)
        return EventColumns(self.time_s[rows], self.kind[rows], self.person[rows], self.place[rows], self.detail[rows])

    def events(self) -> Iterator[Event]:
        """Each row as an Event; for reading and tests, not for sums."""
        for time_s, kind, person, place, detail in zip(
            self.time_s, self.kind, self.person, self.place, self.detail, strict=True
        ):
            yield Event(float(time_s), EventKind(kind), int(person), int(place), int(detail))


_Part = npt.NDArray[Any] | float
_Batch = tuple[_Part, EventKind, npt.NDArray[np.integer], _Part, _Part]
"""Events of one kind as they were recorded: time, kind, people, place and detail; a scalar holds for all people."""


@dataclass(slots=True)
class Trace:
    """Append-only record of a run; ``header`` says what run (seed, version, hashes of inputs; no wall-clock time)."""

    header: Mapping[str, object] = field(default_factory=dict)
    _batches: list[_Batch] = field(default_factory=list)
    _joined: EventColumns | None = None

    @classmethod
    def of(cls, columns: EventColumns, header: Mapping[str, object]) -> "Trace":
        """A trace of events that are in order already."""
        return cls(header, _joined=columns)

    def record(
        self,
        kind: EventKind,
        time_s: FloatArray | float,
        people: npt.NDArray[np.integer],
        place: npt.NDArray[np.integer] | int = -1,
        detail: npt.NDArray[np.integer] | int = 0,
    ) -> None:
        """Append events of one kind; arguments but ``people`` are one value for all or one for each person.

        The arrays must not be changed afterwards.
        """
        self._batches.append((time_s, kind, people, place, detail))
        self._joined = None

    def columns(self) -> EventColumns:
        """Everything recorded so far, ordered by time."""
        if self._joined is None:
            self._joined = self._join()
        return self._joined

    def _join(self) -> EventColumns:
        times, kinds, people, places, details = zip(*self._batches, strict=True) if self._batches else ((),) * 5
        sizes = np.array([len(rows) for rows in people], np.int64)
        time_s = _column(times, sizes, np.dtype(np.float64))
        order = np.argsort(time_s, kind="stable")
        return EventColumns(
            time_s[order],
            np.repeat(np.array([int(kind) for kind in kinds], np.int8), sizes)[order],
            np.concatenate([np.empty(0, np.int32), *people]).astype(np.int32)[order],
            _column(places, sizes, np.dtype(np.int32))[order],
            _column(details, sizes, np.dtype(np.int16))[order],
        )

    def write(self, path: Path) -> None:
        """Write ``path`` as Parquet with columns time_s, kind, person, place, detail and the header as metadata."""
        columns = self.columns()
        table = arrow_table(
            {
                "time_s": columns.time_s,
                "kind": columns.kind,
                "person": columns.person,
                "place": columns.place,
                "detail": columns.detail,
            }
        ).replace_schema_metadata({HEADER_KEY: json.dumps(self.header, sort_keys=True, ensure_ascii=False)})
        pq.write_table(table, path, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> "Trace":
        """Read a trace that ``write`` wrote."""
        table = pq.read_table(path)
        metadata = table.schema.metadata or {}
        columns = EventColumns(*(table.column(name).to_numpy() for name in EventColumns.__dataclass_fields__))
        return cls.of(columns, json.loads(metadata.get(HEADER_KEY, b"{}")))


def _column(parts: Sequence[Any], sizes: IntArray, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The parts of all batches in one column; a scalar part is repeated for each person of its batch."""
    arrays = [row for row, part in enumerate(parts) if isinstance(part, np.ndarray)]
    scalars = list(parts)
    for row in arrays:
        scalars[row] = 0
    if dtype.kind == "i":
        scalars = [int(scalar) for scalar in scalars]  # numpy takes long over members of enumerations
    column = np.repeat(np.array(scalars, dtype), sizes)
    ends = np.cumsum(sizes)
    for row in arrays:
        column[ends[row] - sizes[row] : ends[row]] = parts[row]
    return column
