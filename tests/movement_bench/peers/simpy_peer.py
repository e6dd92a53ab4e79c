"""An exact queue model of the same theory in plain simpy: the anchor of correctness.

Run by the peer's interpreter; needs simpy and numpy alone: ``simpy_peer.py WORKLOAD WAYS RESULT``. Each car is a
process. A link is three resources: its end (one car at a time, kept for a headway: first in first out), its entrance
(the same), and its room for N cars, where a place is free again once the backward wave has run over the link (Newell
1993). Who waits at an entrance goes first come, first served; of the cars that wait at one origin only the first
stands in that line. Walkers take each link's length over their own speed, slowed by who else is on the link (Weidmann
1993; constants as in Vadere).
"""

import json
import math
import resource
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import simpy

CAR = 1
UNTIL_S = 6 * 3600.0
_FREE_MPS, _SHAPE, _JAM = 1.34, 1.913, 5.4
"""Weidmann's free speed (m/s), shape (1/m2) and greatest density (1/m2)."""


class Link:
    """A link as resources, with its times in seconds."""

    __slots__ = ("end", "entrance", "free_s", "headway_s", "room", "source", "wave_s")

    def __init__(self, env: simpy.Environment, free_s: float, headway_s: float, room: int, wave_s: float) -> None:
        """An empty link."""
        self.free_s, self.headway_s, self.wave_s = free_s, headway_s, wave_s
        self.end = simpy.Resource(env)
        self.entrance = simpy.Resource(env)
        self.source = simpy.Resource(env)
        self.room = simpy.Resource(env, capacity=room)


def links_of(env: simpy.Environment, work: dict[str, Any]) -> list[Link]:
    """Links with whole storage, as our engine has them: N is k L rounded, at least one more than drive at capacity."""
    density, speed, wave = work["jam_density_vpm"], work["free_speed_mps"], work["wave_speed_mps"]
    flow = density / (1.0 / speed + 1.0 / wave)
    free_s = work["length_m"] / speed
    room = np.maximum(np.floor(density * work["length_m"] + 0.5), np.floor(flow * free_s) + 1.0)
    headway_s = 1.0 / np.minimum(work["capacity_vps"], flow)
    columns = (free_s.tolist(), headway_s.tolist(), room.astype(int).tolist(), (room / flow - free_s).tolist())
    return [Link(env, *row) for row in zip(*columns, strict=True)]


def later(env: simpy.Environment, delay_s: float, held: simpy.Resource, request: Any) -> None:
    """Give a resource back after a time."""
    env.timeout(delay_s).callbacks.append(lambda _: held.release(request))


def drive(env: simpy.Environment, way: list[Link], departure_s: float, arrival_s: Any, trip: int) -> Iterator[Any]:
    """One car: waits at its origin, then enters link after link as soon as there is room."""
    yield env.timeout(departure_s)
    behind, room, link = None, None, None
    for ahead in way:
        first = None
        if link is None:
            first = ahead.source.request()
            yield first
        place = ahead.entrance.request()
        yield place
        ahead_room = ahead.room.request()
        yield ahead_room
        later(env, ahead.headway_s, ahead.entrance, place)
        if link is None:
            ahead.source.release(first)
        else:
            later(env, link.headway_s, link.end, behind)
            later(env, link.wave_s, link.room, room)
        link, room = ahead, ahead_room
        # In line for the end of the link from the moment of entering it: first in, first out.
        entered_s = env.now
        behind = link.end.request()
        yield behind
        rest_s = entered_s + link.free_s - env.now
        if rest_s > 0.0:
            yield env.timeout(rest_s)
    arrival_s[trip] = env.now
    if link is not None:
        later(env, link.headway_s, link.end, behind)
        later(env, link.wave_s, link.room, room)


def slowed(density: float) -> float:
    """Weidmann's speed at a density (1/m2) over the free speed."""
    if density <= 0.0:
        return 1.0
    return max(0.0, 1.0 - math.exp(-_SHAPE * (1.0 / density - 1.0 / _JAM)))


def walk(env: simpy.Environment, way: list[int], on: list[int], work: dict[str, Any], trip: int) -> Iterator[Any]:
    """One walker: the density that it finds on entering a link sets its speed there."""
    length_m, width_m, speed_mps = work["lengths"], work["widths"], work["speeds"][trip]
    yield env.timeout(work["departures"][trip])
    for link in way:
        on[link] += 1
        pace = speed_mps * max(slowed(on[link] / (length_m[link] * width_m[link])), 0.03)
        yield env.timeout(length_m[link] / pace)
        on[link] -= 1
    work["arrival_s"][trip] = env.now


def main() -> None:
    """Run once; print JSON."""
    workload, ways_file, result = sys.argv[1:]
    with np.load(workload) as arrays:
        work: dict[str, Any] = dict(arrays)
    with np.load(ways_file) as arrays:
        start, way = arrays["start"].tolist(), arrays["link"].tolist()
    began_s = time.process_time()
    env = simpy.Environment()
    links = links_of(env, work)
    work["arrival_s"] = np.full(len(work["mode"]), np.nan)
    work |= {"lengths": work["length_m"].tolist(), "widths": work["walk_width_m"].tolist()}
    work |= {"speeds": work["speed_mps"].tolist(), "departures": work["departure_s"].tolist()}
    on = [0] * len(links)
    for trip, mode in enumerate(work["mode"].tolist()):
        mine = way[start[trip] : start[trip + 1]]
        if mode == CAR:
            leaves_s = work["departures"][trip]
            env.process(drive(env, [links[row] for row in mine], leaves_s, work["arrival_s"], trip))
        else:
            env.process(walk(env, mine, on, work, trip))
    env.run(until=UNTIL_S)
    seconds = time.process_time() - began_s
    np.savez(result, arrival_s=work["arrival_s"])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"runs_s": [seconds], "peak_mb": peak_mb}) + "\n")


if __name__ == "__main__":
    main()
