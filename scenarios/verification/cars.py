"""Cars on a road against kinematic wave theory: free flow, capacity, bottlenecks, shocks, changes at times.

Source of the closed forms: Newell (1993), "A simplified theory of kinematic waves in highway traffic", parts I-III.
"""

import numpy as np

from agents.movement.simulate import Change, Moved
from scenarios.verification.building import (
    FLOW_VPS,
    LATE_S,
    SPEED_MPS,
    Got,
    Street,
    TripTable,
    arrived,
    counts_at,
    evenly,
    flow_per_s,
    make_network,
    simulate,
    together,
    travel_s,
    trips,
)

FREE_S = 50.0
"""Free time over 1 km."""

NARROW = Street(0, 1, capacity_vps=0.5, in_capacity_vps=0.5)
"""A road of 0.5/s at its entrance as at its exit."""

WIDE = 10.0
"""Lanes where single cars would blur a shock."""


def free_flow() -> Got:
    """Demand 0.5/s for 500 s over 1 km."""
    network, table = make_network([Street(0, 1)]), trips(0, 1, evenly(0.5, 0.0, 500.0))
    moved = simulate(network, table, until_s=LATE_S, count_every_s=None)
    half = simulate(network, table, until_s=300.0)
    times_s = travel_s(table, moved)
    return {
        "slowest_s": float(times_s.max()),
        "cars": arrived(moved),
        "total_s": float(times_s.sum()),
        "density_vpkm": float((half.entered - half.left)[-1, 0]),
    }


def saturated() -> Got:
    """Demand 2/s for 500 s over 1 km of 0.8/s."""
    table = trips(0, 1, evenly(2.0, 0.0, 500.0))
    moved = simulate(make_network([Street(0, 1)]), table, until_s=500.0, count_every_s=10.0)
    late = moved.count_time_s >= 100.0
    density_vpm = float((moved.entered - moved.left)[late, 0].mean()) / 1000.0
    flow_vps = float(flow_per_s(moved, moved.left, 100.0, 500.0)[0])
    return {
        "flow_vps": flow_vps,
        "density_vpkm": 1000.0 * density_vpm,
        "speed_mps": flow_vps / density_vpm,
        "done": arrived(moved),
        "running": float((moved.entered - moved.left)[-1, 0]),
        "waiting": moved.queued,
        "counted": arrived(moved) + moved.queued + float((moved.entered - moved.left)[-1, 0]),
    }


def _queue_of(approach: float, table: TripTable, streets: list[Street], last: int) -> Got:
    """Delays, and the largest number of cars held back by the bottleneck, for which the last link counts entries."""
    moved = simulate(make_network(streets), table, until_s=2000.0, count_every_s=1.0)
    delays_s = travel_s(table, moved) - FREE_S * len(streets)
    due = np.searchsorted(table.departure_s + approach, moved.count_time_s - 1e-9)
    return {
        "cars": arrived(moved),
        "queue": float((due - moved.entered[:, last]).max()),
        "clear_s": float(np.nanmax(moved.arrival_s)) - FREE_S * len(streets),
        "delay_s": float(delays_s.mean()),
        "total_s": float(delays_s.sum()),
    }


def bottleneck_at_home() -> Got:
    """Demand 0.8/s for 600 s into a road of 0.5/s: the queue stands at the origin."""
    return _queue_of(0.0, trips(0, 1, evenly(0.8, 0.0, 600.0)), [NARROW], 0)


def bottleneck_on_the_way() -> Got:
    """The same queue on 5 km of approach that it does not fill."""
    streets = [Street(0, 1, length_m=5000.0), Street(1, 2, capacity_vps=0.5, in_capacity_vps=0.5)]
    table = trips(0, 2, evenly(0.8, 0.0, 600.0))
    got = _queue_of(5.0 * FREE_S, table, streets, 1)
    more_s = 4.0 * FREE_S
    return {
        **got,
        "clear_s": got["clear_s"] - more_s,
        "delay_s": got["delay_s"] - more_s,
        "total_s": got["total_s"] - more_s * got["cars"],
    }


def two_rates() -> Got:
    """Demand 0.8/s for 300 s, then 0.2/s for 600 s, into a road of 0.5/s."""
    table = together(trips(0, 1, evenly(0.8, 0.0, 300.0)), trips(0, 1, evenly(0.2, 300.0, 900.0)))
    moved = simulate(make_network([NARROW]), table, until_s=LATE_S)
    delays_s = travel_s(table, moved) - FREE_S
    held = delays_s > 1.0
    return {
        "total_s": float(delays_s.sum()),
        "clear_s": float(table.departure_s[held].max()),
        "longest_s": float(delays_s.max()),
    }


