"""Kernels: functions compiled by numba, kept on disk for as long as the code of this package is what it was.

By itself numba compiles a function anew when its own file has changed, and not when a function that it calls has: after
an update, old code would walk through new tables.
"""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(**options: bool) -> Callable[[Function], Function]:
    """Compile a function with numba's ``options`` when it is first called, or take it from the disk."""

    def compiled(function: Function) -> Function:
        made: Function = njit(cache=True, **options)(function)
        # There is no file where no folder can be written. numba has no public way to say what a kernel depends on.
        file = getattr(made._cache, "_cache_file", None)  # type: ignore[attr-defined]  # noqa: SLF001
        if file is not None:
            file._source_stamp = code_stamp()  # noqa: SLF001
        return made

    return compiled


def part(function: Function) -> Function:
    """Compile a function into the kernels that call it; it lies on the disk with them, and is not looked for alone."""
    made: Function = njit(_nrt=False, forceinline=True)(function)
    return made


@cache
def code_stamp() -> str:
    """SHA-256 over the code of this package."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
