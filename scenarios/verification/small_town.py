"""A town of a few streets and any number of people, in which the real agents of scenarios live."""

from collections.abc import Mapping
from functools import cache

import numpy as np

from agents.city_os.paper import PaperCityOS
from agents.simulation import Setting, Simulation
from agents.situation import Season, SetShelters, Situation, Snow
from scenarios.defaults import default_parameters
from twin.parameters import Parameters, Value
from twin.population import Population
from twin.randomness import Stream
from twin.roads import Roads
from twin.shelters import Fitness, Hazard, Shelter, ShelterKind
from twin.sources.people import populate
from twin.town import District, Neighbourhood, Town
from twin.units import Projection

SEED = 1
NODES = 5
BLOCK_M = 100.0
MEAN_HOUSEHOLD = 2.3

PLAIN: Mapping[str, Value] = {
    "reception.cv": 0.0, "reception.fill_factor": 1e9, "sheltering.leaving_per_h": 0.0,
    "reception.further_member_share": 0.0,
}  # fmt: skip
"""Every party takes its channel's mean time; nobody is sent on, and nobody leaves."""


def _street() -> Roads:
    """One street of two-way links."""
    begin = np.arange(NODES - 1, dtype=np.int32)
    links = 2 * len(begin)
    return Roads(
        node_x_m=BLOCK_M * np.arange(NODES, dtype=np.float64),
        node_y_m=np.zeros(NODES),
        link_from=np.concatenate((begin, begin + 1)).astype(np.int32),
        link_to=np.concatenate((begin + 1, begin)).astype(np.int32),
        length_m=np.full(links, BLOCK_M),
        free_speed_mps=np.full(links, 8.0),
        lanes=np.ones(links),
        capacity_vps=np.full(links, 0.4),
        car_allowed=np.ones(links, np.bool_),
        walk_allowed=np.ones(links, np.bool_),
        highway=("residential",) * links,
        is_synthetic=True,
    )


def _shelter(capacity_persons: int) -> Shelter:
    return Shelter(
        id="S0", name="検証体育館", kind=ShelterKind.GENERAL, x_m=0.0, y_m=0.0, node=0, address="検証町1番", district=0,
        capacity_persons=capacity_persons, capacity_standard_persons=capacity_persons, capacity_is_estimate=False,
        fitness=dict.fromkeys(Hazard, Fitness.SUITED),
    )  # fmt: skip


@cache
def small_town(people: int) -> Town:
    """One street, one neighbourhood, one shelter with places for everybody."""
    middle_m = BLOCK_M * (NODES - 1) / 2.0
    nodes = np.arange(NODES, dtype=np.int32)
    return Town(
        code="999997",
        name="検証町",
        name_en="Proofville",
        projection=Projection(37.5, 139.9),
        districts=(District("D0", "検証", "Proof", middle_m, 0.0),),
        neighbourhoods=(Neighbourhood("N0", "検証一丁目", 0, middle_m, 0.0, 350.0, 0, 1.0),),
        roads=_street(),
        shelters=(_shelter(people),),
        office_node=NODES - 1,
        exit_nodes=np.array([NODES - 1], dtype=np.int32),
        home_nodes=nodes,
        home_neighbourhood=np.zeros(NODES, np.int32),
        people=people,
        households=round(people / MEAN_HOUSEHOLD),
    )


@cache
def small_population(people: int) -> Population:
    """The people of the small town, with the ages, speeds and cars that any town's people have."""
    return populate(small_town(people), stream=Stream(SEED), parameters=default_parameters())


def parameters_with(changed: Mapping[str, Value]) -> Parameters:
    """The shipped parameters with some replaced."""
    return default_parameters().with_overrides(dict(changed))


def evening(
    people: int,
    duration_s: float,
    changed: Mapping[str, Value],
    *,
    open_s: float = 0.0,
    night: bool = False,
    snow: Snow = Snow.NONE,
) -> Simulation:
    """A simulation of the small town without a city OS, in which nothing strikes; its shelter opens at a time."""
    situation = Situation(
        hazard=Hazard.EARTHQUAKE,
        season=Season.SUMMER,
        snow=snow,
        start_hour=12.0,
        duration_s=duration_s,
        shaking=False,
        damaged_share=np.ones(1),
        flooded_share=np.zeros(1),
        instructions=(SetShelters(open_s, (0,), is_open=True),),
        night=night,
    )
    parameters = parameters_with(changed)
    setting = Setting(small_town(people), small_population(people), situation, parameters, SEED, PaperCityOS())
    return Simulation(setting)
