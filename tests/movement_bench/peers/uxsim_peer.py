"""UXsim in its C++ mode on a workload of cars.

Run by the peer's interpreter: ``uxsim_peer.py WORKLOAD RESULT [PLATOON]``.

The same nodes, links and departures; UXsim's own defaults otherwise: platoons of 5 cars, a step of 5 s, routes chosen
by the state of the network every 600 s (dynamic user optimum), logging off (its documentation: significantly faster).
Trips go in as demands between their two nodes in the step of their departure, five neighbours in time of one platoon.
"""

import json
import os
import resource
import sys
import time
from typing import Any

import numpy as np
import uxsim

UNTIL_S = 6 * 3600.0
ROOM_BYTES = 18 << 30
"""Memory that the peer may take: three quarters of the machine that this was written on."""
_SHARE_OF_FREE = 0.75
"""It may take no more than this of what is free."""
LIMIT_S = 900
"""CPU seconds after which the peer is ended: its ratio is at least that to then."""


def world_of(work: dict[str, Any], platoon: int) -> Any:
    """A world with the network and the trips."""
    world = uxsim.World(
        deltan=platoon,
        tmax=UNTIL_S,
        print_mode=0,
        save_mode=0,
        show_mode=0,
        random_seed=0,
        cpp=True,
        vehicle_logging_timestep_interval=-1,
    )
    for row, (x, y) in enumerate(zip(work["node_x_m"].tolist(), work["node_y_m"].tolist(), strict=True)):
        world.addNode(str(row), x, y)
    columns = ("link_from", "link_to", "length_m", "free_speed_mps", "jam_density_vpm")
    for row, (a, b, length, speed, jam) in enumerate(zip(*(work[name].tolist() for name in columns), strict=True)):
        world.addLink(str(row), str(a), str(b), length, free_flow_speed=speed, jam_density=jam)
    # Every fifth trip stands for its platoon, so that as many cars travel as in the workload.
    columns = ("origin_node", "destination_node", "departure_s")
    for origin, goal, departure in zip(*(work[name][::platoon].tolist() for name in columns), strict=True):
        world.addVehicle(str(origin), str(goal), departure)
    return world


def main() -> None:
    """Run once in a process with limits, which prints JSON; if it is ended by them, print how long it had run."""
    told, tells = os.pipe()
    child = os.fork()
    if child == 0:
        limited(tells)
    os.close(tells)
    _, status, used = os.wait4(child, 0)
    if status != 0:
        with os.fdopen(told) as lines:
            built_s = float(lines.read() or "inf")
        ended_s = used.ru_utime + used.ru_stime - built_s
        sys.stdout.write(json.dumps({"runs_s": [], "ended_s": max(ended_s, 0.0)}) + "\n")


def limited(tells: int) -> None:
    """Measure under limits of memory and time, and end this process."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    room = min(ROOM_BYTES, int(_SHARE_OF_FREE * free))
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sys.stdout.write(json.dumps(measured(tells)) + "\n")
        sys.stdout.flush()
    except MemoryError:
        os._exit(1)
    os._exit(0)


def measured(tells: int) -> dict[str, Any]:
    """Seconds of building and of running, and what became of the cars; those until it runs are told at once."""
    platoon = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with np.load(sys.argv[1]) as arrays:
        work = dict(arrays)
    began_s = time.process_time()
    world = world_of(work, platoon)
    built_s = time.process_time() - began_s
    began_s = time.process_time()
    os.write(tells, str(began_s).encode())
    world.exec_simulation()
    seconds = time.process_time() - began_s
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told: dict[str, Any] = {"runs_s": [seconds], "built_s": built_s, "peak_mb": peak_mb}
    world.analyzer.basic_analysis()
    told |= {"done": int(world.analyzer.trip_completed), "trips": int(world.analyzer.trip_all)}
    told |= {"mean_s": float(world.analyzer.average_travel_time)}
    np.savez(sys.argv[2], mean_s=told["mean_s"])
    return told


if __name__ == "__main__":
    main()
