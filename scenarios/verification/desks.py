"""The reception of a shelter as scenarios run it (agents.shelter_desk) against queueing theory.

Source: Pollaczek (1930), Khinchine (1932); Lindley (1952); Little (1961); Newell (1971), fluid approximation.
"""

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import simpy

from agents.shelter_desk import Evacuees
from agents.simulation import Simulation
from scenarios.verification.building import Got
from scenarios.verification.small_town import PLAIN, SEED, evening
from twin.events import EventKind, TravelMode
from twin.randomness import Stream
from twin.state import TownState

FloatArray = npt.NDArray[np.float64]
BATCH = 1_000_000
WARM = 10_000
"""Customers after whom a queue that began empty has forgotten it."""


@dataclass(frozen=True, slots=True)
class Reception:
    """When each single person came and was received, and how many people the town's state counts as sheltered."""

    came_s: FloatArray
    received_s: FloatArray
    sheltered: int


def receive(arrivals_s: FloatArray, service_s: float, cv: float, desks: int = 1) -> Reception:
    """Let single people come to the open shelter at given times, in the order of their rows."""
    people = len(arrivals_s)
    changed = {
        **PLAIN, "reception.cv": cv, "reception.paper_mean_s": service_s, "reception.places_per_desk": people / desks,
    }  # fmt: skip
    end_s = float(arrivals_s[-1]) + 100.0 * service_s + people * service_s
    simulation = evening(people, end_s, changed)
    simulation.desks.by_row[0].set_open(is_open=True)
    simulation.world.env.process(_come(simulation, arrivals_s))
    simulation.world.env.run(until=end_s)
    columns = simulation.world.trace.columns()
    received = columns.of(EventKind.CHECKED_IN)
    order = np.argsort(received.person, kind="stable")
    came = columns.of(EventKind.QUEUED)
    return Reception(
        came_s=came.time_s[np.argsort(came.person, kind="stable")].astype(np.float64),
        received_s=received.time_s[order].astype(np.float64),
        sheltered=_sheltered(simulation.world.state),
    )


def _sheltered(state: TownState) -> int:
    return int((state.person_shelter == 0).sum())


def _come(simulation: Simulation, arrivals_s: FloatArray) -> Generator[simpy.Event, object, None]:
    for person, at_s in enumerate(arrivals_s.tolist()):
        yield simulation.world.env.timeout(at_s - simulation.world.now_s)
        simulation.desks.receive(0, Evacuees(0, np.array([person]), TravelMode.FOOT))


def waits_by_lindley(gaps_s: FloatArray, service_s: FloatArray, first_s: float = 0.0) -> FloatArray:
    """Waits at one desk: each is max(0, wait before + service before - gap); ``gaps_s[i]`` comes before customer i."""
    steps_s = service_s[:-1] - gaps_s[1:]
    walk_s = np.concatenate(([first_s], first_s + np.cumsum(steps_s)))
    lowest_s = np.minimum(np.minimum.accumulate(walk_s), 0.0)
    return np.asarray(walk_s - lowest_s)


def poisson(rate_per_s: float, people: int, name: str) -> FloatArray:
    """Gaps of a Poisson stream."""
    return np.asarray(-np.log(Stream(SEED).uniform(name, np.arange(people))) / rate_per_s)


def _long_mean_s(rate_per_s: float, service_s: float, cv: float, batches: int) -> float:
    """Mean wait of many millions by Lindley's recursion, a batch after the other."""
    total_s, wait_s, before_s = 0.0, 0.0, 0.0
    for batch in range(batches):
        gaps_s = poisson(rate_per_s, BATCH, f"gaps.{batch}")
        services_s = Stream(SEED).lognormal(f"services.{batch}", np.arange(BATCH), mean=service_s, cv=cv)
        first_s = max(0.0, wait_s + before_s - float(gaps_s[0])) if batch else 0.0
        waits_s = waits_by_lindley(gaps_s, services_s, first_s)
        wait_s, before_s = float(waits_s[-1]), float(services_s[-1])
        total_s += float(waits_s.sum())
    return total_s / (batches * BATCH)


