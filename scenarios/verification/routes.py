"""Which way people take: shortest ways, information, closures, assigned destinations."""

import numpy as np

from agents.movement.simulate import Change, Moved
from scenarios.verification.building import (
    LATE_S,
    FloatArray,
    Got,
    Street,
    arrived,
    evenly,
    make_network,
    simulate,
    together,
    travel_s,
    trips,
    walk,
)

TWO_WAYS = [
    Street(0, 1, 200.0, lanes=3.0),
    Street(1, 2, 500.0), Street(2, 4, 500.0, capacity_vps=0.4),
    Street(1, 3, 500.0), Street(3, 4, 500.0, capacity_vps=0.4),
]  # fmt: skip
"""Two ways of equal length from 0 over 1 to 4; each lets 0.4/s through."""


def _share(moved: Moved, links: tuple[int, ...]) -> FloatArray:
    entered = moved.entered[-1, list(links)].astype(np.float64)
    return np.asarray(entered / max(1.0, entered.sum()))


def equal_routes(informed_share: float) -> Got:
    """0.6/s for two hours over two equal ways, re-planned every 60 s by those who are informed.

    Informed, all who come to the fork take the way that was last the quicker, so the ways alternate. While a way is
    taken its delay grows by 0.6 / 0.4 - 1 = 0.5 s/s; it is taken again at the first re-planning after the other's queue
    has gone, 240 s later. From the fork's 10 s to 7210 s the first has 110 + 14 * 240 + 190 of 7200 s.
    """
    table = trips(0, 4, evenly(0.6, 0.0, 7200.0))
    moved = simulate(
        make_network(TWO_WAYS), table, until_s=28_800.0, reroute_s=60.0, informed_share=informed_share, seed=1
    )
    shares = _share(moved, (1, 3))
    return {"first_share": float(shares[0]), "second_share": float(shares[1]), "arrived": arrived(moved)}


def free_equal_routes() -> Got:
    """UXsim's two equal ways of 100 s, 0.8/s for 1500 s: each alone carries all of it, so that nobody ever waits."""
    streets = [Street(0, 1), Street(1, 3), Street(0, 2), Street(2, 3)]
    table = trips(0, 3, evenly(0.8, 0.0, 1500.0))
    moved = simulate(make_network(streets), table, until_s=4000.0, reroute_s=100.0)
    times_s = travel_s(table, moved)
    return {
        "first_share": float(_share(moved, (0, 2))[0]),
        "mean_s": float(times_s.mean()),
        "slowest_s": float(times_s.max()),
        "arrived": arrived(moved),
    }


def longer_route() -> Got:
    """The same demand before a way of 0.4/s, on which at most 900 s are lost; the second way is longer by 1500 s."""
    streets = [
        Street(0, 1, 200.0, lanes=3.0), Street(1, 2, 500.0, capacity_vps=0.4),
        Street(1, 3, 30_000.0), Street(3, 2, 500.0),
    ]  # fmt: skip
    table = trips(0, 2, evenly(0.6, 0.0, 1800.0))
    moved = simulate(make_network(streets), table, until_s=14_400.0, reroute_s=60.0)
    return {"longer_share": float(_share(moved, (1, 2))[1]), "arrived": arrived(moved)}


def short_and_long(informed_share: float) -> Got:
    """A short way of 0.4/s and a free one longer by 50 s, demand 0.8/s for an hour: the share on the longer way.

    Informed, all take the short way while its last cars lost less than 50 s. Its delay grows by 0.8 / 0.4 - 1 = 1 s/s,
    which is told when the delayed have come through: at 180 s of a cycle. It is taken again at the first re-planning
    after the last of its queue is out, 180 + 50 + 180 s, and a minute in which nobody passed: at 480 s. From the
    fork's 10 s to 3610 s the short way has 170 + 7 * 180 of 3600 s. (In equilibrium, foreseeing, it would have
    (40 + 1420) / 2880 of the cars: information that is late overshoots.)
    """
    streets = [
        Street(0, 1, 200.0, lanes=3.0), Street(1, 2, 500.0), Street(2, 4, 500.0, capacity_vps=0.4),
        Street(1, 3, 1500.0), Street(3, 4, 500.0), Street(4, 5, 100.0, lanes=3.0),
    ]  # fmt: skip
    table = trips(0, 5, evenly(0.8, 0.0, 3600.0))
    moved = simulate(
        make_network(streets), table, until_s=14_400.0, reroute_s=60.0, informed_share=informed_share, seed=1
    )
    return {"longer_share": float(_share(moved, (1, 3))[1]), "mean_s": float(travel_s(table, moved).mean())}


