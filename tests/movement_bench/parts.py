"""What is measured: each part runs a few processes and returns its rows of the table."""

import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from movement_bench.environments import programs_of
from movement_bench.workload import Workload, named

BUILD = Path("build/bench").absolute()
WORK = BUILD / "work"
_PEERS = Path(__file__).parent / "peers"
_RUNS = int(os.environ.get("RUNS", "3"))
"""Runs whose median counts; fewer for a quick look."""

_FEW_NODES = 900
"""UXsim takes seconds for so many nodes, and over a minute for more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One number: measured, the floor or ceiling of the issue, and whether it holds (None: not measured)."""

    name: str
    measured: str
    asked: str
    holds: bool | None


def as_row(name: str, value: float, limit: float, unit: str) -> Row:
    """A row whose value must not exceed its limit."""
    return Row(name, f"{value:.3g} {unit}", f"<= {limit:g} {unit}", value <= limit)


def ratio_row(name: str, peer_s: float, our_s: float, floor: float) -> Row:
    """A row whose ratio must reach its floor."""
    ratio = peer_s / our_s
    return Row(name, f"{ratio:.1f} x ({peer_s:.3g} s over {our_s:.3g} s)", f">= {floor:g} x", ratio >= floor)


def ours(case: str, *options: str) -> dict[str, Any]:
    """Our engine in a process of its own, on a named workload; the last run is the warm one."""
    command = [
        sys.executable,
        "-m",
        "movement_bench.ours",
        str(named(case, WORK)),
        str(_result("ours", case)),
        *options,
    ]
    return _told(command)


def peer(which: str, case: str, *options: str) -> dict[str, Any] | None:
    """A peer in a process of its own, None if it cannot be installed."""
    programs = programs_of(which, BUILD)
    if programs is None:
        return None
    files = [str(named(case, WORK)), str(_ways(case)), str(_result(which, case))]
    if which == "sumo":
        folder = str(WORK / f"sumo_{case}")
        return _told([sys.executable, "-m", "movement_bench.peers.sumo_peer", *files, folder, str(programs)])
    if which == "uxsim":
        del files[1]
    return _told([str(programs / "python"), str(_PEERS / f"{which}_peer.py"), *files, *options])


