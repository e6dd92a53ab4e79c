"""The record of a run."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.events import EventKind
from twin.trace import EventColumns, Trace

BATCHES = st.lists(
    st.tuples(
        st.sampled_from(EventKind),
        st.floats(0, 1e5),
        st.lists(st.integers(0, 1000), min_size=1, max_size=5),
        st.integers(-1, 50),
    ),
    max_size=20,
)


def recorded(batches: list[tuple[EventKind, float, list[int], int]]) -> Trace:
    """A trace of the batches."""
    trace = Trace({"seed": 1})
    for kind, time_s, people, place in batches:
        trace.record(kind, time_s, np.array(people), place, 2)
    return trace


def rows(columns: EventColumns) -> list[tuple[float, int, int, int, int]]:
    """Each event as a tuple."""
    return [(e.time_s, e.kind, e.person, e.place, e.detail) for e in columns.events()]


@given(batches=BATCHES)
def test_columns_hold_every_event_once_in_order_of_time(batches: list[tuple[EventKind, float, list[int], int]]) -> None:
    """What was recorded comes back, ordered by time and, at one time, as it was recorded."""
    expected = [(t, k, person, place, 2) for k, t, people, place in batches for person in people]
    assert rows(recorded(batches).columns()) == sorted(expected, key=lambda row: row[0])


def test_a_trace_reads_back_what_it_wrote(tmp_path: Path) -> None:
    """Events and header survive the file."""
    trace = recorded([(EventKind.DEPARTED, 3.5, [4, 5], 7), (EventKind.CHECKED_IN, 1.0, [4], 2)])
    trace.write(tmp_path / "trace.parquet")
    again = Trace.read(tmp_path / "trace.parquet")
    assert again.header == {"seed": 1}
    assert rows(again.columns()) == rows(trace.columns())


def test_equal_traces_make_equal_files(tmp_path: Path) -> None:
    """Writing the same trace twice gives the same bytes."""
    for name in ("a", "b"):
        recorded([(EventKind.DEPARTED, 3.5, [4, 5], 7)]).write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