def _turn_s(moved: Moved, link: int, late_s: float, before_vps: float, after_vps: float) -> float:
    """When the flow into a link fell from one rate to another, from its count at a late time alone.

    The car of the first entry comes ``first_s`` after 0: N(late) = before (T - first) + after (late - T).
    """
    entered = moved.entered[:, link]
    late = float(counts_at(moved, moved.entered, late_s)[link])
    early_s = float(moved.count_time_s[entered > 0][0])
    first_s = early_s - float(entered[entered > 0][0] - 1) / before_vps
    return (late - after_vps * late_s + before_vps * first_s) / (before_vps - after_vps)


def shock(arrivals_vps: float) -> Got:
    """Behind an exit of 0.4/s on 1 km: when the queue's tail leaves the road, how dense the queue is."""
    streets = [Street(node, node + 1, 100.0, lanes=WIDE) for node in range(9)]
    streets.append(Street(9, 10, 100.0, capacity_vps=0.4, lanes=WIDE))
    table = trips(0, 10, evenly(arrivals_vps * WIDE, 0.0, 1200.0))
    moved = simulate(make_network(streets), table, until_s=1000.0, count_every_s=0.5)
    turns_s = [_turn_s(moved, link, 950.0, arrivals_vps * WIDE, 0.4 * WIDE) for link in range(10)]
    span_s = turns_s[9] - turns_s[1]
    return {
        "tail_s": turns_s[0] - FREE_S,
        "speed_mps": 800.0 / span_s if span_s else np.nan,
        "density_vpkm": float((moved.entered - moved.left)[-1, :10].sum()) / WIDE,
    }


def three_links() -> Got:
    """1 km each, exit of the second 0.4/s; 0.8/s for 400 s, 0.4/s for 400 s, then 0.1/s: seen at 2000 s."""
    streets = [Street(0, 1), Street(1, 2, capacity_vps=0.4), Street(2, 3)]
    begins, rates = (0.0, 400.0, 800.0, 2000.0), (0.8, 0.4, 0.1)
    parts = [trips(0, 3, evenly(rate, begins[row], begins[row + 1])) for row, rate in enumerate(rates)]
    table, network = together(*parts), make_network(streets)
    moved, whole = simulate(network, table, until_s=2000.0), simulate(network, table, until_s=LATE_S)
    return {
        "cars": len(table.departure_s),
        "done": arrived(moved),
        "delay_s": float(np.mean(travel_s(table, whole))) - 3.0 * FREE_S,
    }


def spillback_chain() -> Got:
    """Three links of 500 m before an exit of 0.4/s: when the queue reaches each link's entrance."""
    streets = [Street(node, node + 1, 500.0, lanes=WIDE) for node in range(2)]
    streets.append(Street(2, 3, 500.0, capacity_vps=0.4, lanes=WIDE))
    table = trips(0, 3, evenly(FLOW_VPS * WIDE, 0.0, 1500.0))
    moved = simulate(make_network(streets), table, until_s=1000.0, count_every_s=0.5)
    turns_s = [_turn_s(moved, link, 950.0, FLOW_VPS * WIDE, 0.4 * WIDE) for link in (2, 1, 0)]
    return {f"reached_{row}_s": turn_s for row, turn_s in enumerate(turns_s, 1)}


def recovery() -> Got:
    """A queue on 1 km behind an exit of 0.4/s that opens at 600 s."""
    table = trips(0, 1, evenly(FLOW_VPS * WIDE, 0.0, 1500.0))
    jam = Change(np.array([0], np.int32), 0.0, 600.0, capacity_factor=0.5)
    moved = simulate(make_network([Street(0, 1, lanes=WIDE)]), table, until_s=1200.0, changes=[jam], count_every_s=0.5)
    opened = flow_per_s(moved, moved.left, 605.0, 795.0)[0]
    before = flow_per_s(moved, moved.entered, 500.0, 600.0)[0]
    # N(1000) = N(700) + 0.4 (T - 700) + 0.8 (1000 - T), of which T follows.
    gained = float((counts_at(moved, moved.entered, 1000.0) - counts_at(moved, moved.entered, 700.0))[0]) / WIDE
    turn_s = (gained + 0.4 * 700.0 - FLOW_VPS * 1000.0) / (0.4 - FLOW_VPS)
    after = flow_per_s(moved, moved.entered, 850.0, 1000.0)[0]
    return {
        "before_vps": before / WIDE,
        "discharge_vps": opened / WIDE,
        "wave_s": turn_s - 600.0,
        "after_vps": after / WIDE,
    }


