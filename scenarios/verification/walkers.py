"""Walkers on links against the tests of evacuation standards; a room is a node, a door or corridor a link.

Source: RiMEA guideline 4.1.1, annex 1; NIST Technical Note 1822; ISO 20414:2020; IMO MSC.1/Circ.1238 and 1533;
Weidmann (1993) for speeds under density.
"""

import numpy as np
import numpy.typing as npt

from agents.movement.simulate import Change, Moved
from agents.situation import Snow
from agents.travel import Travel
from scenarios.verification.building import (
    LATE_S,
    FloatArray,
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
    walk,
)
from scenarios.verification.small_town import evening, small_population
from twin.parameters import Value

FREE_MPS = 1.34
"""Weidmann's mean free speed."""

PEOPLE = 20_000


def corridor(length_m: float, speed_mps: float, start_s: float = 0.0, speed_factor: float = 1.0) -> Got:
    """One person on one link; stairs and slopes are a factor on the link's speed."""
    steep = Change(np.array([0], np.int32), 0.0, speed_factor=speed_factor)
    table = walk(0, 1, start_s, speed_mps)
    changes = [steep] if speed_factor < 1.0 else []
    moved = simulate(make_network([Street(0, 1, length_m, width_m=2.0)]), table, until_s=LATE_S, changes=changes)
    return {"time_s": float(moved.arrival_s[0]), "distance_m": float(moved.distance_m[0])}


def corner() -> Got:
    """20 people round a corner of two corridors of 12 m x 2 m: as long as on 24 m straight on."""
    start_s = 2.0 * np.arange(20)
    bent = simulate(
        make_network([Street(0, 1, 12.0, width_m=2.0), Street(1, 2, 12.0, width_m=2.0)]),
        walk(0, 2, start_s, 1.0), until_s=LATE_S,
    )  # fmt: skip
    return {"time_s": float((bent.arrival_s - start_s).mean()), "arrived": arrived(bent)}


def reactions() -> Got:
    """Ten people in a room of 8 m x 5 m with a door of 1 m who start after 10, 20, ... 100 s: error of a start."""
    start_s = 10.0 * np.arange(1, 11)
    table = walk(0, 2, start_s, 1.0)
    streets = [Street(0, 1, 8.0, width_m=5.0), Street(1, 2, 0.5, width_m=1.0)]
    moved = simulate(make_network(streets), table, until_s=LATE_S)
    return {"error_s": float(np.abs(travel_s(table, moved) - 8.5).max()), "arrived": arrived(moved)}


def _steady(moved: Moved, begin_s: float, end_s: float, area_m2: float) -> Got:
    """Density, flow through the end and mean speed on the first link, in a time without change."""
    here = (moved.count_time_s >= begin_s) & (moved.count_time_s <= end_s)
    density = float((moved.walked_in - moved.walked_out)[here, 0].mean()) / area_m2
    flow = float(flow_per_s(moved, moved.walked_out, begin_s, end_s)[0])
    return {"density_ppm2": density, "flow_ps": flow}


def flowing_density(density_ppm2: float, speed_mps: float) -> Got:
    """A corridor of 100 m x 10 m into which as many come as keep a density below capacity: its speed."""
    rate_ps = density_ppm2 * speed_mps * 10.0
    table = walk(0, 1, evenly(rate_ps, 0.0, 4000.0), FREE_MPS)
    moved = simulate(make_network([Street(0, 1, 100.0, width_m=10.0)]), table, until_s=4000.0, count_every_s=5.0)
    got = _steady(moved, 3000.0, 4000.0, 1000.0)
    times_s = travel_s(table, moved)
    late = np.isfinite(times_s) & (table.departure_s > 2900.0) & (table.departure_s < 3800.0)
    return {"density_ppm2": got["density_ppm2"], "speed_mps": 100.0 / float(times_s[late].mean())}


def crowded_density(flow_ppms: float) -> Got:
    """A corridor of 100 m x 10 m that a narrower one holds back to a flow a metre: its density and speed."""
    capacity_ppms = 1.2254
    width_m = 10.0 * flow_ppms / capacity_ppms
    network = make_network([Street(0, 1, 100.0, width_m=10.0), Street(1, 2, 50.0, width_m=width_m)])
    table = walk(0, 2, evenly(13.0, 0.0, 9000.0), FREE_MPS)
    moved = simulate(network, table, until_s=9000.0, count_every_s=20.0)
    got = _steady(moved, 8000.0, 9000.0, 1000.0)
    return {"density_ppm2": got["density_ppm2"], "speed_mps": got["flow_ps"] / got["density_ppm2"] / 10.0}