def _interleaved(
    which: str, case: str, runs: int, ours_options: tuple[str, ...] = (), *options: str
) -> tuple[float, float] | None:
    """Medians of the peer's seconds and of ours, in turns, ours of three at least; None if the peer cannot be run."""
    theirs, mine = [], []
    for _ in range(runs):
        mine += [ours(case, *ours_options)["runs_s"][-1] for _ in range(max(1, _RUNS // runs))]
        told = peer(which, case, *options)
        if told is None or not told["runs_s"]:
            return None
        theirs.append(told["runs_s"][-1])
    return median(theirs), median(mine)


def _told(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own commands
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _result(which: str, case: str) -> Path:
    return WORK / f"{case}.{which}.npz"


def _ways(case: str) -> Path:
    path = WORK / f"{case}.ways.npz"
    if case.startswith("grid"):
        return path
    if not path.is_file():
        from movement_bench.ways import ways_of  # noqa: PLC0415 - scipy's trees are not needed by most parts

        ways_of(Workload.load(named(case, WORK))).save(path)
    return path


def city() -> list[Row]:
    """The whole city, warm, and what it takes of memory."""
    told = [ours("city") for _ in range(_RUNS)]
    return [
        as_row("whole city, warm", median(one["runs_s"][-1] for one in told), 1.0, "s"),
        as_row("whole city, peak memory of the process", median(one["peak_mb"] for one in told), 400.0, "MB"),
    ]


def reroute() -> list[Row]:
    """Re-routing every 600 s."""
    seconds = median(ours("city", "--reroute", "600")["runs_s"][-1] for _ in range(_RUNS))
    return [as_row("whole city, everybody re-routed every 600 s", seconds, 3.0, "s")]


def halved() -> list[Row]:
    """Capacities halved."""
    return [as_row("whole city, capacity halved", median(ours("halved")["runs_s"][-1] for _ in range(_RUNS)), 3.0, "s")]


def million() -> list[Row]:
    """A million people on the same network."""
    few_s, many_s, many_mb = _beside_city("million")
    exponent = _exponent(few_s, many_s, 1_000_000 / 111_003)
    return [
        as_row("1,000,000 people on the same network, flow and storage scaled", many_s, 8.0, "s"),
        as_row("the same, peak memory of the process", many_mb, 1000.0, "MB"),
        as_row("growth exponent from 111,003 to 1,000,000 people", exponent, 1.05, ""),
    ]


def ninefold() -> list[Row]:
    """City and people nine times as large."""
    few_s, many_s, _ = _beside_city("ninefold")
    exponent = _exponent(few_s, many_s, 9.0)
    return [as_row("growth exponent, city and people ninefold (90,000 nodes)", exponent, 1.15, "")]


def _beside_city(case: str) -> tuple[float, float, float]:
    """Medians of the city's seconds and of a larger one's, in turns, and the larger one's memory (MB)."""
    told = [(ours("city"), ours(case)) for _ in range(_RUNS)]
    few_s, many_s = (median(one[side]["runs_s"][-1] for one in told) for side in (0, 1))
    return few_s, many_s, median(many["peak_mb"] for _, many in told)


def _exponent(few_s: float, many_s: float, factor: float) -> float:
    return math.log(many_s / few_s) / math.log(factor)


def sumo() -> list[Row]:
    """SUMO's mesoscopic model with walkers: speed, and where arrivals differ."""
    found = _interleaved("sumo", "city", _RUNS)
    if found is None:
        return [Row("SUMO meso, cars and walkers", "skipped: cannot be installed", ">= 8 x", None)]
    limits = {50: 0.03, 90: 0.10, 99: 0.20}
    return [ratio_row("SUMO meso, cars and walkers", *found, 8.0), *_differences("sumo", "SUMO meso", limits)]


def simpy() -> list[Row]:
    """The exact queue model."""
    found = _interleaved("simpy", "city", 1)
    if found is None:
        return [Row("exact model in simpy", "skipped: cannot be installed", ">= 40 x", None)]
    rows = _differences("simpy", "the exact model in simpy", {50: 0.02, 90: 0.05})
    return [ratio_row("exact model in simpy", *found, 40.0), *rows]


def mesa() -> list[Row]:
    """An agent for each person, and the lighter form."""
    found, light = _interleaved("mesa", "city", 1, (), "111003"), _interleaved("mesa", "city", 1)
    if found is None or light is None:
        return [Row("mesa, an agent for each person", "skipped: cannot be installed", ">= 100 x", None)]
    row = ratio_row("mesa, an agent for each trip, gone on arrival (lighter than asked)", *light, 0.0)
    return [ratio_row("mesa, an agent for each person", *found, 100.0), Row(row.name, row.measured, "-", None)]


def _differences(which: str, name: str, limits: dict[int, float]) -> list[Row]:
    """How far percentiles of the cars' and of all arrivals differ; who never arrives counts as after all others."""
    work = Workload.load(named("city", WORK))
    mine, theirs = (_arrivals(one, work) for one in ("ours", which))
    rows = []
    for percent, limit in limits.items():
        worst = 0.0
        for chosen in (work.mode >= 0, work.mode == 1, work.mode == 0):
            a, b = (float(np.quantile(one[chosen], percent / 100.0, method="lower")) for one in (mine, theirs))
            worst = max(worst, abs(a - b) / b if math.isfinite(a) and math.isfinite(b) else math.inf)
        text = f"arrivals p{percent} against {name} (worst of cars, walkers, all)"
        rows.append(Row(text, f"{worst:.2%}", f"<= {limit:.0%}", worst <= limit))
    return rows


def _arrivals(which: str, work: Workload) -> np.ndarray:
    with np.load(_result(which, "city")) as arrays:
        arrival_s = arrays["arrival_s"]
    return np.where(np.isnan(arrival_s), np.inf, arrival_s)


def _uxsim(nodes: int, floor: float) -> list[Row]:
    """UXsim's C++ mode on a grid: vehicle by vehicle, as ours, and in its default platoons of five; large ones once."""
    rows, case, turns = [], f"grid{nodes}", _RUNS if nodes <= _FEW_NODES else 1
    for platoon in (1, 5):
        name = f"UXsim C++, {nodes:,} nodes, 60,000 cars, platoons of {platoon}"
        told, ours_s = [], []
        for _ in range(turns):
            ours_s += [ours(case, "--reroute", "600")["runs_s"][-1] for _ in range(_RUNS // turns)]
            told.append(peer("uxsim", case, str(platoon)))
        ended_s = [one["ended_s"] for one in told if one and not one["runs_s"]]
        if None in told:
            rows.append(Row(name, "not measured: cannot be installed", f">= {floor:g} x", None))
        elif ended_s:
            rows.append(_at_least_row(name, max(ended_s), median(ours_s), floor))
        else:
            rows.append(ratio_row(name, median(one["runs_s"][-1] for one in told if one), median(ours_s), floor))
    return rows


def _at_least_row(name: str, ended_s: float, our_s: float, floor: float) -> Row:
    """A row of a peer that was ended by its limits: the ratio is at least that to then."""
    ratio = ended_s / our_s
    measured = f"at least {ratio:.1f} x (ended by its limits after {ended_s:.3g} s, over {our_s:.3g} s)"
    return Row(name, measured, f">= {floor:g} x", True if ratio >= floor else None)


def thousand() -> list[Row]:
    """The first result of a small run, from the start of the process."""
    ours("thousand", "--runs", "1")
    seconds = []
    for _ in range(_RUNS):
        began_s = _children_s()
        ours("thousand", "--runs", "1")
        seconds.append(_children_s() - began_s)
    return [as_row("1,000 people, from the start of the process, cached kernels", median(seconds), 3.0, "s")]


def _children_s() -> float:
    """CPU seconds of all processes that were started here and ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def replications() -> list[Row]:
    """Paired replications of the whole city's movement."""
    pairs = 10
    seconds = ours("city", "--replications", str(pairs))["runs_s"][-1]
    # 100 replications are 50 pairs of two plans.
    return [as_row(f"100 paired replications of the whole city (from {2 * pairs})", 50 / pairs * seconds, 90.0, "s")]


PARTS: dict[str, Callable[[], list[Row]]] = {
    "city": city,
    "reroute": reroute,
    "halved": halved,
    "million": million,
    "ninefold": ninefold,
    "thousand": thousand,
    "replications": replications,
    "sumo": sumo,
    "simpy": simpy,
    "mesa": mesa,
    "uxsim121": lambda: _uxsim(121, 3.0),
    "uxsim900": lambda: _uxsim(900, 20.0),
    "uxsim3025": lambda: _uxsim(3025, 80.0),
}
"""Parts by name, in the order of the table."""


def stored(path: Path) -> dict[str, dict[str, Any]]:
    """What was measured before, by part: its rows, and the seconds of the fixed loop beside them."""
    found: dict[str, dict[str, Any]] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def measure(part: str, path: Path) -> list[Row]:
    """Measure one part and keep its rows."""
    loop_s = fixed_loop_s()
    rows = PARTS[part]()
    kept = {"loop_s": 0.5 * (loop_s + fixed_loop_s()), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(stored(path) | {part: kept}, indent=1))
    return rows


def fixed_loop_s() -> float:
    """CPU seconds of twenty million additions in plain Python: 1.0 s on the idle machine that this was written on."""
    began_s = time.process_time()
    total = 0
    for number in range(20_000_000):
        total += number
    return time.process_time() - began_s