def single_desk(cv: float, people: int, batches: int) -> Got:
    """Poisson arrivals 0.04/s, service 20 s with a coefficient of variation: waits of the real desk.

    ``apart_s`` is how far any single wait is from Lindley's recursion over the same arrivals and services. ``wait_s``
    is the mean wait of the real desk, with the recursion's own mean over these arrivals replaced by that over many
    more (a control variate): the desk's people alone would leave a sampling error of many percent.
    """
    gaps_s = poisson(0.04, people, "gaps")
    seen = receive(np.cumsum(gaps_s), 20.0, cv)
    services_s = Stream(SEED).lognormal("reception", np.arange(people), mean=20.0, cv=cv)
    waits_s = seen.received_s - seen.came_s - services_s
    expected_s = waits_by_lindley(gaps_s, services_s)
    correction_s = _long_mean_s(0.04, 20.0, cv, batches) - float(expected_s.mean())
    return {
        "apart_s": float(np.abs(waits_s - expected_s).max()),
        "wait_s": float(waits_s.mean()) + correction_s,
        "received": len(seen.received_s),
    }


def several_desks(desks: int, people: int, batches: int) -> Got:
    """Poisson arrivals 0.04/s for each desk, service 20 s: waits of the real desks, as ``single_desk``.

    With constant service, who comes n-th goes to the desk of who came so many desks before.
    """
    rate_per_s, service_s = 0.04 * desks, 20.0
    gaps_s = poisson(rate_per_s, people, "gaps")
    seen = receive(np.cumsum(gaps_s), service_s, 0.0, desks)
    waits_s, expected_s = seen.received_s - seen.came_s - service_s, _waits_in_turn(gaps_s, service_s, desks)
    long_s = [
        _waits_in_turn(poisson(rate_per_s, BATCH, f"gaps.{batch}"), service_s, desks)[WARM:].mean()
        for batch in range(batches)
    ]
    return {
        "apart_s": float(np.abs(waits_s - expected_s).max()),
        "wait_s": float(waits_s.mean()) + float(np.mean(long_s)) - float(expected_s.mean()),
        "received": len(seen.received_s),
    }


def _waits_in_turn(gaps_s: FloatArray, service_s: float, desks: int) -> FloatArray:
    """Waits at desks that take turns, each by Lindley's recursion."""
    came_s, waits_s = np.cumsum(gaps_s), np.empty(len(gaps_s))
    for desk in range(desks):
        mine = came_s[desk::desks]
        waits_s[desk::desks] = waits_by_lindley(np.diff(mine, prepend=0.0), np.full(len(mine), service_s))
    return waits_s


def littles_law() -> Got:
    """Mean number at the reception, counted over time, over arrival rate times time spent there."""
    people = 2000
    seen = receive(np.cumsum(poisson(0.04, people, "little")), 20.0, 0.5)
    end_s = float(seen.received_s.max())
    times_s = np.concatenate((seen.came_s, seen.received_s))
    steps = np.concatenate((np.ones(people), -np.ones(people)))
    order = np.argsort(times_s, kind="stable")
    number = np.cumsum(steps[order])[:-1]
    mean_number = float((number * np.diff(times_s[order])).sum()) / end_s
    rate_per_s = people / end_s
    return {
        "ratio": mean_number / (rate_per_s * float((seen.received_s - seen.came_s).mean())),
        "sheltered": seen.sheltered,
    }


def fluid(service_s: float) -> Got:
    """500 people in 60 min at three desks: when the last is received, the longest queue, the mean wait, in min."""
    arrivals_s = (np.arange(500) + 0.5) * 3600.0 / 500.0
    seen = receive(np.asarray(arrivals_s, np.float64), service_s, 0.0, desks=3)
    begun_s = np.sort(seen.received_s) - service_s
    queue = np.searchsorted(seen.came_s, arrivals_s, side="right") - np.searchsorted(begun_s, arrivals_s, side="right")
    return {
        "finish_min": float(seen.received_s.max()) / 60.0,
        "queue": float(queue.max()),
        "wait_min": float((seen.received_s - service_s - seen.came_s).mean()) / 60.0,
    }


def desk_capacity() -> Got:
    """The most that a desk of 20 s receives in any 10 min while 300 people press on it (maximum flow)."""
    seen = receive(np.asarray(np.arange(300) / 300.0, np.float64), 20.0, 0.0)
    received_s = np.sort(seen.received_s)
    ends = np.searchsorted(received_s, received_s + 600.0 - 1e-6)
    return {"most": float((ends - np.arange(len(received_s))).max()), "received": len(received_s)}
