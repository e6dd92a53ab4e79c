"""Our engine on a workload, in a process of its own: ``python -m movement_bench.ours WORKLOAD RESULT [options]``.

Prints one line of JSON: seconds of each run in this process, the first of them with a cold cache of trees and memory.
"""

import json
import resource
import time
from pathlib import Path

import click
import numpy as np

from agents.movement.network import Network
from agents.movement.simulate import Moved, TripTable, simulate
from movement_bench.workload import UNTIL_S, Workload
from twin.randomness import Stream


def network_of(work: Workload) -> Network:
    """The workload's network in the engine's form."""
    links = len(work.link_from)
    return Network(
        node_x_m=work.node_x_m,
        node_y_m=work.node_y_m,
        link_from=work.link_from,
        link_to=work.link_to,
        length_m=work.length_m,
        free_speed_mps=work.free_speed_mps,
        capacity_vps=work.capacity_vps,
        in_capacity_vps=np.full(links, np.inf),
        jam_density_vpm=work.jam_density_vpm,
        wave_speed_mps=work.wave_speed_mps,
        merge_priority=work.capacity_vps,
        car_allowed=np.ones(links, dtype=np.bool_),
        walk_allowed=np.ones(links, dtype=np.bool_),
        walk_width_m=work.walk_width_m,
        order=np.arange(links, dtype=np.int64),
    )


def trips_of(work: Workload, *, seed: int = 0) -> TripTable:
    """The workload's trips; a seed above 0 moves each departure by up to a minute, as a replication does."""
    departure_s = work.departure_s
    if seed:
        departure_s = departure_s + 60.0 * Stream(seed).uniform("bench.replication", np.arange(work.trips))
    return TripTable(
        origin_node=work.origin_node,
        destination_node=work.destination_node,
        departure_s=departure_s,
        mode=work.mode,
        speed_mps=work.speed_mps,
    )


def run(work: Workload, *, reroute_s: float | None = None, seed: int = 0) -> tuple[Moved, float]:
    """One run from arrays to arrays, and its CPU seconds (one thread: on an idle machine the same as by the clock)."""
    began_s = time.process_time()
    moved = simulate(network_of(work), trips_of(work, seed=seed), until_s=UNTIL_S, reroute_s=reroute_s, seed=seed)
    return moved, time.process_time() - began_s


@click.command()
@click.argument("workload", type=click.Path(path_type=Path))
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--reroute", "reroute_s", type=float, default=None)
@click.option("--runs", default=2, help="Runs in this process; the first warms the caches.")
@click.option("--replications", default=0, help="Paired replications instead: so many seeds, two plans of each.")
def main(workload: Path, result: Path, reroute_s: float | None, runs: int, replications: int) -> None:
    """Run and write what became of each trip."""
    work = Workload.load(workload)
    if replications:
        click.echo(json.dumps({"runs_s": [_replicate(work, replications)], "peak_mb": _peak_mb()}))
        return
    seconds = []
    moved, took_s = run(work, reroute_s=reroute_s)
    seconds.append(took_s)
    for _ in range(runs - 1):
        moved, took_s = run(work, reroute_s=reroute_s)
        seconds.append(took_s)
    np.savez(result, arrival_s=moved.arrival_s, status=moved.status)
    told = {
        "runs_s": seconds,
        "entries": int(moved.entered[-1].sum()),
        "gridlocks": len(moved.gridlocks),
        "peak_mb": _peak_mb(),
    }
    click.echo(json.dumps(told))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _replicate(work: Workload, replications: int) -> float:
    """Seconds of so many pairs: the same draws with the capacities as they are, and cut by a tenth."""
    other = Workload(**{**vars(work), "capacity_vps": 0.9 * work.capacity_vps})
    run(work)
    return sum(run(plan, seed=seed)[1] for seed in range(1, replications + 1) for plan in (work, other))


if __name__ == "__main__":
    main()
