"""A program run once: what it printed, the most memory it had, and its share of a core."""

import os
import subprocess
import tempfile
import time
from pathlib import Path


def run_measured(command: list[str], folder: Path) -> tuple[str, float, float]:
    """Printed text, peak memory in MB, and CPU time over time by the clock.

    Raises:
        RuntimeError: the program ended with an error.
    """
    with tempfile.TemporaryFile("w+") as out:
        began_s = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began_s
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text[-2000:]}")
    return text, usage.ru_maxrss / 1024, (usage.ru_utime + usage.ru_stime) / wall_s
