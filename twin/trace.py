"""Trace: what happened, in columns, append-only; written as Parquet, byte-equal for the same seed and inputs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

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


@dataclass(slots=True)
class Trace:
    """Append-only record of a run; ``header`` says what run (seed, version, hashes of inputs; no wall-clock time)."""

    header: Mapping[str, object] = field(default_factory=dict)
    _batches: list[EventColumns] = field(default_factory=list)

    def record(
        self,
        kind: EventKind,
        time_s: FloatArray | float,
        people: npt.NDArray[np.integer] | int,
        place: npt.NDArray[np.integer] | int = -1,
        detail: npt.NDArray[np.integer] | int = 0,
    ) -> None:
        """Append events of one kind; each argument is one value for all or one for each person."""
        rows = np.atleast_1d(np.asarray(people, dtype=np.int32))
        shape = rows.shape
        self._batches.append(
            EventColumns(
                np.broadcast_to(np.asarray(time_s, np.float64), shape).copy(),
                np.full(shape, kind, np.int8),
                rows.copy(),
                np.broadcast_to(np.asarray(place, np.int32), shape).copy(),
                np.broadcast_to(np.asarray(detail, np.int16), shape).copy(),
            )
        )

    def columns(self) -> EventColumns:
        """Everything recorded so far, ordered by time."""
        if not self._batches:
            return EventColumns(
                np.empty(0), np.empty(0, np.int8), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int16)
            )
        time_s = np.concatenate([batch.time_s for batch in self._batches])
        order = np.argsort(time_s, kind="stable")
        return EventColumns(
            time_s[order],
            np.concatenate([batch.kind for batch in self._batches])[order],
            np.concatenate([batch.person for batch in self._batches])[order],
            np.concatenate([batch.place for batch in self._batches])[order],
            np.concatenate([batch.detail for batch in self._batches])[order],
        )

    def write(self, path: Path) -> None:
        """Write ``path`` as Parquet with columns time_s, kind, person, place, detail and the header as metadata."""
        columns = self.columns()
        table = pa.table(
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
        return cls(json.loads(metadata.get(HEADER_KEY, b"{}")), [columns])
