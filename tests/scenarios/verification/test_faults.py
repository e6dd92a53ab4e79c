"""Every test of the table can fail: each is failed by a code with one named fault."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from agents.movement.network import Network
from agents.movement.simulate import Moved, TripTable, simulate
from agents.travel import Travel
from scenarios.verification import behaviour, cars, desks, junctions, routes, walkers
from scenarios.verification.catalogue import read_trials
from scenarios.verification.judge import Verdict, judge_all, pick_trials
from scenarios.verification.small_town import evening
from twin.randomness import Stream

Engine = Callable[..., Moved]
Patch = Callable[[pytest.MonkeyPatch], None]


def engine(wrong: Callable[[Engine], Engine]) -> Patch:
    """Let all tests of movement run a wrong engine made of the right one."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        for family in (cars, junctions, routes, walkers):
            monkeypatch.setattr(family, "simulate", wrong(simulate))

    return patch


def roads(change: Callable[[Network], Mapping[str, object]]) -> Patch:
    """An engine that reads some columns of the network wrongly."""
    return engine(
        lambda right: lambda network, *rest, **more: right(replace(network, **change(network)), *rest, **more)
    )


def travellers(change: Callable[[TripTable], Mapping[str, object]]) -> Patch:
    """An engine that reads some columns of the trips wrongly."""
    return engine(lambda right: lambda network, trips, **more: right(network, replace(trips, **change(trips)), **more))


def told(change: Callable[[Moved], Mapping[str, object]]) -> Patch:
    """An engine that tells something wrong."""
    return engine(lambda right: lambda *rest, **more: replace(moved := right(*rest, **more), **change(moved)))


def always(**forced: object) -> Patch:
    """An engine that takes no notice of some settings."""
    return engine(lambda right: lambda *rest, **more: right(*rest, **{**more, **forced}))


def town(change: Callable[[Mapping[str, float]], Mapping[str, float]], **forced: object) -> Patch:
    """A small town with wrong parameters."""

    def wrong(people: int, duration_s: float, changed: Mapping[str, float], **more: object) -> object:
        return evening(people, duration_s, {**changed, **change(changed)}, **{**more, **forced})

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        for family in (behaviour, desks, walkers):
            monkeypatch.setattr(family, "evening", wrong)

    return patch


def biased_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uniform draws that are too low by a little."""
    uniform = Stream.uniform
    monkeypatch.setattr(Stream, "uniform", lambda *rest: uniform(*rest) ** 1.1)


def fastest_member(monkeypatch: pytest.MonkeyPatch) -> None:
    """Households walk as their fastest does."""

    def fastest_mps(self: Travel, members: npt.NDArray[np.int64]) -> float:
        return float(self._world.population.walking_speed_mps[members].max())

    monkeypatch.setattr(Travel, "walking_speed_mps", fastest_mps)


def one_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reception forgets one of those it received."""
    receive = desks.receive
    monkeypatch.setattr(desks, "receive", lambda *rest: replace(seen := receive(*rest), sheltered=seen.sheltered - 1))