def information_helps() -> Got:
    """Mean travel time where everybody knows of queues over that where nobody does."""
    return {"ratio": short_and_long(1.0)["mean_s"] / short_and_long(0.0)["mean_s"]}


def closed_exit() -> Got:
    """Two ways out, of which the nearer is closed from the start: users of each, and who arrived."""
    streets = [Street(0, 1, 40.0), Street(1, 3, 10.0), Street(0, 2, 60.0), Street(2, 3, 10.0)]
    table = walk(0, 3, np.zeros(100), 1.0)
    shut = Change(np.array([1], np.int32), 0.0, is_closed=True)
    moved = simulate(make_network(streets), table, until_s=LATE_S, changes=[shut])
    return {"closed": float(moved.walked_in[-1, 1]), "other": float(moved.walked_in[-1, 3]), "arrived": arrived(moved)}


def closed_on_the_way() -> Got:
    """The nearer of two ways closes at 100 s; who has not reached the fork goes round, nobody is lost."""
    streets = [Street(0, 1), Street(1, 2, 400.0), Street(1, 3, 600.0), Street(3, 2, 200.0)]
    table = trips(0, 2, evenly(0.2, 0.0, 200.0))
    shut = Change(np.array([1], np.int32), 101.0, is_closed=True)
    moved = simulate(make_network(streets), table, until_s=LATE_S, changes=[shut])
    times_s = travel_s(table, moved)
    return {
        "straight": float((np.abs(times_s - 70.0) < 0.5).sum()),
        "round": float((np.abs(times_s - 90.0) < 0.5).sum()),
        "entered": float(moved.entered[-1, 1]),
        "stranded": float((moved.status == 2).sum()),
    }


def closed_for_a_time() -> Got:
    """The only way closes from 100 to 200 s: who comes to it then is stranded, who comes after passes."""
    table = trips(0, 2, evenly(0.1, 0.0, 300.0))
    shut = Change(np.array([1], np.int32), 100.5, 200.5, is_closed=True)
    moved = simulate(make_network([Street(0, 1), Street(1, 2)]), table, until_s=LATE_S, changes=[shut])
    return {"stranded": float((moved.status == 2).sum()), "arrived": arrived(moved)}


def assigned_exits() -> Got:
    """23 people in 12 rooms along a corridor, 4 of the rooms assigned to the second exit (RiMEA 10, IMO 10)."""
    main, second = 13, 14
    streets = [Street(room, 12, 5.0 + room) for room in range(12)]
    streets += [Street(12, main, 20.0), Street(12, second, 60.0)]
    rooms = np.arange(23) % 12
    to_second = np.isin(rooms, (4, 5, 10, 11))
    tables = [walk(int(room), second if is_second else main, 0.0, 1.0)
              for room, is_second in zip(rooms, to_second, strict=True)]  # fmt: skip
    moved = simulate(make_network(streets), together(*tables), until_s=LATE_S)
    return {
        "main": float(moved.walked_in[-1, 12]),
        "second": float(moved.walked_in[-1, 13]),
        "arrived": arrived(moved),
    }


