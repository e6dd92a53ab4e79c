"""Expected values of the table that are no plain formula, computed here by other means than the engine's."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import poisson

from agents.movement.simulate import simulate
from scenarios.verification.building import Street, evenly, make_network, trips
from scenarios.verification.catalogue import read_trials

Way = tuple[float, float]
"""Free time in s and capacity in vehicles/s of a way that is a queue at its end."""


def expected(trial: str, key: str) -> float:
    """What the table expects."""
    (row,) = (row for one in read_trials() if one.id == trial for row in one.expected if row.key == key)
    assert row.equals is not None
    return row.equals


def late_by(way: Way, entered_s: Sequence[float], out_s: Sequence[float], now_s: float, step_s: float) -> float:
    """Time of a way as told: the mean of those out in the last interval, no less than the first still in has lost."""
    out, entered = np.array(out_s), np.array(entered_s)
    told = out - entered
    lately, inside = (out >= now_s - step_s) & (out < now_s), out >= now_s
    mean_s = float(told[lately].mean()) if lately.any() else way[0]
    return max(mean_s, now_s - float(entered[inside].min())) if inside.any() else mean_s


def first_share(ways: tuple[Way, Way], demand_vps: float, end_s: float, step_s: float, fork_s: float) -> float:
    """Share of the first way, if all take the one last told to be quicker, the first if alike.

    Each way is Lindley's recursion: out no sooner than the free time, nor 1 / capacity behind the one before.
    """
    entered: list[list[float]] = [[], []]
    out: list[list[float]] = [[], []]
    taken, interval = int(ways[1][0] < ways[0][0]), 0
    for time_s in fork_s + evenly(demand_vps, 0.0, end_s):
        if time_s // step_s > interval:
            interval = int(time_s // step_s)
            told_s = [late_by(ways[way], entered[way], out[way], interval * step_s, step_s) for way in (0, 1)]
            taken = int(told_s[1] < told_s[0] - 1e-6)
        free_s, capacity_vps = ways[taken]
        before_s = out[taken][-1] if out[taken] else -np.inf
        entered[taken].append(time_s)
        out[taken].append(max(time_s + free_s, before_s + 1.0 / capacity_vps))
    return len(out[0]) / (len(out[0]) + len(out[1]))


def test_alternating_ways_are_as_expected() -> None:
    """The shares of K11 and RiMEA 14 with information follow from two queues and late news alone."""
    equal = first_share(((50.0, 0.4), (50.0, 0.4)), 0.6, 7200.0, 60.0, 10.0)
    assert equal == pytest.approx(expected("K11a", "first_share"), abs=1e-3)
    longer = 1.0 - first_share(((50.0, 0.4), (100.0, 0.8)), 0.8, 3600.0, 60.0, 10.0)
    assert longer == pytest.approx(expected("RiMEA14b", "longer_share"), abs=1e-3)


@pytest.mark.parametrize("step_s", [30.0, 60.0, 90.0])
@pytest.mark.parametrize("further_m", [0.0, 300.0, 1000.0])
def test_the_engine_alternates_as_two_queues_do(step_s: float, further_m: float) -> None:
    """At several intervals and detours the informed choose as by late news of two queues that never fill their ways."""
    streets = [
        Street(0, 1, 200.0, lanes=3.0),
        Street(1, 2, 100.0), Street(2, 4, 900.0, capacity_vps=0.4),
        Street(1, 3, 100.0 + further_m), Street(3, 4, 900.0, capacity_vps=0.4),
    ]  # fmt: skip
    table = trips(0, 4, evenly(0.6, 0.0, 3000.0))
    moved = simulate(make_network(streets), table, until_s=14_400.0, reroute_s=step_s)
    ways = ((50.0, 0.4), (50.0 + further_m / 20.0, 0.4))
    share = moved.entered[-1, 1] / (moved.entered[-1, 1] + moved.entered[-1, 3])
    assert share == pytest.approx(first_share(ways, 0.6, 3000.0, step_s, 10.0), abs=0.01)


def weidmann_ppms(density_ppm2: float) -> float:
    """Flow a metre.

    Source: Weidmann (1993).
    """
    return 1.34 * density_ppm2 * (1.0 - float(np.exp(-1.913 * (1.0 / density_ppm2 - 1.0 / 5.4))))


def passed_by(people: float, away_m: float) -> float:
    """When so many are past a place so far behind the line where a crowd starts, a metre wide: N = t q(k) - x k."""

    def slope_mps(density_ppm2: float) -> float:
        return (weidmann_ppms(density_ppm2 + 1e-6) - weidmann_ppms(density_ppm2 - 1e-6)) / 2e-6

    def lacking(time_s: float) -> float:
        density = brentq(lambda one: slope_mps(one) - away_m / time_s, 0.1, 1.76)
        return float(time_s * weidmann_ppms(density) - away_m * density - people)

    return float(brentq(lacking, away_m / 1.3, 1000.0))


def test_flows_of_the_bottleneck_are_as_expected() -> None:
    """RiMEA 12: into the corridor Weidmann's greatest flow; at the exit what the wave of starting leaves of it."""
    most = max(weidmann_ppms(one) for one in np.linspace(1.5, 2.0, 5001).tolist())
    assert expected("RiMEA12", "bottleneck_ps") == pytest.approx(most, rel=1e-4)
    last = 120.0 / (passed_by(135.0, 6.0) - passed_by(15.0, 6.0))
    assert expected("RiMEA12", "last_ps") == pytest.approx(last, rel=1e-3)