def greatest_density() -> Got:
    """As many as 6/m2 press into a corridor of 100 m x 10 m that ends at a shut door: who is let in, and moves."""
    shut = Change(np.array([1], np.int32), 0.0, capacity_factor=1e-9)
    network = make_network([Street(0, 1, 100.0, width_m=10.0), Street(1, 2, 0.5, width_m=1.0)])
    table = walk(0, 2, np.zeros(6000), FREE_MPS)
    moved = simulate(network, table, until_s=20_000.0, changes=[shut], count_every_s=1000.0)
    inside = float((moved.walked_in - moved.walked_out)[-1, 0])
    late_ps = flow_per_s(moved, moved.walked_in, 19_000.0, 20_000.0)[0]
    passed = float(moved.walked_out[-1, 0])
    return {
        "density_ppm2": inside / 1000.0,
        "flow_ppms": float(late_ps) / 10.0,
        "counted": inside + passed + moved.queued,
    }


def groups_of_ages() -> Got:
    """50 people of each of RiMEA's groups, with the speeds that scenarios give them, over 50 m."""
    people = small_population(PEOPLE)
    able = ~people.needs_support
    ages = {"young": (0, 30), "middle": (30, 51), "old": (51, 200)}
    groups = {name: able & (people.age >= least) & (people.age < below) for name, (least, below) in ages.items()}
    groups["support"] = people.needs_support
    got = {}
    for name, group in groups.items():
        speeds_mps = people.walking_speed_mps[np.flatnonzero(group)[:50]]
        table = walk(0, 1, 100.0 * np.arange(len(speeds_mps)), speeds_mps)
        moved = simulate(make_network([Street(0, 1, 50.0, width_m=10.0)]), table, until_s=LATE_S)
        seen_mps = 50.0 / travel_s(table, moved)
        got[f"{name}_mps"] = float(seen_mps.mean())
        got[f"{name}_apart"] = float(np.abs(seen_mps / speeds_mps - 1.0).max())
    return got


def three_storeys(speed_factor: float, width_m: float) -> Got:
    """150 people on three floors, stairs between them and a door: the last arrival."""
    streets = [
        Street(2, 1, 10.0, width_m=width_m),
        Street(1, 0, 10.0, width_m=width_m),
        Street(0, 3, 10.0, width_m=2.0),
    ]
    stairs = Change(np.array([0, 1], np.int32), 0.0, speed_factor=speed_factor)
    table = together(*(walk(floor, 3, np.zeros(50), FREE_MPS) for floor in range(3)))
    moved = simulate(make_network(streets), table, until_s=LATE_S, changes=[stairs])
    return {"last_s": float(moved.arrival_s.max()), "arrived": arrived(moved)}


def building_sensitivity() -> Got:
    """How the three-storey building's last arrival changes with each parameter: ratios to the reference."""
    plain = three_storeys(0.6, 1.2)
    return {
        "slower_stairs": three_storeys(0.3, 1.2)["last_s"] / plain["last_s"],
        "narrower_stairs": three_storeys(0.6, 0.6)["last_s"] / plain["last_s"],
        "arrived": plain["arrived"],
    }


def _hall(exits: int) -> tuple[TripTable, Moved]:
    """1000 people in the quarters of a hall of 30 m x 20 m with four doors of 1 m, of which some are open."""
    streets = [Street(quarter, 4 + quarter, 10.0, width_m=10.0) for quarter in range(4)]
    streets += [Street(4 + quarter, 8, 0.5, width_m=1.0) for quarter in range(4)]
    streets += [Street(4 + quarter, 4 + (quarter + 2) % 4, 15.0, width_m=10.0) for quarter in range(4)]
    shut = Change(np.arange(4 + exits, 8, dtype=np.int32), 0.0, is_closed=True)
    table = together(*(walk(quarter, 8, np.zeros(250), FREE_MPS) for quarter in range(4)))
    return table, simulate(make_network(streets), table, until_s=LATE_S, changes=[shut] if exits < 4 else [])


def four_exits_then_two() -> Got:
    """Last arrival with two doors over that with four; people through the least used of four doors."""
    four, two = _hall(4)[1], _hall(2)[1]
    return {
        "ratio": float(two.arrival_s.max() / four.arrival_s.max()),
        "least_used": float(four.walked_out[-1, 4:8].min()),
        "arrived": arrived(four) + arrived(two),
    }