def nobody_there() -> Got:
    """Closing a road that nobody uses, and a traveller who meets nobody: largest change of any other's arrival."""
    streets = [Street(0, 1), Street(1, 2, capacity_vps=0.5), Street(0, 2, 9000.0), Street(3, 4)]
    network, table = make_network(streets), trips(0, 2, evenly(0.8, 0.0, 300.0))
    plain = simulate(network, table, until_s=LATE_S).arrival_s
    shut = Change(np.array([2, 3], np.int32), 60.0, is_closed=True)
    closed = simulate(network, table, until_s=LATE_S, changes=[shut]).arrival_s
    more = simulate(network, together(trips(3, 4, 30.0), table), until_s=LATE_S).arrival_s[1:]
    return {"closed_s": float(np.abs(closed - plain).max()), "traveller_s": float(np.abs(more - plain).max())}


def same_again() -> Got:
    """A queueing network turned about, renamed, in another order, looked at more often: largest change of arrival."""
    streets = [Street(0, 2, 300.0), Street(1, 2, 300.0), Street(2, 3, 300.0, capacity_vps=0.5), Street(3, 4, 300.0)]
    table = together(trips(0, 4, evenly(0.4, 0.0, 300.0)), trips(1, 4, evenly(0.3, 1.0, 301.0)))
    plain = simulate(make_network(streets), table, until_s=LATE_S).arrival_s
    turned = simulate(make_network(streets, turned_rad=1.0), table, until_s=LATE_S).arrival_s
    picked = make_network(streets).picked(np.array([3, 1, 0, 2]))
    shuffled = simulate(picked, table, until_s=LATE_S).arrival_s
    watched = simulate(make_network(streets), table, until_s=3000.0, count_every_s=0.7).arrival_s
    return {
        "turned_s": float(np.abs(turned - plain).max()),
        "order_s": float(np.abs(shuffled - plain).max()),
        "windows_s": float(np.abs(watched - plain).max()),
    }


def ten_percent() -> Got:
    """A queueing tree with all people and lanes, and with a tenth of both: time of the 90 % over the same."""
    last_s = []
    for scale in (10.0, 1.0):
        streets = [Street(home, 4, 400.0 + 100.0 * home, lanes=scale) for home in range(4)] + [
            Street(4, 5, lanes=scale)
        ]
        parts = [trips(home, 5, evenly(0.3 * scale, 0.0, 600.0)) for home in range(4)]
        moved = simulate(make_network(streets), together(*parts), until_s=LATE_S)
        last_s.append(float(np.quantile(moved.arrival_s, 0.9)))
    return {"ratio": last_s[1] / last_s[0]}


def more_capacity_never_worse() -> Got:
    """On a tree, mean arrival with each capacity in turn raised by half, over that before: the largest."""
    capacities = [0.4, 0.3, 0.5, 0.5, 0.45]
    ends = [(0, 2), (1, 2), (2, 4), (3, 4), (4, 5)]
    parts = [trips(home, 5, evenly(0.3, 0.0, 600.0)) for home in (0, 1, 3)]

    def mean_s(raised: int) -> float:
        streets = [
            Street(*pair, 300.0, capacity_vps=capacities[row] * (1.5 if row == raised else 1.0))
            for row, pair in enumerate(ends)
        ]
        return float(simulate(make_network(streets), together(*parts), until_s=LATE_S).arrival_s.mean())

    plain_s = mean_s(-1)
    ratios = [mean_s(row) / plain_s for row in range(len(ends))]
    return {"worst": max(ratios), "best": min(ratios)}


def undisturbed_crossing() -> Got:
    """Two streams of 0.3/s that cross on roads of 0.8/s: nobody waits."""
    streets = [Street(0, 2), Street(1, 2), Street(2, 3), Street(2, 4)]
    table = together(trips(0, 3, evenly(0.3, 0.0, 600.0)), trips(1, 4, evenly(0.3, 0.0, 600.0)))
    moved = simulate(make_network(streets), table, until_s=LATE_S)
    return {"delay_s": float(travel_s(table, moved).max()) - 2000.0 / 20.0}
