"""Asking memory for rows before they are needed, compiled; no result depends on it, only the time."""

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from agents.movement.kernel import part

FEW_EVENTS = 8
"""Fewer events in a moment than these are not looked ahead for: their rows stay in the cache."""
_FOR_READING, _KEEP, _DATA = 0, 3, 1
"""Arguments of LLVM's ``prefetch``: rw, locality, cache type."""


@intrinsic  # type: ignore[misc, unused-ignore]
def prefetch(_: Any, records: Any, row: Any, offset: Any) -> Any:  # noqa: ARG001 - the signature of a call
    """Bring the byte at ``offset`` of a row of an array into the cache, with its neighbours of one line.

    Source: LLVM Language Reference, "llvm.prefetch".
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        place = builder.add(builder.mul(arguments[1], array.itemsize), arguments[2])
        address = builder.gep(builder.bitcast(array.data, byte), [place])
        form = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        function = cgutils.get_or_insert_function(builder.module, form, "llvm.prefetch.p0i8")
        builder.call(function, [address, *(number(value) for value in (_FOR_READING, _KEEP, _DATA))])
        return context.get_dummy_value()

    return types.void(records, types.intp, types.intp), generate


@part
def fetch(records: npt.NDArray[np.void], row: int, lines: tuple[int, ...]) -> None:
    """Bring the lines of a row that begin at these bytes into the cache."""
    for offset in lines:
        prefetch(records, row, offset)