def overtaken(arrival_s: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The first two in each other's place."""
    return np.concatenate((arrival_s[1::-1], arrival_s[2:]))


def slow_receptions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Receptions take 30 % longer than the parameters say."""
    town(lambda it: {"reception.paper_mean_s": 1.3 * it.get("reception.paper_mean_s", 1.0)})(monkeypatch)
    monkeypatch.setattr(desks, "BATCH", 2 * desks.WARM)


FAULTS: dict[str, tuple[Patch, str]] = {
    "cars drive 3 % too slowly": (
        roads(lambda it: {"free_speed_mps": it.free_speed_mps * 0.97}),
        "K1 K2 K3b K4 K5c K9 T2 T4 T17 K11d T11 ISO17",
    ),
    "walkers walk 3 % too slowly": (
        travellers(lambda it: {"speed_mps": it.speed_mps * 0.97}),
        """RiMEA2 RiMEA3 RiMEA5 RiMEA7 RiMEA16 T20 NIST2.1 NIST2.2 NIST2.4 NIST2.10 ISO2 ISO3 ISO5 ISO7 ISO13
        IMO1 IMO2 IMO3 IMO5 IMO7""",
    ),
    "walkers walk 30 % too slowly": (travellers(lambda it: {"speed_mps": it.speed_mps * 0.7}), "RiMEA1"),
    "half the capacity": (
        roads(lambda it: {"capacity_vps": it.capacity_vps / 2.0, "in_capacity_vps": it.in_capacity_vps / 2.0}),
        "K3a K6a K6b K7a K7b K8 K14 T3 T8 K11a",
    ),
    "one capacity for all roads": (roads(lambda it: {"capacity_vps": np.full(it.links, 0.5)}), "T15 T16"),
    "any number has room": (
        roads(lambda it: {"jam_density_vpm": it.jam_density_vpm * 100.0, "wave_speed_mps": it.wave_speed_mps / 95.0}),
        "K5a K5b K12 T1 T5 T9",
    ),
    "priorities are ignored": (roads(lambda it: {"merge_priority": np.ones(it.links)}), "K6c K6d"),
    "all roads are of one length": (roads(lambda it: {"length_m": np.full(it.links, 100.0)}), "K11b"),
    "walkers never meet": (
        roads(lambda it: {"walk_width_m": it.walk_width_m * 1000.0}),
        """RiMEA4-0.5 RiMEA4-1.0 RiMEA4-1.25 RiMEA4-1.5 RiMEA4-2 RiMEA4-3 RiMEA4-4 RiMEA4-5 RiMEA4-6 RiMEA8 RiMEA11
        RiMEA12 RiMEA13 T19 NIST5.1 NIST5.2 ISO10 ISO11 ISO12 IMO4 IMO11""",
    ),
    "nothing changes on the way": (always(changes=()), "K10 T12 RiMEA9 NIST4.1 ISO9 IMO9"),
    "nobody is informed": (always(reroute_s=None), "T10 RiMEA14b"),
    "everybody is informed": (always(informed_share=1.0), "K11c RiMEA14"),
    "all go to the place of the first": (
        travellers(lambda it: {"destination_node": np.full_like(it.destination_node, it.destination_node[0])}),
        "RiMEA10 NIST3.1 ISO8 IMO10",
    ),
    "who finds no way is lost": (told(lambda it: {"status": np.where(it.status == 2, 0, it.status)}), "K13"),
    "some enter twice": (
        told(lambda it: {"entered": it.entered + it.entered // 20, "walked_out": it.walked_out * 2}), "T6 T18",
    ),
    "somebody overtakes": (told(lambda it: {"arrival_s": overtaken(it.arrival_s)}), "T7"),
    "many trips or other coordinates round otherwise": (
        engine(lambda right: lambda network, trips, **more: replace(
            moved := right(network, trips, **more),
            arrival_s=moved.arrival_s + 1e-5 * (len(trips.mode) % 2 + len(moved.count_time_s) + network.node_y_m[-1]),
        )),
        "T13 T14",
    ),
    "chance is biased": (biased_chance, "NIST3.2 NIST3.3 ISO15 ISO16 W1 W2 W3 W6"),
    "people prepare longer": (
        town(lambda _: {"preparing.earthquake_mean_s": 1900.0, "preparing.least_s": 400.0}),
        "NIST1.1 ISO1 W4-1.2 W4-0.5 W5",
    ),
    "night is as day": (town(lambda _: {}, night=False), "NIST2.5"),
    "the fastest member leads": (fastest_member, "NIST2.9 ISO14"),
    "receptions take longer": (
        slow_receptions,
        "Q1 Q2 Q6 Q4-150 Q4-70 Q4-30.3 Q4-20 Q5",
    ),
    "one is lost at the reception": (one_is_lost, "Q3"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_fault_fails_the_tests_that_are_there_for_it(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code with one named fault fails each of these tests."""
    patch, names = FAULTS[fault]
    patch(monkeypatch)
    judged = judge_all(pick_trials(names.split()), lambda *_: None)
    assert [one.trial.id for one in judged if one.verdict is not Verdict.FAILED] == []


def test_every_test_has_its_fault() -> None:
    """No test that applies is without a fault that fails it."""
    caught = {name for _, names in FAULTS.values() for name in names.split()}
    assert caught == {one.id for one in read_trials() if one.applies}
