"""Merges, diverges, node capacities, signals and gridlock against node theory.

Source: Daganzo (1995), "The cell transmission model, part II: network traffic" (merge, diverge); Webster (1958),
"Traffic signal settings" (uniform delay).
"""

import numpy as np

from agents.movement.simulate import Change
from scenarios.verification.building import (
    FLOW_VPS,
    LATE_S,
    Got,
    Street,
    arrived,
    evenly,
    flow_per_s,
    make_network,
    simulate,
    together,
    travel_s,
    trips,
)

BEGIN_S, END_S = 300.0, 1300.0
"""Flows are taken between these times, when queues stand at the node."""

WIDE = 40.0
"""Lanes where single cars would blur what a signal does."""


def merge(first_vps: float, second_vps: float, first_priority: float, second_priority: float) -> Got:
    """Two roads into one of 0.8/s."""
    streets = [Street(0, 2, priority=first_priority), Street(1, 2, priority=second_priority), Street(2, 3)]
    demand = [trips(home, 3, evenly(rate, 0.0, END_S)) for home, rate in enumerate((first_vps, second_vps))]
    moved = simulate(make_network(streets), together(*demand), until_s=END_S, count_every_s=10.0)
    flows = flow_per_s(moved, moved.left, BEGIN_S, END_S)
    return {"first_vps": float(flows[0]), "second_vps": float(flows[1])}


def merge_of_three() -> Got:
    """Three roads of 0.1, 0.8 and 0.8/s with priorities 1:1:2 into one of 0.8/s."""
    priorities, rates = (1.0, 1.0, 2.0), (0.1, 0.8, 0.8)
    streets = [Street(home, 3, priority=one) for home, one in enumerate(priorities)] + [Street(3, 4)]
    table = together(*(trips(home, 4, evenly(rate, 0.0, END_S)) for home, rate in enumerate(rates)))
    moved = simulate(make_network(streets), table, until_s=END_S, count_every_s=10.0)
    flows = flow_per_s(moved, moved.left, BEGIN_S, END_S)
    return {f"flow_{row}_vps": float(flows[row]) for row in range(3)}


def merge_after_one_ends() -> Got:
    """Two roads of 0.6/s into one of 0.8/s; the first one's demand ends at 400 s and its queue runs empty at 600 s."""
    streets = [Street(0, 2, 5000.0), Street(1, 2, 5000.0), Street(2, 3)]
    table = together(trips(0, 3, evenly(0.6, 0.0, 400.0)), trips(1, 3, evenly(0.6, 0.0, 1200.0)))
    moved = simulate(make_network(streets), table, until_s=1500.0, count_every_s=10.0)
    both, alone = flow_per_s(moved, moved.left, 300.0, 800.0), flow_per_s(moved, moved.left, 900.0, 1200.0)
    return {"first_vps": float(both[0]), "second_vps": float(both[1]), "second_alone_vps": float(alone[1])}


def diverge(blocked_share: float, branch_vps: float) -> Got:
    """0.5/s of whom a share turn into a branch that takes less: first in, first out holds back the others."""
    streets = [Street(0, 1), Street(1, 2, in_capacity_vps=branch_vps, capacity_vps=branch_vps), Street(1, 3)]
    number = np.arange(1500)
    turns = np.floor((number + 1) * blocked_share) > np.floor(number * blocked_share)
    start_s = number / 0.5
    table = together(trips(0, 2, start_s[turns]), trips(0, 3, start_s[~turns]))
    moved = simulate(make_network(streets), table, until_s=2500.0, count_every_s=10.0)
    flows = flow_per_s(moved, moved.entered, 500.0, 2500.0)
    return {"total_vps": float(flows[1:].sum()), "branch_vps": float(flows[1]), "free_vps": float(flows[2])}


def places_of_a_bottleneck() -> Got:
    """Demand 0.8/s for 600 s against 0.5/s at an exit, at an entrance, and over a whole road: mean delays."""
    roads = {
        "out_s": [Street(0, 1, 5000.0, capacity_vps=0.5), Street(1, 2)],
        "in_s": [Street(0, 1, 5000.0), Street(1, 2, in_capacity_vps=0.5)],
        "road_s": [Street(0, 1, 5000.0), Street(1, 2, in_capacity_vps=0.5, capacity_vps=0.5)],
    }
    table = trips(0, 2, evenly(0.8, 0.0, 600.0))
    got = {}
    for name, streets in roads.items():
        moved = simulate(make_network(streets), table, until_s=LATE_S)
        got[name] = float(travel_s(table, moved).mean()) - 300.0
    return got


def signal() -> Got:
    """A signal of 90 s, half of it red, at 0.8 of what it lets through: delay, and cars in the longest queue."""
    cycle_s, cycles = 90.0, 20
    rate_vps = 0.8 * 0.5 * FLOW_VPS * WIDE
    table = trips(0, 1, evenly(rate_vps, 0.0, cycles * cycle_s))
    # One headway fills the red, so that one car of the platoon passes in it.
    red_factor = 1.0 / (FLOW_VPS * WIDE * 0.5 * cycle_s)
    exit_link = np.array([0], np.int32)
    reds = [
        Change(exit_link, 50.0 + row * cycle_s, 50.0 + (row + 0.5) * cycle_s, capacity_factor=red_factor)
        for row in range(cycles)
    ]
    moved = simulate(make_network([Street(0, 1, lanes=WIDE)]), table, until_s=LATE_S, changes=reds)
    delays_s = travel_s(table, moved) - 50.0
    return {"delay_s": float(delays_s.mean()), "longest_s": float(delays_s.max()), "cars": arrived(moved)}


def gridlock() -> Got:
    """Four full streets in a ring whose first cars all want to go on: reported with its ring, the run ends."""
    ring = [Street(node, (node + 1) % 4, 40.0) for node in range(4)] + [Street(4, 0, 500.0)]
    rounds = [trips(node, (node + 3) % 4, np.zeros(60)) for node in range(4)]
    table = together(*rounds, trips(4, 2, evenly(0.1, 0.0, 100.0)))
    moved = simulate(make_network(ring), table, until_s=20_000.0)
    rings = [one for one in moved.gridlocks if set(one) == {0, 1, 2, 3}]
    inside = int((moved.entered - moved.left)[-1].sum())
    return {
        "rings": len(rings),
        "links": len(rings[-1]) if rings else 0,
        "counted": arrived(moved) + inside + moved.queued,
    }


def no_way() -> Got:
    """50 cars to a place that no road leads to."""
    table = trips(0, 2, evenly(0.5, 0.0, 100.0))
    moved = simulate(make_network([Street(0, 1), Street(2, 1)]), table, until_s=LATE_S)
    return {"arrived": arrived(moved), "stranded": int((moved.status == 2).sum()), "waiting": moved.queued}
