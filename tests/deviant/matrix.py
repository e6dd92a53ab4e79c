"""The matrix: every fault of the reference city OS against the whole suite, and what came of it.

``python -m deviant.matrix [--jobs N] [FAULT...]`` judges a right server first, then each deviant one, and writes a row
for each fault to ``docs/conformance/detection.toml``.
"""

import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import click
from deviant.switches import FAULTS
from judged_city import judged_city, results_at

from conformance.results import Result

TABLE = Path(__file__).resolve().parents[2] / "docs" / "conformance" / "detection.toml"
JUDGED = ("fail", "warn")


@dataclass(frozen=True)
class Row:
    """One fault: requirements that it breaks, those that were found broken, and those that became unknown."""

    name: str
    breaks: tuple[str, ...]
    found: tuple[str, ...]
    unknown: tuple[str, ...]
    duration_s: float = 0.0

    @property
    def is_caught(self) -> bool:
        """Whether it was found at every clause that it breaks."""
        return set(self.breaks) <= set(self.found)

    @property
    def beside(self) -> tuple[str, ...]:
        """What was found broken that the fault does not explain."""
        return tuple(sorted(set(self.found) - set(self.breaks)))


def judge_fault(name: str | None) -> Row:
    """The row of a fault; of the right server where none is named."""
    begin_s = time.monotonic()
    with judged_city(name) as target:
        results = results_at(target)
    breaks = FAULTS[name].breaks if name else ()
    found = _requirements(results, JUDGED)
    unknown = tuple(sorted(set(_requirements(results, ("skip", "error", "config"))) - set(found)))
    return Row(name or "", tuple(breaks), found, unknown, time.monotonic() - begin_s)


def _requirements(results: Iterable[Result], verdicts: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({one.requirement.id for one in results if one.verdict.value in verdicts}))


def judge_all(names: Sequence[str], jobs: int) -> Iterator[Row]:
    """Rows as they come; each fault in a process of its own, because it holds for the process."""
    with ProcessPoolExecutor(jobs, get_context("spawn"), max_tasks_per_child=8) as pool:
        yield from pool.map(judge_fault, names)


def figures(rows: Sequence[Row]) -> dict[str, float]:
    """Detection rate, precision, and the median number of failing requirements for a fault."""
    found = sum(len(row.found) for row in rows)
    explained = sum(len(set(row.found) & set(row.breaks)) for row in rows)
    return {
        "faults": len(rows),
        "caught": sum(row.is_caught for row in rows),
        "detection": round(sum(row.is_caught for row in rows) / len(rows), 4),
        "precision": round(explained / found, 4) if found else 0.0,
        "median_failing": median(len(row.found) for row in rows),
    }


def written(rows: Sequence[Row]) -> str:
    """The table as TOML."""
    lines = ["# Written by `make deviance`: each fault of tests/deviant against the whole suite.", "", "[figures]"]
    lines += [f"{name} = {value}" for name, value in figures(rows).items()]
    for row in rows:
        lines += [
            "",
            f'["{row.name}"]',
            *(f"{name} = {list(getattr(row, name))}" for name in ("breaks", "found", "unknown")),
        ]
    return "\n".join(lines).replace("'", '"') + "\n"


def read_table() -> dict[str, Row]:
    """The table as it was written last."""
    data: Mapping[str, Mapping[str, Sequence[str]]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    rows = {name: value for name, value in data.items() if name != "figures"}
    return {
        name: Row(name, *(tuple(value[part]) for part in ("breaks", "found", "unknown")))
        for name, value in rows.items()
    }


def main() -> None:
    """Judge the faults that are named, or all of them, and write the table."""
    given = sys.argv[1:]
    jobs = int(given.pop(given.index("--jobs") + 1)) if "--jobs" in given else 2
    named = [name for name in given if name != "--jobs"]
    rows = []
    for row in judge_all(named or sorted(FAULTS), jobs):
        rows.append(row)
        verdict = "caught" if row.is_caught else "MISSED"
        beside = f" beside {', '.join(row.beside)}" if row.beside else ""
        unknown = f" unknown {', '.join(row.unknown)}" if row.unknown else ""
        click.echo(f"{row.name:36} {verdict} at {', '.join(row.breaks)}{beside}{unknown} {row.duration_s:.0f} s")
    click.echo(str(figures(rows)))
    if not named:
        TABLE.write_text(written(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