def crommelin_s(rate_per_s: float, service_s: float, desks: int) -> float:
    """Mean wait at desks of constant service.

    Source: Crommelin (1932), "Delay probability formulae when the holding times are constant".
    """
    load = rate_per_s * service_s
    turns = np.arange(1, 2000)
    at_least, more = (poisson.sf(turns * desks + one, turns * load) for one in (-1, 0))
    return service_s * float((at_least - desks / load * more).sum())


def test_waits_at_desks_are_as_expected() -> None:
    """M/D/1 and M/D/3 by Crommelin's series, of which the first is Pollaczek's 40 s."""
    assert crommelin_s(0.04, 20.0, 1) == pytest.approx(expected("Q1", "wait_s"), rel=1e-6)
    assert crommelin_s(0.12, 20.0, 3) == pytest.approx(expected("Q6", "wait_s"), rel=1e-4)


def test_walkers_are_expected_on_weidmanns_diagram() -> None:
    """Speeds, flows and greatest densities of the table are Weidmann's formula, on stairs scaled by the factor."""
    for trial in read_trials():
        if trial.run == "walkers.flowing_density":
            density, speed_mps = trial.setting["density_ppm2"], expected(trial.id, "speed_mps")
            assert speed_mps == pytest.approx(weidmann_ppms(density) / density, rel=1e-5)
            assert trial.setting["speed_mps"] == speed_mps
        elif trial.run == "walkers.crowded_density":
            density = expected(trial.id, "density_ppm2")
            assert trial.setting["flow_ppms"] == pytest.approx(weidmann_ppms(density), rel=1e-5)
            assert expected(trial.id, "speed_mps") == pytest.approx(weidmann_ppms(density) / density, rel=2e-3)
    most = max(weidmann_ppms(one) for one in np.linspace(1.5, 2.0, 5001).tolist())
    assert weidmann_ppms(expected("RiMEA4-6", "density_ppm2")) == pytest.approx(0.0, abs=1e-9)
    assert expected("RiMEA13", "corridor_ps") == pytest.approx(2.0 * most, rel=1e-5)
    assert expected("ISO12", "flow_ppms") == pytest.approx(0.5 * most, rel=1e-5)
    assert expected("RiMEA11", "near_ps") == pytest.approx(most, rel=1e-5)


def test_spread_and_departures_are_expected_by_their_formulas() -> None:
    """Bass, exponential and logistic curves, and medians of log-normal times, worked out here."""
    for minutes in (10, 30, 60):
        passed = np.exp(-0.12 * minutes)
        assert expected("W1", f"share_{minutes}") == pytest.approx((1 - passed) / (1 + 5 * passed), rel=1e-4)
    for minutes in (20, 60):
        assert expected("W2", f"share_{minutes}") == pytest.approx(0.7 * (1 - np.exp(-minutes / 20)), rel=1e-5)
    assert expected("W3", "by_minute") == pytest.approx(1 / (1 + 99 * np.exp(-4.0)), rel=1e-5)
    for cv, trial in ((1.2, "W4-1.2"), (0.5, "W4-0.5")):
        assert expected(trial, "median_s") == pytest.approx(1800.0 / np.sqrt(1.0 + cv * cv), rel=1e-5)
