"""Gathering: who is away when the disaster strikes, who comes home by themselves, who is picked up."""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from agents.household import Household, Households
from agents.refuges import ADULT_AGE
from agents.travel import Party, Travel
from agents.world import World
from twin.events import EventKind, TravelMode

RowArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class Gathering:
    """Brings the members of households together."""

    def __init__(self, world: World, travel: Travel, households: Households) -> None:
        self._world = world
        self._travel = travel
        self._households = households
        self._least_s = world.parameters.number("preparing.least_s")
        self._minor_age = world.parameters.number("gathering.minor_age")
        self._car_share = world.parameters.number("cars.far_share")
        self.away = self._who_is_away()
        place = world.population.away_neighbourhood[self.away]
        world.happen(EventKind.AWAY, self.away, detail=place)

    def _who_is_away(self) -> RowArray:
        world = self._world
        shares = world.parameters.row("presence.away_share_by_hour")
        share = shares[int(world.situation.start_hour) % 24]
        spends_day_away = np.flatnonzero(world.population.away_neighbourhood >= 0)
        draw = world.stream.uniform("presence", spends_day_away)
        away = spends_day_away[draw < share]
        return np.asarray(away[~world.population.needs_support[away]], np.int64)

    def call_home(self, households: RowArray, heard_s: FloatArray) -> None:
        """Members away of ``households`` learn at ``heard_s`` what happened; most come home or wait to be fetched."""
        world, people = self._world, self._world.population
        heard = np.full(people.households, np.inf)
        heard[households] = heard_s
        is_called = np.isfinite(heard[people.household[self.away]])
        returning_share = world.parameters.number("gathering.returning_share")
        is_called[is_called] = world.stream.uniform("gathering", self.away[is_called]) < returning_share
        away, self.away = self.away[is_called], self.away[~is_called]
        mean_s = world.parameters.number("gathering.returning_delay_mean_s")
        cv = world.parameters.number("preparing.cv")
        delay_s = np.maximum(world.stream.lognormal("gathering.delay", away, mean=mean_s, cv=cv), self._least_s)
        np.add.at(self._households.plans.missing, people.household[away], 1)
        for person, at_s in zip(away.tolist(), (heard[people.household[away]] + delay_s).tolist(), strict=True):
            world.at(at_s, partial(self._start, person))

    def goes_alone(self, person: int) -> None:
        """Somebody who is away goes where they want to: nobody calls them home any more."""
        self.away = self.away[self.away != person]

    def _start(self, person: int) -> None:
        people = self._world.population
        household = self._households.handles[int(people.household[person])]
        if people.age[person] < self._minor_age:
            adult = self._fetcher(household)
            if adult >= 0:
                self._fetch(household, adult, person)
                return
        self._travel_home(household, np.array([person]), person)

    def _fetcher(self, household: Household) -> int:
        """An adult at home who can go and pick somebody up, -1 if there is none."""
        people = self._world.population
        for member in household.at_home().tolist():
            if people.age[member] >= ADULT_AGE and not people.needs_support[member]:
                return int(member)
        return -1

    def _fetch(self, household: Household, adult: int, minor: int) -> None:
        """An adult goes to where the minor is; both come back together."""
        plans = self._households.plans
        plans.missing[household.row] += 1  # the adult is away as well now
        place = int(self._world.population.away_neighbourhood[minor])

        def both_come_back() -> None:
            self._travel_home(household, np.array([adult, minor]), adult, minor)

        self._send(
            household, np.array([adult]), int(self._world.population.home_node[household.row]),
            self._travel.destinations.neighbourhood(place), both_come_back,
            lambda: self._travel_home(household, np.array([minor]), minor),
        )  # fmt: skip

    def _travel_home(self, household: Household, party: RowArray, *members: int) -> None:
        world, people = self._world, self._world.population
        place = int(people.away_neighbourhood[members[-1]])
        home = self._travel.destinations.neighbourhood(int(people.neighbourhood[household.row]))

        def arrive() -> None:
            household.members_return(np.array(members, np.int64))

        self._send(household, party, world.town.neighbourhoods[place].node, home, arrive)

    def _send(
        self,
        household: Household,
        members: RowArray,
        origin: int,
        destination: int,
        arrived: Callable[[], None],
        stranded: Callable[[], None] | None = None,
    ) -> None:
        world, people = self._world, self._world.population
        can_drive = people.cars[household.row] > 0 and bool((people.age[members] >= ADULT_AGE).any())
        draw = world.stream.one("gathering.car", int(members[0]))
        by_car = can_drive and draw < self._car_share
        self._travel.set_out(
            Party(
                members=members,
                origin_node=origin,
                destination=destination,
                mode=TravelMode.CAR if by_car else TravelMode.FOOT,
                speed_mps=self._travel.walking_speed_mps(members),
                depart_s=world.now_s + self._least_s,
                arrived=arrived,
                stranded=stranded,
            )
        )
