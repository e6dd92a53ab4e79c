"""The same seed gives the same bytes, whatever the machine has."""

import os
import re
import subprocess
import sys
from pathlib import Path

from scenarios.run import RunResult

THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
WORDS = ("run", "drill", "--quiet", "--out", "out")
PROGRAM = "import sys; sys.argv[0] = 'citytwin'; from scenarios.cli import main; main()"
FRESH = re.compile(rb'(?<=\*\*\*)[0-9a-f]{8}|(?<="ref\\":\\")[0-9a-f]{16}')
"""What a city OS makes up anew each time: its secrets (masked), and the references by which it hides people."""


def begin(folder: Path, threads: int) -> subprocess.Popen[bytes]:
    """Begin the drill in a process of its own that may use so many threads, and draws other hash seeds."""
    folder.mkdir()
    environ = os.environ | dict.fromkeys(THREADS, str(threads)) | {"PYTHONHASHSEED": str(threads)}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *WORDS], cwd=folder, env=environ)  # noqa: S603 - our own text


def contents_of(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, but for metrics.json, which has the wall time, and what a city OS makes up anew."""
    files = sorted(one for one in folder.iterdir() if one.name != "metrics.json")
    return {one.name: FRESH.sub(b"", one.read_bytes()) for one in files}


def test_one_thread_and_two_give_the_same_bytes(tmp_path: Path, reference: RunResult) -> None:
    """Trace, report and every other file are byte-equal on one thread and on two.

    The trace is also that of a run in a process where other runs were before: a run leaves nothing behind.
    """
    runs = [begin(tmp_path / name, threads) for name, threads in (("one", 1), ("two", 2))]
    assert [one.wait(120.0) for one in runs] == [0, 0]
    one, two = (contents_of(tmp_path / name / "out") for name in ("one", "two"))
    assert {"trace.parquet", "report.html", "exchanges.jsonl"} <= set(one)
    assert one == two
    assert one["trace.parquet"] == (reference.folder / "trace.parquet").read_bytes()
