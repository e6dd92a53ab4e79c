"""Simulation: one clock (simpy), one registry (mesa), keyed draws, one trace."""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import simpy

from agents.alarm import Alarm, Audience
from agents.association import Associations
from agents.citizen import Citizens
from agents.city_office import CityOffice, Notice
from agents.city_os.port import CityOS
from agents.gathering import Gathering
from agents.household import Households
from agents.inquiry import Inquiries
from agents.movement.engine import NetworkMovement
from agents.movement.trips import Conditions
from agents.refuges import Refuges
from agents.shelter_desk import ShelterDesks
from agents.situation import Situation
from agents.support import Support
from agents.travel import Travel, destination_nodes
from agents.vehicle import WelfareVehicles
from agents.ways import WaysOnFoot
from agents.world import WINDOW_S, LostCells, World
from twin.parameters import Parameters
from twin.population import Population
from twin.randomness import Stream
from twin.town import Town

SAMPLE_S = 600.0
"""Interval at which the run is looked at: headcounts are compared, the time series get a row."""


@dataclass(frozen=True)
class Setting:
    """What a simulation is made of; ``ways`` are those of the town, if somebody has them already.

    ``lost_cells`` are cells of the mobile network that fail beside what the situation says.
    """

    town: Town
    population: Population
    situation: Situation
    parameters: Parameters
    seed: int
    city_os: CityOS
    ways: WaysOnFoot | None = None
    lost_cells: LostCells | None = None


class Simulation:
    """Lets a town live through a situation against a city OS."""

    def __init__(self, setting: Setting) -> None:
        town, parameters = setting.town, setting.parameters
        conditions = Conditions(
            car_speed_factor=parameters.row("cars.snow_speed_factor")[setting.situation.snow],
            capacity_factor=parameters.row("cars.snow_capacity_factor")[setting.situation.snow],
        )
        movement = NetworkMovement(town.roads, destination_nodes(town), conditions, parameters)
        self.world = World(
            town, setting.population, setting.situation, parameters, Stream(setting.seed), setting.city_os, movement,
            setting.lost_cells,
        )  # fmt: skip
        self.travel = Travel(self.world)
        self.desks = ShelterDesks(self.world, self.travel)
        refuges = Refuges(self.world, self.travel, self.desks, setting.ways)
        self._households = Households(self.world, self.travel, refuges)
        vehicles = WelfareVehicles(self.world, self.travel, self._households)
        support = Support(self.world, self.travel, self._households, vehicles)
        self._citizens = Citizens(self.world, self.travel, self._households, support)
        self.gathering = Gathering(self.world, self.travel, self._households)
        self._inquiries = Inquiries(self.world, self.travel, self._households, self.gathering)
        self._alarm = Alarm(self.world, Audience(self._households, self._citizens, self.gathering, support))
        self.associations = Associations(self.world, support)
        self.office = CityOffice(self.world, self._alarm, self.desks, self.associations)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Push messages sent so far."""
        return tuple(self.office.notices)

    def run(self, look: Callable[[float], None]) -> None:
        """Run to the end; ``look`` is called every SAMPLE_S with the time, at 0 first and at the end last."""
        world, end_s = self.world, self.world.situation.duration_s
        if world.situation.shaking:
            if not world.situation.is_drill:
                self._inquiries.start()
            self._alarm.feel_shaking()
        world.env.process(self._tick(end_s, look))
        world.env.run(until=end_s)
        look(end_s)

    def _tick(self, end_s: float, look: Callable[[float], None]) -> Generator[simpy.Event, object, None]:
        """The windows of movement; what the scenario orders at a window's start comes before the window."""
        world = self.world
        yield world.env.timeout(0)
        while True:
            if world.now_s % SAMPLE_S == 0:
                look(world.now_s)
            until_s = min(world.now_s + WINDOW_S, end_s)
            self._alarm.step_until(until_s)
            self._households.step_until(until_s)
            self._inquiries.step_until(until_s)
            self._citizens.share_positions()
            self.travel.leave_blocked_cars()
            self.travel.look_at_traffic()
            self.travel.advance(until_s)
            yield world.env.timeout(WINDOW_S)
