"""Support: who comes to people who cannot leave alone, and how these then leave."""

import math
from collections.abc import Generator
from functools import partial

import numpy as np
import numpy.typing as npt
import simpy

from agents.household import Household, Households
from agents.travel import Travel
from agents.vehicle import WelfareVehicles
from agents.world import World
from twin.events import HelpKind, State, TravelMode
from twin.units import distance_m

RowArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class Support:
    """Supporters named in plans, calls for help by phone, and what helpers do at the door."""

    def __init__(self, world: World, travel: Travel, households: Households, vehicles: WelfareVehicles) -> None:
        self._world = world
        self._travel = travel
        self._households = households
        self._vehicles = vehicles

    def call_supporters(self, households: RowArray, heard_s: FloatArray) -> None:
        """Households decided at ``heard_s`` to leave; those that cannot do it alone wait for help from now on."""
        waiting = self._households.plans.waits_for_help[households]
        for row, at_s in zip(households[waiting].tolist(), heard_s[waiting].tolist(), strict=True):
            self._await_supporter(row, at_s)
            self._await_phone(row, at_s)

    def help_at_door(self, row: int, kind: HelpKind) -> None:
        """A helper stands at the door of a household; if it waited, it now leaves with that help."""
        household = self._households.handles[row]
        if not household.receive_help(kind):
            return
        if self._needs_vehicle(household) and not self._has_car_driver(household, kind):
            self._households.plans.due_s[row] = np.inf
            self._vehicles.request(household)
            return
        mode = TravelMode.CAR if self._has_car_driver(household, kind) else TravelMode.FOOT
        self._leave(household, mode)

    def _leave(self, household: Household, mode: TravelMode) -> None:
        self._households.plans.due_s[household.row] = np.inf
        household.leave(self._world.now_s + self._households.least_s, vehicle=mode)

    def _await_supporter(self, row: int, heard_s: float) -> None:
        world, people = self._world, self._world.population
        members = self._households.handles[row].members()
        planned = [int(m) for m in members if people.has_plan[m] and people.supporter[m] >= 0]
        if not planned:
            return
        supporter = int(people.supporter[planned[0]])
        draw = world.stream.one("supporter.comes", planned[0])
        if draw >= world.parameters.number("support.supporter_comes_share"):
            return
        mean_s = world.parameters.number("support.supporter_delay_mean_s")
        cv = world.parameters.number("preparing.cv")
        delay_s = world.stream.one_lognormal("supporter.delay", planned[0], mean=mean_s, cv=cv)
        world.at(heard_s + delay_s, partial(self._supporter_goes, supporter, row))

    def _supporter_goes(self, supporter: int, row: int) -> None:
        world, people = self._world, self._world.population
        if world.state.person_state[supporter] != State.HOME:
            return
        here = int(people.household[supporter])
        straight_m = distance_m(
            (float(people.home_x_m[here]), float(people.home_y_m[here])),
            (float(people.home_x_m[row]), float(people.home_y_m[row])),
        )
        speed_mps = world.parameters.number("walking.officer_mps") * world.walking_factor
        way_s = straight_m * world.parameters.number("walking.circuity") / speed_mps
        world.at(world.now_s + way_s, partial(self.help_at_door, row, HelpKind.SUPPORTER))

    def _await_phone(self, row: int, heard_s: float) -> None:
        world = self._world
        draw = world.stream.one("support.call", row)
        if draw >= world.parameters.number("support.call_share"):
            return
        mean_s = world.parameters.number("support.call_mean_s")
        delay_s = -mean_s * math.log1p(-world.stream.one("support.call.delay", row))
        world.at(heard_s + delay_s, partial(self._phone, row))

    def _phone(self, row: int) -> None:
        if self._world.phones_work(self._households.handles[row].members()).any():
            self.ask_city(row)

    def ring_list(self, districts: tuple[int, ...]) -> None:
        """The city office rings the households of its list in districts (rows), one round, in the order of the list.

        The list holds everybody who needs support, whether or not they agreed that others see it.

        Source: Disaster Countermeasures Basic Act 49-10, 49-11(1) (避難行動要支援者名簿, used within the city).
        """
        world, people = self._world, self._world.population
        listed = np.unique(people.household[people.needs_support])
        listed = listed[np.isin(world.household_district[listed], districts)]
        callers = max(1, round(world.parameters.number("office.list_callers") * people.share))
        for caller in range(min(callers, len(listed))):
            world.env.process(self._ring(listed[caller::callers].astype(np.int64)))

    def _ring(self, households: RowArray) -> Generator[simpy.Event, object, None]:
        for row in households.tolist():
            yield self._world.env.timeout(self._world.parameters.number("office.list_call_s"))
            self._phone(row)

    def ask_city(self, row: int) -> None:
        """The city office learns that a household waits for help, and sends a vehicle."""
        if self._households.plans.waits_for_help[row]:
            self._vehicles.request(self._households.handles[row])

    def _needs_vehicle(self, household: Household) -> bool:
        world = self._world
        needing = household.at_home()
        needing = needing[world.population.needs_support[needing]]
        share = world.parameters.number("support.needs_vehicle_share")
        return bool((world.stream.uniform("support.vehicle", needing) < share).any())

    def _has_car_driver(self, household: Household, kind: HelpKind) -> bool:
        """Whether a supporter came with the car of the household helped."""
        return kind == HelpKind.SUPPORTER and self._world.population.cars[household.row] > 0
