"""Turns the selectors of a scenario into rows of a town: districts, shelters, links."""

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from conformance.toml_lines import LineIndex
from conformance.toml_lines import Path as KeyPath
from scenarios.errors import Fault, hint_for
from scenarios.reader import behaviour_faults, lines_of
from scenarios.scenario import (
    CloseRoad,
    CloseShelter,
    DistrictSelector,
    Impact,
    OpenShelter,
    Scenario,
    ScenarioEvent,
    ShelterGroup,
    ShelterSelector,
)
from twin.parameters import Parameters
from twin.randomness import Stream
from twin.shelters import Fitness, Hazard
from twin.town import Town

Int32Array = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


def select_districts(selector: DistrictSelector, town: Town, hazard: Hazard) -> tuple[int, ...]:
    """Rows of the districts, by row; unknown names are left out (``check_against`` tells of them).

    ``exposed:N`` ranks by the share of a district's places that are unsuited to the hazard, ``largest:N`` by people;
    equals by code.
    """
    if not isinstance(selector, str):
        return tuple(row for row, one in enumerate(town.districts) if {one.name, one.name_en, one.code} & set(selector))
    if selector == "all":
        return tuple(range(len(town.districts)))
    ranking, _, count = selector.partition(":")
    scores = _exposure(town, hazard) if ranking == "exposed" else _weights(town)
    by_score = sorted(range(len(scores)), key=lambda row: (-scores[row], town.districts[row].code))
    return tuple(sorted(by_score[: int(count)]))


def _exposure(town: Town, hazard: Hazard) -> list[float]:
    unsuited, places = [0] * len(town.districts), [0] * len(town.districts)
    for shelter in town.shelters:
        places[shelter.district] += 1
        unsuited[shelter.district] += shelter.fitness_for(hazard) is Fitness.UNSUITED
    return [bad / max(1, all_) for bad, all_ in zip(unsuited, places, strict=True)]


def _weights(town: Town) -> list[float]:
    weights = [0.0] * len(town.districts)
    for neighbourhood in town.neighbourhoods:
        weights[neighbourhood.district] += neighbourhood.weight
    return weights


def select_shelters(selector: ShelterSelector, town: Town, hazard: Hazard, share: float = 1.0) -> tuple[int, ...]:
    """Rows of the shelters: those named, or the largest of a group that make up a share (0..1, rounded up) of it."""
    rows = _candidates(selector, town, hazard)
    if not isinstance(selector, ShelterGroup):
        return tuple(rows)
    return tuple(rows[: _rounded_up(share * len(rows))])


def opened_by(event: OpenShelter, town: Town, hazard: Hazard, already: Collection[int] = ()) -> tuple[int, ...]:
    """Rows of the shelters that an event opens, of those in its districts; ``already`` are the rows open before."""
    within = set(select_districts(event.districts, town, hazard))
    rows = [row for row in _candidates(event.shelters, town, hazard) if town.shelters[row].district in within]
    if event.more is not None:
        return tuple([row for row in rows if row not in already][: event.more])
    if not isinstance(event.shelters, ShelterGroup):
        return tuple(rows)
    return tuple(rows[: _rounded_up(event.share * len(rows))])


def open_at_once(scenario: Scenario, town: Town) -> list[tuple[int, ...]]:
    """What each event of the timeline opens or closes, in order; nothing for events of another kind."""
    is_open: set[int] = set()
    rows: list[tuple[int, ...]] = []
    for event in scenario.timeline():
        changed: tuple[int, ...] = ()
        if isinstance(event, OpenShelter):
            changed = opened_by(event, town, scenario.hazard, is_open)
            is_open |= set(changed)
        elif isinstance(event, CloseShelter):
            changed = select_shelters(event.shelters, town, scenario.hazard)
            is_open -= set(changed)
        rows.append(changed)
    return rows


def _rounded_up(number: float) -> int:
    # 1e-9: a share of 0.3 of 10 is 3, not the 4 that rounding up 3.0000000000000004 would give.
    return math.ceil(number - 1e-9)


def _candidates(selector: ShelterSelector, town: Town, hazard: Hazard) -> list[int]:
    """Rows of the shelters named, in the town's order, or of a group, the largest first."""
    if not isinstance(selector, ShelterGroup):
        return [row for row, one in enumerate(town.shelters) if {one.id, one.name} & set(selector)]
    kinds = {str(selector)} if selector is not ShelterGroup.ALL else {"general", "welfare", "site"}
    rows = [
        row
        for row, one in enumerate(town.shelters)
        if one.kind in kinds and one.fitness_for(hazard) is not Fitness.UNSUITED
    ]
    rows.sort(key=lambda row: (-town.shelters[row].capacity_persons, town.shelters[row].id))
    return rows


