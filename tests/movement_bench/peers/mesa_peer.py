"""Movement as it is usually written in mesa: an agent for each person, a step for each of them every 5 s.

Run by the peer's interpreter: ``mesa_peer.py WORKLOAD WAYS RESULT [PEOPLE]``. Without PEOPLE there is an agent for each
trip alone, removed when it arrives; with it so many more agents ride along in cars, and all stay for the six hours, as
people do in a model that goes on after their arrival. A car enters a link when there is room
and the link's capacity of the step is not used up, drives at free speed and leaves in the order of entering only by the
order of steps; a walker goes at its own speed. This is a floor for such models: perception and choice
would come on top.
"""

import json
import resource
import sys
import time
from typing import Any

import mesa
import numpy as np

CAR = 1
STEP_S = 5.0
UNTIL_S = 6 * 3600.0


class Traveller(mesa.Agent):
    """One party on its way."""

    def __init__(self, model: "City", trip: int, way: list[int]) -> None:
        """At home, before its departure."""
        super().__init__(model)
        self.trip, self.way = trip, way
        self.place, self.left_m, self.has_arrived = -1, 0.0, False
        self.is_car = model.mode[trip] == CAR
        self.departure_s, self.speed_mps = model.departure_s[trip], model.own_mps[trip]

    def step(self) -> None:
        """Go on for one step of time."""
        city = self.model
        if self.has_arrived or city.now_s < self.departure_s:
            return
        if self.place >= 0:
            speed = city.speed_mps[self.way[self.place]] if self.is_car else self.speed_mps
            self.left_m -= speed * STEP_S
            if self.left_m > 0.0:
                return
        if self.place + 1 == len(self.way):
            city.end(self)
        elif not self.is_car or city.admits(self.way[self.place + 1]):
            if self.is_car and self.place >= 0:
                city.on[self.way[self.place]] -= 1
            self.place += 1
            self.left_m += city.length_m[self.way[self.place]]


class Passenger(mesa.Agent):
    """Somebody in another's car."""

    def __init__(self, model: "City", driver: Traveller) -> None:
        """At home, before the departure."""
        super().__init__(model)
        self.driver, self.is_there = driver, False

    def step(self) -> None:
        """Be where the car is."""
        if not self.is_there and self.driver.has_arrived:
            self.is_there = True


class City(mesa.Model):
    """The links' counters, and all travellers."""

    def __init__(self, work: dict[str, Any], start: list[int], way: list[int], people: int) -> None:
        """Everybody at home."""
        super().__init__(rng=0)
        self.people = people
        self.now_s = 0.0
        self.mode, self.departure_s = work["mode"].tolist(), work["departure_s"].tolist()
        self.own_mps, self.speed_mps = work["speed_mps"].tolist(), work["free_speed_mps"].tolist()
        self.length_m, self.flow_vps = work["length_m"].tolist(), work["capacity_vps"].tolist()
        self.room = np.maximum(1.0, work["length_m"] * work["jam_density_vpm"]).tolist()
        self.on, self.next_s = [0] * len(self.room), [0.0] * len(self.room)
        self.arrival_s = np.full(len(self.mode), np.nan)
        everybody = [Traveller(self, trip, way[start[trip] : start[trip + 1]]) for trip in range(len(self.mode))]
        drivers = [one for one in everybody if one.is_car]
        for rider in range(people - len(everybody)):
            Passenger(self, drivers[rider % len(drivers)])

    def step(self) -> None:
        """One step of everybody."""
        self.now_s += STEP_S
        self.agents.do("step")

    def admits(self, link: int) -> bool:
        """Whether one more car may enter a link now; if so it is counted."""
        if self.on[link] >= self.room[link] or self.next_s[link] > self.now_s:
            return False
        self.on[link] += 1
        self.next_s[link] = max(self.next_s[link], self.now_s - STEP_S) + 1.0 / self.flow_vps[link]
        return True

    def end(self, traveller: Traveller) -> None:
        """A traveller has arrived."""
        if traveller.is_car and traveller.place >= 0:
            self.on[traveller.way[traveller.place]] -= 1
        self.arrival_s[traveller.trip] = self.now_s
        traveller.has_arrived = True
        if not self.people:
            traveller.remove()


def main() -> None:
    """Run once; print JSON."""
    people = int(sys.argv[4]) if len(sys.argv) > 4 else 0
    with np.load(sys.argv[1]) as arrays:
        work = dict(arrays)
    with np.load(sys.argv[2]) as arrays:
        start, way = arrays["start"].tolist(), arrays["link"].tolist()
    began_s = time.process_time()
    city = City(work, start, way, people)
    while city.now_s < UNTIL_S:
        city.step()
    seconds = time.process_time() - began_s
    np.savez(sys.argv[3], arrival_s=city.arrival_s)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"runs_s": [seconds], "peak_mb": peak_mb}) + "\n")


if __name__ == "__main__":
    main()
