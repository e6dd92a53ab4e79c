"""A program run once: what it printed and the most memory it had."""

import os
import subprocess
import tempfile
from pathlib import Path


def run_measured(command: list[str], folder: Path) -> tuple[str, float]:
    """Printed text and peak memory in MB.

    Raises:
        RuntimeError: the program ended with an error.
    """
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text[-2000:]}")
    return text, usage.ru_maxrss / 1024
