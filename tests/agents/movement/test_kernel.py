"""Kernels on the disk hold for the code that they were compiled from."""

import subprocess
import sys
from pathlib import Path

from agents.movement import cars, kernel

CALLS = "from package.kernel import kernel\nfrom package.called import called\n"
CALLER = f"{CALLS}\n\n@kernel()\ndef caller():\n    return called()\n"
CALLED = "from package.kernel import kernel\n\n\n@kernel(forceinline=True)\ndef called():\n    return {answer}\n"


def test_a_kernel_is_compiled_anew_when_what_it_calls_has_changed(tmp_path: Path) -> None:
    """After an update of another file of the package, no old code runs; without an update the disk's does."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "kernel.py").write_bytes(Path(kernel.__file__).read_bytes())
    (package / "caller.py").write_text(CALLER, encoding="utf-8")
    seen = []
    for answer in (1, 2, 2):
        (package / "called.py").write_text(CALLED.format(answer=answer), encoding="utf-8")
        asks = "from package.caller import caller as c; print(c(), sum(c.stats.cache_hits.values()))"
        told = subprocess.run([sys.executable, "-c", asks], cwd=tmp_path, check=True, capture_output=True, text=True)  # noqa: S603 - our own lines
        seen.append(told.stdout.split())
    assert seen == [["1", "0"], ["2", "0"], ["2", "1"]]


def test_the_kernels_of_movement_are_kept_so() -> None:
    """The place where numba keeps what a kernel depends on is the one that is written."""
    assert cars.run._cache._cache_file._source_stamp == kernel.code_stamp()
