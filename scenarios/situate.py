"""Makes a scenario concrete: its selectors become rows of a town, its events instructions to the agents."""

import numpy as np
import numpy.typing as npt

from agents import situation
from agents.situation import Instruction, Situation
from scenarios.places import open_at_once, select_districts, select_links
from scenarios.scenario import (
    Alert,
    CloseRoad,
    CloseShelter,
    Declare,
    EndDisaster,
    NetworkLost,
    OpenShelter,
    Order,
    PowerLost,
    ReopenRoad,
    Restored,
    Scenario,
    ScenarioEvent,
    SendVehicles,
    Snow,
)
from twin.population import Mode
from twin.shelters import Hazard
from twin.town import Town

FloatArray = npt.NDArray[np.float64]
_SNOW = {
    Snow.NONE: situation.Snow.NONE,
    Snow.SHALLOW: situation.Snow.SHALLOW,
    Snow.KNEE: situation.Snow.BELOW_KNEE,
}


def situation_of(scenario: Scenario, town: Town) -> Situation:
    """The situation that a scenario puts a town in; in a drill the agreed start stands for the shaking."""
    start = scenario.start
    told = zip(scenario.timeline(), open_at_once(scenario, town), strict=True)
    events = [(event, shelters) for event, shelters in told if event.at_s <= scenario.duration_s]
    return Situation(
        hazard=scenario.hazard,
        season=situation.Season[scenario.season.name],
        snow=_SNOW[scenario.weather.snow],
        start_hour=start.hour + start.minute / 60 + start.second / 3600,
        duration_s=scenario.duration_s,
        shaking=scenario.hazard is Hazard.EARTHQUAKE,
        damaged_share=_shares(scenario, town, "damaged_share"),
        flooded_share=_shares(scenario, town, "flooded_share"),
        instructions=tuple(_instruction(event, shelters, scenario, town) for event, shelters in events),
        night=scenario.weather.night,
    )


def _shares(scenario: Scenario, town: Town, name: str) -> FloatArray:
    shares: FloatArray = np.zeros(len(town.districts))
    for impact in scenario.impact:
        shares[list(select_districts(impact.districts, town, scenario.hazard))] = getattr(impact, name)
    return shares


def _instruction(event: ScenarioEvent, shelters: tuple[int, ...], scenario: Scenario, town: Town) -> Instruction:
    if isinstance(event, EndDisaster):
        return situation.Declare(event.at_s, Mode.NORMAL, tuple(range(len(town.districts))))
    if isinstance(event, OpenShelter | CloseShelter):
        return situation.SetShelters(event.at_s, shelters, isinstance(event, OpenShelter))
    if isinstance(event, CloseRoad):
        return situation.SetLinks(event.at_s, select_links(event, town, scenario), is_open=False, walkers=event.walkers)
    if isinstance(event, ReopenRoad):
        closing = next(one for one in scenario.event if isinstance(one, CloseRoad) and one.closure == event.closure)
        return situation.SetLinks(event.at_s, select_links(closing, town, scenario), is_open=True)
    return _in_districts(event, select_districts(event.districts, town, scenario.hazard), scenario)


def _in_districts(
    event: Alert | Declare | Order | SendVehicles | PowerLost | NetworkLost | Restored,
    districts: tuple[int, ...],
    scenario: Scenario,
) -> Instruction:
    if isinstance(event, SendVehicles):
        return situation.SendVehicles(event.at_s, districts)
    if isinstance(event, Declare):
        return situation.Declare(event.at_s, Mode(event.mode), districts)
    if isinstance(event, Order):
        return situation.Order(event.at_s, districts, event.level, event.text_ja)
    if isinstance(event, Alert):
        return situation.Alert(event.at_s, districts, scenario.title_ja, event.text_ja)
    if isinstance(event, Restored):
        return situation.SetService(event.at_s, situation.Service(event.service), districts, 1.0, is_up=True)
    service = situation.Service.POWER if isinstance(event, PowerLost) else situation.Service.NETWORK
    return situation.SetService(event.at_s, service, districts, event.share, is_up=False)