def select_links(event: CloseRoad, town: Town, scenario: Scenario) -> Int32Array:
    """Rows of the links that a closure closes: both directions together, drawn by the scenario's seed."""
    roads = town.roads
    both = np.where(roads.reverse >= 0, np.minimum(np.arange(roads.links), roads.reverse), np.arange(roads.links))
    draws = Stream(scenario.seed).uniform(f"scenario/close_road/{event.closure}", both)
    return np.flatnonzero(_named_links(event, town, scenario.hazard) & (draws < event.share)).astype(np.int32)


def _named_links(event: CloseRoad, town: Town, hazard: Hazard) -> BoolArray:
    """The links that lie in all that a closure names, by their middle."""
    roads = town.roads
    x_m = (roads.node_x_m[roads.link_from] + roads.node_x_m[roads.link_to]) / 2
    y_m = (roads.node_y_m[roads.link_from] + roads.node_y_m[roads.link_to]) / 2
    named: BoolArray = np.ones(roads.links, dtype=np.bool_)
    if event.highway:
        named &= np.isin(np.asarray(roads.highway), event.highway)
    if event.districts != "all":
        centres = [(one.x_m, one.y_m) for one in town.neighbourhoods]
        nearest = cKDTree(np.asarray(centres)).query(np.column_stack((x_m, y_m)))[1]
        district = np.asarray([one.district for one in town.neighbourhoods])[nearest]
        named &= np.isin(district, select_districts(event.districts, town, hazard))
    if event.box is not None:
        west, south, east, north = event.box
        lon, lat = town.projection.to_degrees(x_m, y_m)
        named &= (west <= lon) & (lon <= east) & (south <= lat) & (lat <= north)
    return named


def check_against(scenario: Scenario, town: Town, parameters: Parameters, path: Path | None = None) -> list[Fault]:
    """What the scenario names that town and parameters do not have; with lines if the file is given."""
    index = LineIndex({}) if path is None else lines_of(path)
    found = [*place_faults(scenario, town), *_override_faults(scenario, parameters)]
    where = "" if path is None else f"{path}:"
    return [Fault(where and f"{where}{index.line_of(at)}", fault.key, fault.values) for at, fault in found]


def _override_faults(scenario: Scenario, parameters: Parameters) -> Iterator[tuple[KeyPath, Fault]]:
    for key, fault in behaviour_faults(scenario.behaviour, parameters):
        yield ("behaviour", *key.split(".")), fault


def place_faults(scenario: Scenario, town: Town) -> Iterator[tuple[KeyPath, Fault]]:
    """What the scenario names that the town does not have, each with its place in the file."""
    by_time = sorted(range(len(scenario.event)), key=lambda number: scenario.event[number].at_s)
    for number, rows in zip(by_time, open_at_once(scenario, town), strict=True):
        event = scenario.event[number]
        if isinstance(event, OpenShelter) and event.more is not None and len(rows) < event.more:
            values = {"value": event.more, "left": len(rows), "town": town.name}
            yield ("event", number, "more"), Fault("", "few_shelters", values)
    for name, entries in (("impact", scenario.impact), ("event", scenario.event)):
        for number, entry in enumerate(entries):
            for key, fault in _entry_faults(entry, scenario, town):
                yield (name, number, key), fault


def _entry_faults(entry: Impact | ScenarioEvent, scenario: Scenario, town: Town) -> Iterator[tuple[str, Fault]]:
    districts = getattr(entry, "districts", "all")
    known = {name for one in town.districts for name in (one.name, one.name_en, one.code)}
    for name in _names(districts):
        if name not in known:
            yield "districts", _unknown("unknown_district", "districts", name, (town, [d.name for d in town.districts]))
    if isinstance(entry, OpenShelter | CloseShelter):
        ids = {name for one in town.shelters for name in (one.id, one.name)}
        for name in _names(entry.shelters):
            if name not in ids:
                yield "shelters", _unknown("unknown_shelter", "shelters", name, (town, sorted(ids)))
    if isinstance(entry, CloseRoad) and not _named_links(entry, town, scenario.hazard).any():
        yield "closure", Fault("", "no_roads", {"value": f'"{entry.closure}"', "town": town.name})


def _names(selector: str | tuple[str, ...]) -> tuple[str, ...]:
    return () if isinstance(selector, str) else selector


def _unknown(message: str, key: str, name: str, known: tuple[Town, Sequence[str]]) -> Fault:
    town, names = known
    return Fault("", message, {"key": key, "value": f'"{name}"', "town": town.name, "hint": hint_for(name, names)})
