"""Columns of numbers as Arrow tables, without pandas, which pyarrow would load to look at them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def arrow_table(columns: Mapping[str, npt.NDArray[Any]]) -> pa.Table:
    """A table of columns of numbers or truth values, all of one length; none of them is null."""
    return pa.table({name: _arrow(np.ascontiguousarray(values)) for name, values in columns.items()})


def _arrow(values: npt.NDArray[Any]) -> pa.Array:
    if values.dtype == np.bool_:
        bits = np.packbits(values, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(bits)], 0)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)], 0)
