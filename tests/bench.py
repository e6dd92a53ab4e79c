"""The numbers of the README: time and memory of the full town, from the command's start to the report.

Run by ``make bench``; prints a Markdown table. Seconds differ between machines, so each row has its ratio to a fixed
loop of plain Python that is timed just before it on the same core.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click

LOOP = 20_000_000
"""Additions of the fixed loop: about a second on the machines that this was written on."""

CASES = (
    ("1,000 people, 12 h, no city OS", ("earthquake_winter", "--people", "1000", "--city-os", "none"), 3.0),
    ("113,386 people, 12 h, no city OS", ("earthquake_winter", "--city-os", "none"), 12.0),
    ("113,386 people, 12 h, reference city OS in process", ("earthquake_winter", "--city-os", "reference"), 60.0),
    ("113,386 people, 12 h, ideal city OS in process", ("earthquake_winter", "--city-os", "ideal"), None),
    ("drill, 400 people, 2 h, reference city OS in process", ("drill",), None),
)
"""Name, arguments of ``citytwin run``, and the most seconds allowed on an idle machine of two cores (issue 5)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: wall time, ratio to the fixed loop, peak memory of the process."""

    wall_s: float
    ratio: float
    peak_mb: float


def loop_s() -> float:
    """Wall time of the fixed loop."""
    began_s = time.perf_counter()
    total = 0
    for number in range(LOOP):
        total += number
    return time.perf_counter() - began_s


def measure(arguments: tuple[str, ...]) -> Measured:
    """Run ``citytwin run`` once in a process of its own."""
    fixed_s = loop_s()
    folder = Path(tempfile.mkdtemp())
    command = [
        str(Path(sys.executable).with_name("citytwin")),
        "run",
        *arguments,
        "--quiet",
        "--out",
        str(folder / "out"),
    ]
    began_s = time.perf_counter()
    process = subprocess.Popen(command)  # noqa: S603  (our own command)
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began_s
    written = (folder / "out" / "report.html").is_file()
    shutil.rmtree(folder)
    if not written or os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return Measured(wall_s, wall_s / fixed_s, usage.ru_maxrss / 1024)


def main() -> None:
    """Measure all cases and print the table."""
    click.echo("| run | wall | of a fixed Python loop | peak memory | allowed |")
    click.echo("|---|---|---|---|---|")
    for name, arguments, most_s in CASES:
        got = measure(arguments)
        allowed = f"{most_s:.0f} s" if most_s else "-"
        click.echo(f"| {name} | {got.wall_s:.1f} s | {got.ratio:.1f} x | {got.peak_mb:.0f} MB | {allowed} |")


if __name__ == "__main__":
    main()