def bottleneck_corridor() -> Got:
    """150 people: a room, a corridor 1 m wide, a room, an exit 1 m wide; people waiting before each, and flows.

    Flows are those between the first and the last decile of passages, without start and end.
    """
    streets = [Street(0, 1, 5.0, width_m=10.0), Street(1, 2, 5.0, width_m=1.0), Street(2, 3, 5.0, width_m=10.0),
               Street(3, 4, 1.0, width_m=1.0)]  # fmt: skip
    moved = simulate(make_network(streets), walk(0, 4, np.zeros(150), FREE_MPS), until_s=300.0, count_every_s=0.1)
    into_ps, out_ps = _between_deciles_ps(moved, moved.walked_in, 1), _between_deciles_ps(moved, moved.walked_out, 3)
    inside = moved.walked_in - moved.walked_out
    return {
        "before_corridor": float(inside[:, 0].max()),
        "before_exit": float(inside[:, 2].max()) - into_ps * 5.0 / FREE_MPS,
        "bottleneck_ps": into_ps,
        "last_ps": out_ps,
        "difference_ps": into_ps - out_ps,
        "arrived": arrived(moved),
    }


def _between_deciles_ps(moved: Moved, passed: npt.NDArray[np.int64], link: int) -> float:
    """Flow past one end of a link between the first and the last tenth of those who passed."""
    people = int(passed[-1, link])
    first, last = people // 10, people - people // 10
    begin_s, end_s = moved.count_time_s[np.searchsorted(passed[:, link], (first, last))]
    return float((last - first) / (end_s - begin_s))


def stairs_after_corridor(speed_factor: float) -> Got:
    """150 people in a room of 8 m x 5 m, a corridor of 12 m x 2 m, then stairs: flow into each, jams before each.

    The corridor is four links long, so that the jam at its end is not felt at its beginning before it is there.
    """
    corridor = [Street(node, node + 1, 3.0, width_m=2.0) for node in range(1, 5)]
    streets = [Street(0, 1, 8.0, width_m=5.0), *corridor, Street(5, 6, 12.0, width_m=2.0)]
    slow = Change(np.array([5], np.int32), 0.0, speed_factor=speed_factor)
    table = walk(0, 6, np.zeros(150), FREE_MPS)
    moved = simulate(make_network(streets), table, until_s=600.0, changes=[slow], count_every_s=0.1)
    inside = (moved.walked_in - moved.walked_out).max(axis=0)
    into_ps, out_ps = _between_deciles_ps(moved, moved.walked_in, 1), _between_deciles_ps(moved, moved.walked_out, 5)
    return {
        "corridor_ps": into_ps,
        "difference_ps": into_ps - out_ps,
        "room_ppm2": float(inside[0]) / 40.0,
        "foot_ppm2": float(inside[4]) / 6.0,
        "arrived": arrived(moved),
    }


def stair_flow(speed_factor: float, width_m: float) -> Got:
    """1000 people from a room onto stairs of 10 m: flow on them for each metre of width."""
    streets = [Street(0, 1, 8.0, width_m=5.0), Street(1, 2, 10.0, width_m=width_m)]
    slow = Change(np.array([1], np.int32), 0.0, speed_factor=speed_factor)
    table = walk(0, 2, np.zeros(1000), FREE_MPS)
    moved = simulate(make_network(streets), table, until_s=LATE_S, changes=[slow])
    first_s, last_s = np.sort(moved.arrival_s)[[100, 900]]
    return {"flow_ppms": 800.0 / float(last_s - first_s) / width_m, "arrived": arrived(moved)}


def door(people: int, width_m: float) -> Got:
    """People in a room of 8 m x 5 m with one door: largest flow over any 10 s, and mean flow, per metre."""
    streets = [Street(0, 1, 4.0, width_m=5.0), Street(1, 2, 0.5, width_m=width_m)]
    moved = simulate(make_network(streets), walk(0, 2, np.zeros(people), FREE_MPS), until_s=LATE_S)
    out_s = np.sort(moved.arrival_s)
    ends = np.searchsorted(out_s, out_s + 10.0 - 1e-6)
    return {
        "most_ppms": float((ends - np.arange(people)).max()) / 10.0 / width_m,
        "mean_ppms": (people - 1) / float(out_s[-1] - out_s[0]) / width_m,
        "arrived": arrived(moved),
    }


def overtaking() -> Got:
    """A fast walker sets out 10 s behind ten slow ones in a corridor of 2 m: both keep their own speed."""
    table = together(walk(0, 1, 2.0 * np.arange(10), 0.5), walk(0, 1, 30.0, 1.5))
    moved = simulate(make_network([Street(0, 1, 100.0, width_m=2.0)]), table, until_s=LATE_S)
    times_s = travel_s(table, moved)
    return {
        "fast_s": float(times_s[-1]),
        "slow_s": float(times_s[:-1].max()),
        "overtaken": float((moved.arrival_s[:-1] > moved.arrival_s[-1]).sum()),
    }


