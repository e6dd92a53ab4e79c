"""``python -m resilience [--only PART]...``: does the experiments, and writes what came out into docs/resilience.md."""

import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psutil

from resilience.outcome import Row
from resilience.parts import PARTS

ROOT = Path(__file__).resolve().parents[2]
PAGE, KEPT = ROOT / "docs" / "resilience.md", ROOT / "docs" / "resilience.json"
_BEGIN, _END = "<!-- measured -->", "<!-- end -->"
_WORDS = {True: "yes", False: "**no**", None: "-"}


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(PARTS)), help="Do these alone; the others' rows stay.")
@click.option("--table", is_flag=True, help="Do nothing: write the page from what came out before.")
def main(*, only: tuple[str, ...], table: bool) -> None:
    """Kill, starve, fill up and press the reference city OS; exit code 1 if anything does not hold."""
    failed = False
    for name in () if table else only or PARTS:
        click.echo(f"{name} ...", err=True)
        began_s, load_before = time.monotonic(), os.getloadavg()[0]
        row = _done(name)
        failed |= row.holds is False
        click.echo(f"  {_WORDS[row.holds]}: {row.found} ({time.monotonic() - began_s:.0f} s)", err=True)
        told = asdict(row) | {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": _machine(load_before)}
        _write(_kept() | {name: told})
    _write(_kept())
    sys.exit(1 if failed else 0)


def _kept() -> dict[str, dict[str, Any]]:
    """What came out so far."""
    return json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}


def _done(name: str) -> Row:
    try:
        return PARTS[name].run()
    except LookupError as fault:
        return Row(name, "-", "-", f"not done: {fault}", holds=None)


def _write(kept: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep what came out, and put its table into the page."""
    KEPT.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    before, rest = PAGE.read_text(encoding="utf-8").split(_BEGIN)
    after = rest.split(_END)[1]
    PAGE.write_text("\n".join([before + _BEGIN, *_table(kept), _END + after]), encoding="utf-8")


def _table(kept: Mapping[str, Mapping[str, Any]]) -> list[str]:
    columns = ("experiment", "what was done", "what was asked", "what came out", "holds", "machine")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for one in (kept[name] for name in PARTS if name in kept):
        cells = (one["name"], one["done"], one["asked"], one["found"], _WORDS[one["holds"]])
        lines.append(f"| {' | '.join(cells)} | {one['date']}, {one['machine']} |")
    return lines


def _machine(load_before: float) -> str:
    """Cores and memory, and how busy others kept them when the experiment began."""
    gigabytes = psutil.virtual_memory().total / 2**30
    version = platform.python_version()
    return f"{os.cpu_count()} cores, {gigabytes:.0f} GB, Python {version}, load average before it {load_before:.1f}"


if __name__ == "__main__":
    main()
