"""Places: selectors become the right rows of a town, and what is not there is told."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from scenario_values import scenarios
from strategies import tiny_town

from scenarios.defaults import default_parameters
from scenarios.places import check_against, open_at_once, select_districts, select_links, select_shelters
from scenarios.reader import find_scenario, read_scenario
from scenarios.scenario import CloseRoad, CloseShelter, Impact, OpenShelter, Order, Scenario, ShelterGroup
from scenarios.situate import situation_of
from scenarios.writer import scenario_text
from twin.shelters import Fitness, Hazard, Shelter, ShelterKind
from twin.town import Town

TOWN = tiny_town()
DRILL = read_scenario(find_scenario("drill"))


def town_with(*shelters: Shelter) -> Town:
    """The tiny town with other shelters."""
    return replace(TOWN, shelters=shelters)


def place(number: int, *, capacity: int = 10, district: int = 0, fitness: Fitness = Fitness.SUITED) -> Shelter:
    """A shelter of the tiny town that differs in what a test is about."""
    own = replace(TOWN.shelters[0], id=f"s{number}", name=f"避難所{number}", kind=ShelterKind.GENERAL)
    return replace(own, capacity_persons=capacity, district=district, fitness={Hazard.FLOOD: fitness})


@given(scenarios())
def test_selections_are_rows_of_the_town(scenario: Scenario) -> None:
    """Whatever is selected exists, once, and the situation of any scenario can be made."""
    situation = situation_of(scenario, TOWN)
    assert len(situation.damaged_share) == len(TOWN.districts)
    times = [one.at_s for one in situation.instructions]
    assert times == sorted(times)
    for one in situation.instructions:
        districts, shelters = getattr(one, "districts", ()), getattr(one, "shelters", ())
        assert set(districts) <= set(range(len(TOWN.districts)))
        assert set(shelters) <= set(range(len(TOWN.shelters)))
        assert len(set(shelters)) == len(shelters)


def test_districts_by_rank_and_name() -> None:
    """all, largest:N by people, exposed:N by places unsuited, names and codes; never more than there are."""
    count = len(TOWN.districts)
    assert count == 2
    weights = [sum(n.weight for n in TOWN.neighbourhoods if n.district == row) for row in range(count)]
    assert select_districts("all", TOWN, Hazard.FLOOD) == tuple(range(count))
    assert select_districts("largest:1", TOWN, Hazard.FLOOD) == (int(np.argmax(weights)),)
    assert select_districts("largest:99", TOWN, Hazard.FLOOD) == tuple(range(count))
    town = town_with(place(0, district=0), place(1, district=1, fitness=Fitness.UNSUITED), place(2, district=1))
    assert select_districts("exposed:1", town, Hazard.FLOOD) == (1,)
    assert select_districts((TOWN.districts[1].name, TOWN.districts[0].code), TOWN, Hazard.FLOOD) == (0, 1)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.floats(0, 1), st.floats(0, 1))
def test_shares_of_shelters_grow_from_the_largest(capacities: list[int], one: float, other: float) -> None:
    """A larger share holds all of a smaller one, none left out is larger, and the share is met."""
    town = town_with(*(place(number, capacity=capacity) for number, capacity in enumerate(capacities)))
    small, large = (set(select_shelters(ShelterGroup.GENERAL, town, Hazard.FLOOD, s)) for s in sorted((one, other)))
    assert small <= large
    assert len(large) >= max(one, other) * len(capacities) - 1e-6
    assert len(large) < max(one, other) * len(capacities) + 1
    rest = set(range(len(capacities))) - large
    assert not rest or not large or max(capacities[r] for r in rest) <= min(capacities[r] for r in large)


def test_groups_leave_out_unsuited_places_and_names_do_not() -> None:
    """A group opens no place unsuited to the hazard; whoever names one means it."""
    town = town_with(place(0, fitness=Fitness.UNSUITED), place(1, fitness=Fitness.LIMITED), place(2))
    assert set(select_shelters(ShelterGroup.ALL, town, Hazard.FLOOD)) == {1, 2}
    assert set(select_shelters(ShelterGroup.GENERAL, town, Hazard.FLOOD)) == {1, 2}
    assert select_shelters(ShelterGroup.WELFARE, town, Hazard.FLOOD) == ()
    assert select_shelters(("s0",), town, Hazard.FLOOD) == (0,)


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_closures_take_both_directions_and_grow_with_their_share(one: float, other: float, seed: int) -> None:
    """A closed street is closed both ways; a larger share closes all that a smaller one does; 0 none, 1 all."""
    scenario = structs.replace(DRILL, seed=seed)
    small, large = (
        set(select_links(CloseRoad(at="0:00", closure="x", share=share), TOWN, scenario).tolist())
        for share in sorted((one, other))
    )
    assert small <= large
    assert {int(TOWN.roads.reverse[link]) for link in large if TOWN.roads.reverse[link] >= 0} <= large
    whole = select_links(CloseRoad(at="0:00", closure="x", share=1), TOWN, scenario)
    assert len(whole) == TOWN.roads.links
    assert len(select_links(CloseRoad(at="0:00", closure="x", share=0), TOWN, scenario)) == 0


def test_closures_keep_to_what_they_name() -> None:
    """Districts, classes and boxes each narrow a closure; districts together make the whole."""
    apart = [replace(one, x_m=TOWN.districts[one.district].x_m) for one in TOWN.neighbourhoods]
    town = replace(TOWN, neighbourhoods=tuple(apart))
    whole = CloseRoad(at="0:00", closure="x", share=1)
    parts = [
        set(select_links(structs.replace(whole, districts=(one.code,)), town, DRILL).tolist()) for one in town.districts
    ]
    assert all(parts)
    assert set.union(*parts) == set(range(TOWN.roads.links))
    assert sum(map(len, parts)) == TOWN.roads.links
    assert len(select_links(structs.replace(whole, highway=(TOWN.roads.highway[0],)), TOWN, DRILL)) > 0
    assert len(select_links(structs.replace(whole, highway=("motorway",)), TOWN, DRILL)) == 0
    lon, _ = TOWN.projection.to_degrees(TOWN.roads.node_x_m, TOWN.roads.node_y_m)
    middle = float((lon.min() + lon.max()) / 2)
    sides = [(-180.0, -90.0, middle, 90.0), (middle, -90.0, 180.0, 90.0)]
    halves = [set(select_links(structs.replace(whole, box=box), TOWN, DRILL).tolist()) for box in sides]
    assert all(halves)
    assert len(set.union(*halves)) == TOWN.roads.links


def test_later_impacts_win() -> None:
    """An impact on one district replaces that on all."""
    impacts = (Impact(damaged_share=0.5), Impact(districts=(TOWN.districts[1].code,), damaged_share=0.1))
    situation = situation_of(structs.replace(DRILL, impact=impacts), TOWN)
    assert situation.damaged_share.tolist() == [0.5, 0.1]


def test_hours_cut_events() -> None:
    """Events after the end that the user asked for are left out; only an earthquake is felt."""
    quake = read_scenario(find_scenario("earthquake_winter"))
    assert situation_of(quake, TOWN).shaking
    assert not situation_of(read_scenario(find_scenario("flood_night")), TOWN).shaking
    short = situation_of(structs.replace(quake, duration_h=0.5), TOWN)
    assert 0 < len(short.instructions) < len(quake.event)
    assert max(one.at_s for one in short.instructions) <= 1800


def test_what_the_town_does_not_have_is_told_with_lines(tmp_path: Path) -> None:
    """Unknown districts, shelters, closures without roads and overrides come together, by line."""
    scenario = structs.replace(
        DRILL,
        impact=(Impact(districts=("nowhere",), damaged_share=0.5),),
        event=(
            OpenShelter(at="0:00", shelters=(TOWN.shelters[0].id, "no shelter")),
            CloseRoad(at="0:00", closure="x", share=0.5, highway=("motorway",)),
            Order(at="0:00", level=4, districts=("also nowhere",), text_ja="x", text_en="x"),
        ),
        behaviour={"no.such": 1.0},
    )
    path = tmp_path / "bad.toml"
    path.write_text(scenario_text(scenario), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    told = [str(fault) for fault in check_against(scenario, TOWN, default_parameters(), path)]
    assert len(told) == 5
    for fault, words in zip(told, ("nowhere", "no shelter", "closure", "also nowhere", "no.such"), strict=True):
        line = int(fault.removeprefix(f"{path}:").split(":")[0])
        assert words in fault or words == "closure"
        assert words in lines[line - 1]


@pytest.mark.parametrize("name", ["drill", "earthquake_winter", "flood_night"])
def test_shipped_scenarios_fit_any_town(name: str) -> None:
    """The shipped scenarios name nothing that a town could lack."""
    scenario = read_scenario(find_scenario(name))
    assert check_against(scenario, TOWN, default_parameters()) == []


def flooded(*events: OpenShelter | CloseShelter) -> Scenario:
    """A flood with these events alone."""
    return structs.replace(DRILL, hazard=Hazard.FLOOD, impact=(), event=events)


def test_three_more_are_the_largest_not_open_yet_in_the_districts() -> None:
    """``more`` opens so many that are closed at that time, the largest first, and only where it says."""
    places = [place(row, capacity=10 + row, district=row % 2) for row in range(8)]
    town = town_with(*places)
    code = town.districts[1].code
    scenario = flooded(
        OpenShelter(at="0:40", shelters=ShelterGroup.GENERAL, districts=(code,), more=2),
        OpenShelter(at="0:20", shelters=ShelterGroup.GENERAL, share=0.25),
        CloseShelter(at="0:30", shelters=("s6",)),
        OpenShelter(at="0:50", shelters=ShelterGroup.GENERAL, more=2),
    )
    assert open_at_once(scenario, town) == [(7, 6), (6,), (5, 3), (6, 4)]


def test_more_than_are_left_is_a_fault() -> None:
    """Who asks for more shelters than are left closed is told how many are."""
    town = town_with(*(place(row) for row in range(3)))
    opening = OpenShelter(at="0:10", shelters=ShelterGroup.GENERAL, more=4)
    (fault,) = check_against(flooded(opening), town, default_parameters())
    assert "only 3 shelters" in str(fault)
    assert check_against(flooded(structs.replace(opening, more=3)), town, default_parameters()) == []