def household_walks_together() -> Got:
    """The household with most unlike speeds and nobody carried, and one alone as fast as its fastest, over 100 m."""
    world = evening(PEOPLE, 3600.0, {}).world
    people, travel = world.population, Travel(world)
    start = people.household_start
    slowest_mps = np.minimum.reduceat(people.walking_speed_mps, start[:-1])
    fastest_mps = np.maximum.reduceat(people.walking_speed_mps, start[:-1])
    on_foot = ~np.logical_or.reduceat(np.array(world.is_carried), start[:-1])
    row = int(np.argmax(np.where(on_foot, fastest_mps - slowest_mps, 0.0)))
    members = np.arange(start[row], start[row + 1], dtype=np.int64)
    table = together(walk(0, 1, 0.0, travel.walking_speed_mps(members)), walk(0, 1, 0.0, fastest_mps[row]))
    moved = simulate(make_network([Street(0, 1, 100.0, width_m=5.0)]), table, until_s=LATE_S)
    return {
        "party": float(moved.arrival_s[0] * slowest_mps[row] / 100.0),
        "other": float(moved.arrival_s[1] * fastest_mps[row] / 100.0),
        "unlike": float(fastest_mps[row] / slowest_mps[row]),
    }


def darkness_and_snow() -> Got:
    """One person by day, by night, in a night of shallow snow, by the scenarios' own code: speeds over the own."""
    changed: dict[str, Value] = {"walking.night_factor": 0.8, "walking.snow_factor": (1.0, 0.85, 0.5)}
    weathers = {"day": (False, Snow.NONE), "night": (True, Snow.NONE), "snow_night": (True, Snow.SHALLOW)}
    times_s = {}
    for name, (night, snow) in weathers.items():
        world = evening(PEOPLE, 3600.0, changed, night=night, snow=snow).world
        table = walk(0, 1, 0.0, Travel(world).walking_speed_mps(np.array([0])))
        times_s[name] = float(simulate(make_network([Street(0, 1, 100.0)]), table, until_s=LATE_S).arrival_s[0])
    own_s = 100.0 / float(small_population(PEOPLE).walking_speed_mps[0])
    return {name: own_s / time_s for name, time_s in times_s.items()}


def _two_doors(informed_share: float) -> Moved:
    """1000 people on the left of a hall of 30 m x 20 m: a door of 1 m after 5 m, another after 25 m."""
    streets = [Street(0, 1, 5.0, width_m=20.0), Street(1, 3, 0.5, width_m=1.0),
               Street(0, 2, 25.0, width_m=20.0), Street(2, 3, 0.5, width_m=1.0)]  # fmt: skip
    table = walk(0, 3, np.zeros(1000), FREE_MPS)
    return simulate(
        make_network(streets), table, until_s=900.0, reroute_s=10.0, informed_share=informed_share, seed=1,
        count_every_s=1.0,
    )  # fmt: skip


def choice_of_exits() -> Got:
    """Who takes which door, where nobody, half and all look about every 10 s; the crowd before the near one."""
    none, half, everybody = (_two_doors(share) for share in (0.0, 0.5, 1.0))
    near = float(half.walked_out[-1, 1])
    return {
        "near": near,
        "far": float(half.walked_out[-1, 3]),
        "crowd_ppm2": float((half.walked_in - half.walked_out)[:, 0].max()) / 100.0,
        "near_ps": near / float(half.arrival_s.max() - 5.5 / FREE_MPS),
        "far_uninformed": float(none.walked_out[-1, 3]),
        "far_all": float(everybody.walked_out[-1, 3]),
        "ratio": float(half.arrival_s.max() / none.arrival_s.max()),
        "arrived": arrived(none) + arrived(half) + arrived(everybody),
    }


def _walked(density_of: FloatArray, width_m: float) -> Moved:
    streets = [Street(0, 1, 200.0, width_m=width_m), Street(1, 2, 200.0, width_m=width_m)]
    return simulate(make_network(streets), walk(0, 2, density_of, FREE_MPS), until_s=5000.0, count_every_s=10.0)


def conserved() -> Got:
    """400 people press through a narrow way: at each time, those on links, those arrived and those to come add up."""
    moved = _walked(evenly(3.0, 0.0, 400.0 / 3.0), 1.5)
    inside = moved.walked_in - moved.walked_out
    passed = counts_at(moved, moved.walked_out, 5000.0)
    return {
        "negative": float((inside < 0).sum()),
        "overfull": float((inside > 5.4 * 200.0 * 1.5 + 1e-6).sum()),
        "passed": float(passed[1]),
        "arrived": arrived(moved),
    }


def wider_is_never_slower() -> Got:
    """Mean arrival of the same people over a way of 1, 2 and 4 m: each over the one before, the larger."""
    means_s = [float(_walked(evenly(2.0, 0.0, 200.0), width_m).arrival_s.mean()) for width_m in (1.0, 2.0, 4.0)]
    return {"worst": max(means_s[1] / means_s[0], means_s[2] / means_s[1]), "best": means_s[1] / means_s[0]}
