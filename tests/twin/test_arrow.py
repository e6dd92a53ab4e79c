"""Columns as Arrow tables are what pyarrow makes of them."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twin.arrow import arrow_table

DTYPES = (np.bool_, np.int8, np.int16, np.int32, np.int64, np.float64)


@given(st.data(), st.integers(0, 40))
def test_a_table_is_the_one_that_pyarrow_makes(data: st.DataObject, rows: int) -> None:
    """Types, values and the absence of nulls are those of pyarrow's own way, also of parts and of every other value."""
    columns = {np.dtype(dtype).name: data.draw(arrays(dtype, 2 * rows))[::2] for dtype in DTYPES}
    ours, theirs = arrow_table(columns), pa.table({name: values.copy() for name, values in columns.items()})
    assert ours.schema == theirs.schema
    for name, values in columns.items():
        assert ours.column(name).to_numpy().tobytes() == theirs.column(name).to_numpy().tobytes() == values.tobytes()
        assert ours.column(name).null_count == 0
    ours.validate(full=True)