def capacity_drop() -> Got:
    """Demand 0.6/s for 900 s; capacity 0.8/s, but 0.3/s at its exit for 300 s."""
    table = trips(0, 1, evenly(0.6, 0.0, 900.0))
    drop = Change(np.array([0], np.int32), 300.0 + FREE_S, 600.0 + FREE_S, capacity_factor=0.375)
    moved = simulate(make_network([Street(0, 1)]), table, until_s=LATE_S, changes=[drop])
    delays_s = travel_s(table, moved) - FREE_S
    return {
        "delay_s": float(delays_s.mean()),
        "longest_s": float(delays_s.max()),
        "last_s": float(moved.arrival_s.max()),
    }


def contraflow() -> Got:
    """A queue before a road of 0.4/s whose capacity is doubled at 300 s."""
    streets = [Street(0, 1, capacity_vps=0.4, lanes=WIDE)]
    table = trips(0, 1, np.zeros(4000))
    wider = Change(np.array([0], np.int32), 300.0, capacity_factor=2.0)
    moved = simulate(make_network(streets), table, until_s=LATE_S, changes=[wider])
    done_s = np.sort(moved.arrival_s)
    return {
        "before_vps": float(np.searchsorted(done_s, 300.0) / (300.0 - FREE_S)) / WIDE,
        "last_s": float(done_s[-1]),
    }


def slow_road() -> Got:
    """Speed halved for who enters from 100 to 200 s, and given back after."""
    table = trips(0, 1, evenly(0.1, 0.0, 400.0))
    slow = Change(np.array([0], np.int32), 100.0, 200.0, speed_factor=0.5)
    moved = simulate(make_network([Street(0, 1)]), table, until_s=LATE_S, changes=[slow])
    times_s, start_s = travel_s(table, moved), table.departure_s
    return {
        "before_s": float(times_s[start_s < 100.0].mean()),
        "during_s": float(times_s[(start_s >= 100.0) & (start_s < 200.0)].mean()),
        "after_s": float(times_s[start_s >= 260.0].mean()),
        "gap_s": float(np.diff(moved.arrival_s).min()),
    }


def standing_jam() -> Got:
    """A road whose exit lets next to nobody through fills to the jam density, and nobody is lost."""
    table = trips(0, 2, evenly(0.8, 0.0, 1500.0))
    shut = Change(np.array([1], np.int32), 0.0, capacity_factor=1e-9)
    moved = simulate(make_network([Street(0, 1), Street(1, 2)]), table, until_s=1500.0, changes=[shut])
    held = moved.entered[-1] - moved.left[-1]
    return {"density_vpkm": float(held[0]), "counted": float(held.sum()) + moved.queued + arrived(moved)}


def littles_law() -> Got:
    """Mean number of cars in a queueing network over flow times time spent, over all cars."""
    streets = [Street(0, 2), Street(1, 2), Street(2, 3, capacity_vps=0.6), Street(3, 4, 500.0)]
    table = together(trips(0, 4, evenly(0.4, 0.0, 600.0)), trips(1, 4, evenly(0.35, 5.0, 605.0)))
    moved = simulate(make_network(streets), table, until_s=2000.0, count_every_s=0.5)
    number = float((moved.entered - moved.left).sum(axis=1).mean())
    return {"ratio": number * 2000.0 / float(travel_s(table, moved).sum()), "cars": arrived(moved)}


def first_in_first_out() -> Got:
    """How many of 600 cars through a queue on two links overtook another."""
    streets = [Street(0, 1), Street(1, 2, capacity_vps=0.5)]
    table = trips(0, 2, evenly(0.8, 0.0, 750.0))
    moved = simulate(make_network(streets), table, until_s=LATE_S)
    return {"overtakings": int((np.diff(moved.arrival_s) < 0.0).sum()), "cars": arrived(moved)}


def clearance_of_a_tree() -> Got:
    """100 cars from each of six homes over three branches into a trunk of 0.8/s: the trunk never idles."""
    streets = [Street(home, 6 + home % 3, 200.0 + 50.0 * home) for home in range(6)]
    streets += [Street(6 + branch, 9, 500.0) for branch in range(3)] + [Street(9, 10)]
    table = together(*(trips(home, 10, np.zeros(100)) for home in range(6)))
    moved = simulate(make_network(streets), table, until_s=LATE_S)
    nearest_s = (200.0 + 500.0 + 1000.0) / SPEED_MPS
    return {"last_s": float(moved.arrival_s.max()) - nearest_s, "cars": arrived(moved)}
