"""Welfare vehicles of the city: a small fleet that fetches people who cannot walk."""

from collections.abc import Generator

import numpy as np
import simpy

from agents.household import Household, Households
from agents.registry import Agent, Model
from agents.travel import Party, Travel
from agents.world import World
from twin.events import HelpKind, TravelMode

Steps = Generator[simpy.Event, object, None]


class Vehicle(Agent):
    """One welfare vehicle; ``node`` is where it stands."""

    def __init__(self, model: Model, node: int) -> None:
        super().__init__(model)
        self.node = node


class WelfareVehicles:
    """The fleet: requests are served in the order in which they come, by the vehicle that has waited longest."""

    def __init__(self, world: World, travel: Travel, households: Households) -> None:
        self._world = world
        self._travel = travel
        self._households = households
        self._requested: set[int] = set()
        number = round(world.parameters.number("welfare.vehicles") * world.population.share)
        self._free = simpy.Store(world.env)
        for _ in range(max(number, 1) if world.parameters.number("welfare.vehicles") > 0 else 0):
            self._free.put(Vehicle(world.registry, world.town.office_node))

    def request(self, household: Household) -> None:
        """Somebody asks for a vehicle for a household; asking twice is asking once."""
        if household.row not in self._requested:
            self._requested.add(household.row)
            self._world.env.process(self._fetch(household))

    def _fetch(self, household: Household) -> Steps:
        world = self._world
        vehicle = yield self._free.get()
        if not isinstance(vehicle, Vehicle):
            return
        gone = self._households.plans.left[household.row]
        if gone or not (yield self._drive_to(vehicle, household)):
            # Others were faster, or no way leads there: who still waits may ask again.
            self._requested.discard(household.row)
            self._free.put(vehicle)
            return
        vehicle.node = int(world.population.home_node[household.row])
        household.receive_help(HelpKind.WELFARE_VEHICLE)
        self._households.plans.due_s[household.row] = np.inf
        if self._households.plans.left[household.row]:
            self._free.put(vehicle)
            return
        yield world.env.timeout(world.parameters.number("welfare.boarding_s"))
        party = household.leave(world.now_s + self._households.least_s, vehicle=TravelMode.WELFARE_VEHICLE)
        if party is not None:
            vehicle.node = yield from self._ride(party, vehicle.node)
        self._free.put(vehicle)

    def _drive_to(self, vehicle: Vehicle, household: Household) -> simpy.Event:
        """Drive to the household's neighbourhood; the event comes at the end, its value says whether it was reached."""
        world, there = self._world, self._world.env.event()
        neighbourhood = int(world.population.neighbourhood[household.row])
        self._travel.set_out(
            Party(
                members=np.empty(0, np.int64),
                origin_node=vehicle.node,
                destination=self._travel.destinations.neighbourhood(neighbourhood),
                mode=TravelMode.WELFARE_VEHICLE,
                speed_mps=1.0,
                depart_s=world.now_s + self._households.least_s,
                arrived=lambda: _come(there, reached=True),
                stranded=lambda: _come(there, reached=False),
            )
        )
        return there

    def _ride(self, party: Party, node: int) -> Generator[simpy.Event, object, int]:
        """Wait until a party that the vehicle carries has arrived; returns the node where the vehicle then stands."""
        there, arrived = self._world.env.event(), party.arrived

        def arrive() -> None:
            arrived()
            _come(there, reached=True)

        party.arrived = arrive
        party.stranded = lambda: _come(there, reached=False)
        yield there
        is_shelter = self._travel.destinations.is_shelter(party.destination)
        return self._world.town.shelters[party.destination].node if is_shelter else node


def _come(event: simpy.Event, *, reached: bool) -> None:
    event.succeed(reached)
