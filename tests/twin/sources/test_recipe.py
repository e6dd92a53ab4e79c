"""Towns of the recipes that ship: they build, and everybody can reach a shelter and come back."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from scipy.sparse.csgraph import dijkstra

from twin.errors import InvalidSource, MissingSource
from twin.randomness import Stream
from twin.roads import Roads
from twin.shelters import Fitness, Hazard, ShelterKind
from twin.sources.recipe import build_town, recipe_names
from twin.town import Standing, Town


def reached_from(roads: Roads, allowed: npt.NDArray[np.bool_], starts: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Nodes to which a way leads from any of the starts."""
    away = dijkstra(roads.length_matrix(allowed), indices=np.asarray(starts), min_only=True)
    return np.isfinite(away)


def assert_livable(town: Town) -> None:
    """From every home node all shelters, exits and the office are reached, on foot and by car, and back."""
    goals = [shelter.node for shelter in town.shelters] + town.exit_nodes.tolist() + [town.office_node]
    for allowed in (town.roads.walk_allowed, town.roads.car_allowed):
        assert reached_from(town.roads, allowed, [goals[0]])[town.home_nodes].all()
        assert reached_from(town.roads, allowed, town.home_nodes[:1])[goals].all()
        assert len(set(town.roads.strong_parts(allowed)[[*town.home_nodes.tolist(), *goals]].tolist())) == 1


def circuity(roads: Roads) -> float:
    """Length of ways over that of straight lines, for pairs of nodes at least 200 m apart."""
    starts = Stream(5).below("test.circuity", np.arange(40), roads.nodes)
    ways = dijkstra(roads.length_matrix(roads.walk_allowed), indices=starts)
    x_m, y_m = roads.node_x_m, roads.node_y_m
    straight = np.hypot(x_m[starts][:, None] - x_m, y_m[starts][:, None] - y_m)
    counted = np.isfinite(ways) & (straight > 200.0)
    return float(ways[counted].sum() / straight[counted].sum())


def degrees(roads: Roads) -> npt.NDArray[np.int64]:
    """Streets at each node, whichever way they run."""
    ends = np.unique(np.sort(np.column_stack((roads.link_from, roads.link_to)), axis=1), axis=0)
    return np.bincount(ends.ravel(), minlength=roads.nodes)


def test_the_recipes_that_ship_are_found_by_name(recipes: Path) -> None:
    """The three towns of the command line exist."""
    assert recipe_names(recipes) == ("aizuwakamatsu", "synthetic", "ube")


def test_everybody_reaches_shelters_in_the_synthetic_town(synthetic_town: Town) -> None:
    """Homes, shelters, exits and the office are strongly connected for walkers and cars."""
    assert_livable(synthetic_town)


def test_synthetic_streets_have_the_statistics_of_real_towns(synthetic_town: Town) -> None:
    """Degree 3, street lengths and circuity lie within the measured range, give or take what one town may differ.

    Measured: degree 3 0.59-0.63, lengths 8-16, 42-54, 138-142 m, circuity 1.23-1.27; tolerance 0.03, 15 %, 0.04.
    """
    roads = synthetic_town.roads
    assert 0.56 <= (degrees(roads) == 3).mean() <= 0.66
    low, middle, high = np.percentile(roads.length_m, [10, 50, 90])
    assert 0.85 * 8.0 <= low <= 1.15 * 16.0
    assert 0.85 * 42.0 <= middle <= 1.15 * 54.0
    assert 0.85 * 138.0 <= high <= 1.15 * 142.0
    assert 1.19 <= circuity(roads) <= 1.31


def test_the_synthetic_town_has_the_published_size(synthetic_town: Town) -> None:
    """262 neighbourhoods in 11 districts, about 9,000 nodes and 25,000 links, 6 exits, 382.97 km2."""
    assert len(synthetic_town.districts) == 11
    assert len(synthetic_town.neighbourhoods) == 262
    assert 8_000 <= synthetic_town.roads.nodes <= 11_000
    assert 23_000 <= synthetic_town.roads.links <= 29_000
    assert 4 <= len(synthetic_town.exit_nodes) <= 6
    assert synthetic_town.boundary is not None
    assert shapely.Polygon(synthetic_town.boundary).area / 1e6 == pytest.approx(382.97, rel=0.01)


def test_minato_has_its_published_people(synthetic_town: Town) -> None:
    """Minato's weight is 1,800 of 113,386 people, the only district figure that is published."""
    minato = [row for row, one in enumerate(synthetic_town.districts) if one.name_en == "Minato"]
    share = sum(place.weight for place in synthetic_town.neighbourhoods if place.district in minato)
    assert share == pytest.approx(1800 / 113_386)


def assert_published_shelters(town: Town) -> None:
    """Counts by kind, the total of places and the sites suited for each hazard are the published ones."""
    kinds = Counter(shelter.kind for shelter in town.shelters)
    assert kinds == {ShelterKind.GENERAL: 70, ShelterKind.WELFARE: 32, ShelterKind.SITE: 199}
    assert sum(shelter.capacity_persons for shelter in town.shelters) == 16_304
    suited = Counter(
        hazard
        for shelter in town.shelters
        if shelter.kind is ShelterKind.SITE
        for hazard in Hazard
        if shelter.fitness_for(hazard) is Fitness.SUITED
    )
    assert suited == {
        Hazard.FLOOD: 124,
        Hazard.LANDSLIDE: 190,
        Hazard.EARTHQUAKE: 193,
        Hazard.LARGE_FIRE: 199,
        Hazard.INLAND_FLOOD: 199,
    }
    assert all(shelter.capacity_is_estimate == (shelter.kind is not ShelterKind.SITE) for shelter in town.shelters)
    assert all(
        shelter.capacity_standard_persons == int(shelter.capacity_persons * 2.0 // 3.5) for shelter in town.shelters
    )


def test_synthetic_shelters_add_up_to_the_published_figures(synthetic_town: Town) -> None:
    """102 shelters with 16,304 places and 199 sites, fit as published; welfare shelters say whom they receive."""
    assert_published_shelters(synthetic_town)
    welfare = [shelter for shelter in synthetic_town.shelters if shelter.kind is ShelterKind.WELFARE]
    assert Counter(shelter.welfare_target for shelter in welfare)["高齢者"] == 14
    assert all(shelter.capacity_persons > 0 for shelter in welfare)


def test_sixty_seven_shelters_share_their_place_and_fitness_with_a_site(synthetic_town: Town) -> None:
    """The first eleven characters of the id join a shelter with its site, as in GSI's lists."""
    sites = {one.id[:11]: one for one in synthetic_town.shelters if one.kind is ShelterKind.SITE}
    joined = [one for one in synthetic_town.shelters if one.kind is not ShelterKind.SITE and one.id[:11] in sites]
    assert len(joined) == 67
    for shelter in joined:
        assert dict(shelter.fitness) == dict(sites[shelter.id[:11]].fitness)
        assert (shelter.x_m, shelter.y_m) == (sites[shelter.id[:11]].x_m, sites[shelter.id[:11]].y_m)


def test_what_is_made_up_says_so(synthetic_town: Town) -> None:
    """Streets and places of shelters are marked synthetic, capacities estimate, in both languages."""
    standing = {note.subject: note.standing for note in synthetic_town.provenance}
    assert standing["streets"] is Standing.SYNTHETIC
    assert standing["shelters"] is Standing.SYNTHETIC
    assert standing["capacity"] is Standing.ESTIMATE
    assert all(note.source_ja and note.source_en for note in synthetic_town.provenance)
    assert synthetic_town.roads.is_synthetic


def test_the_same_seed_makes_the_same_town(recipes: Path) -> None:
    """Two builds with one seed are equal in every column; another seed gives other streets."""
    one, same, other = (build_town(recipes / "synthetic.toml", stream=Stream(seed)) for seed in (3, 3, 4))
    for name in ("node_x_m", "node_y_m", "link_from", "link_to", "length_m", "highway"):
        np.testing.assert_array_equal(getattr(one.roads, name), getattr(same.roads, name))
    assert one.shelters == same.shelters
    assert one.neighbourhoods == same.neighbourhoods
    np.testing.assert_array_equal(one.home_neighbourhood, same.home_neighbourhood)
    assert one.roads.nodes != other.roads.nodes or not np.array_equal(one.roads.node_x_m, other.roads.node_x_m)


def test_main_roads_are_faster_and_lead_out_of_town(synthetic_town: Town) -> None:
    """Every exit is left by a trunk road, and trunk roads are faster than streets of homes."""
    roads = synthetic_town.roads
    at_exit = {roads.highway[link] for link in np.flatnonzero(np.isin(roads.link_from, synthetic_town.exit_nodes))}
    assert at_exit == {"trunk"}
    speed = dict(zip(roads.highway, roads.free_speed_mps.tolist(), strict=True))
    assert speed["trunk"] > speed["tertiary"] > speed["residential"]


@pytest.mark.shared_data
def test_aizuwakamatsu_of_real_files_is_livable_and_complete(aizu_town: Town) -> None:
    """All 301 real places are there, reached from every home, and all lie in the real boundary or within 500 m."""
    assert_livable(aizu_town)
    assert_published_shelters(aizu_town)
    assert aizu_town.boundary is not None
    points = shapely.points([one.x_m for one in aizu_town.shelters], [one.y_m for one in aizu_town.shelters])
    assert shapely.distance(shapely.Polygon(aizu_town.boundary), points).max() <= 500.0


@pytest.mark.shared_data
def test_real_shelters_without_a_site_are_limited(aizu_town: Town) -> None:
    """35 shelters have no site at their place: limited for the five hazards the city designates sites for."""
    limited = [one for one in aizu_town.shelters if one.fitness_for(Hazard.LARGE_FIRE) is Fitness.LIMITED]
    assert len(limited) == 35
    assert all(one.fitness_for(Hazard.TSUNAMI) is Fitness.UNSUITED for one in limited)


@pytest.mark.shared_data
def test_the_real_boundary_has_about_the_published_area(aizu_town: Town) -> None:
    """N03's polygon encloses 382.97 km2 within 1 %, which also proves the projection."""
    assert aizu_town.boundary is not None
    assert shapely.Polygon(aizu_town.boundary).area / 1e6 == pytest.approx(382.97, rel=0.01)


@pytest.mark.shared_data
def test_exits_of_aizuwakamatsu_lie_where_highways_leave(aizu_town: Town) -> None:
    """The exits stand on trunk roads at the boundary, no two of them near each other."""
    assert 4 <= len(aizu_town.exit_nodes) <= 6
    roads = aizu_town.roads
    places = shapely.points(roads.node_x_m[aizu_town.exit_nodes], roads.node_y_m[aizu_town.exit_nodes])
    assert shapely.distance(shapely.LinearRing(aizu_town.boundary), places).max() < 1.0
    assert all(shapely.distance(one, other) > 2_900 for one, other in pairwise(places))


@pytest.mark.shared_data
def test_ube_of_real_files_is_livable(ube_town: Town) -> None:
    """The real network keeps nearly all its nodes, and the 37 shelters have their 22,750 places."""
    assert_livable(ube_town)
    assert ube_town.roads.nodes > 10_300
    assert sum(shelter.capacity_persons for shelter in ube_town.shelters) == 22_750
    assert not any(shelter.capacity_is_estimate for shelter in ube_town.shelters)
    assert not ube_town.roads.is_synthetic
    assert not ube_town.roads.car_allowed[[name == "footway" for name in ube_town.roads.highway]].any()


@pytest.mark.shared_data
def test_what_ube_lost_is_reported(ube_town: Town) -> None:
    """Nodes and links that nobody can reach and leave again are counted in the provenance."""
    dropped = [note for note in ube_town.provenance if "left out" in note.source_en]
    assert len(dropped) == 1
    assert f"{10_403 - ube_town.roads.nodes}/10403" in dropped[0].source_en


@pytest.mark.shared_data
def test_a_road_file_takes_the_place_of_the_streets(shared_data: Path, recipes: Path) -> None:
    """A GraphML file of the town replaces its streets, and the report says so."""
    skeleton = shared_data / "roads" / "aizu_synthetic_skeleton.graphml"
    town = build_town(recipes / "aizuwakamatsu.toml", data=shared_data, roads_file=skeleton, stream=Stream(1))
    assert_livable(town)
    assert town.roads.nodes < 1_125
    assert any(note.subject == "streets" and skeleton.name in note.source_en for note in town.provenance)


@pytest.mark.shared_data
def test_a_road_file_of_another_town_is_refused(shared_data: Path, recipes: Path) -> None:
    """Roads without a path to any shelter: the message names the file, the distance and what to do."""
    tachikawa = shared_data / "roads" / "substitutes" / "tachikawa_drive.graphml"
    with pytest.raises(InvalidSource, match=r"tachikawa_drive\.graphml: no path to any shelter.* km.*--roads"):
        build_town(recipes / "synthetic.toml", roads_file=tachikawa, stream=Stream(1))


@pytest.mark.shared_data
def test_any_town_can_be_made_of_a_road_file_and_a_list(shared_data: Path, tmp_path: Path) -> None:
    """Tachikawa's real driving network and a hand-made list of shelters make a town where one-ways bind cars only."""
    (tmp_path / "sites.csv").write_text(
        "ID,名称,緯度,経度,想定収容人数,全国地方公共団体コード,災害種別_地震\n"
        "a,第一小学校,35.695,139.412,300,132021,1\nb,公園,35.71,139.41,,132021,1\n",
        encoding="utf-8",
    )
    recipe = tmp_path / "tachikawa.toml"
    recipe.write_text(TACHIKAWA, encoding="utf-8")
    roads = shared_data / "roads" / "substitutes" / "tachikawa_drive.graphml"
    town = build_town(recipe, data=tmp_path, roads_file=roads, stream=Stream(1))
    assert_livable(town)
    assert [shelter.kind for shelter in town.shelters] == [ShelterKind.GENERAL, ShelterKind.SITE]
    assert len(town.neighbourhoods) == 60
    assert (town.roads.reverse >= 0).all()
    assert not town.roads.car_allowed.all()


TACHIKAWA = """
[town]
code = "132021"
name = "立川市"
name_en = "Tachikawa"
office_lat = 35.714
office_lon = 139.408
office_source = "test"
people = 300
households = 130
people_source = "test"
[districts]
kind = "cells"
columns = 4
rows = 3
neighbourhoods = 60
[streets]
kind = "walking_network"
network_nodes = "absent.csv"
network_edges = "absent.csv"
[shelters]
kind = "standard_csv"
sites = "sites.csv"
area_m2_per_person = 2.0
[boundary]
kind = "hull"
margin_m = 500.0
"""


def test_a_recipe_of_real_files_asks_for_their_folder(recipes: Path, tmp_path: Path) -> None:
    """Without --data, with no such folder and with an empty one, the message says what is missing and what to do."""
    with pytest.raises(MissingSource, match=r"needs 3 files of real data.*--data"):
        build_town(recipes / "ube.toml", stream=Stream(1))
    with pytest.raises(MissingSource, match="is no folder"):
        build_town(recipes / "ube.toml", data=tmp_path / "absent", stream=Stream(1))
    with pytest.raises(MissingSource, match=r"lacks .*ube_walk_nodes.*ube_walk_edges.*ube_shelters"):
        build_town(recipes / "ube.toml", data=tmp_path, stream=Stream(1))


def test_road_files_of_other_kinds_are_refused(recipes: Path, tmp_path: Path) -> None:
    """Only OSM XML and GraphML are read; an absent file is called absent."""
    with pytest.raises(InvalidSource, match=r"kind '\.shp' is unknown"):
        build_town(recipes / "synthetic.toml", roads_file=tmp_path / "a.shp", stream=Stream(1))
    for name in ("a.osm", "a.graphml"):
        with pytest.raises(MissingSource, match="is no file"):
            build_town(recipes / "synthetic.toml", roads_file=tmp_path / name, stream=Stream(1))


def test_a_recipe_cannot_have_more_households_than_people(recipes: Path, tmp_path: Path) -> None:
    """The fault names both numbers and the line."""
    text = (recipes / "synthetic.toml").read_text(encoding="utf-8").replace("people = 113386", "people = 40000")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidSource, match=r"wrong\.toml:\d+: 40000 people in 48983 households"):
        build_town(wrong, stream=Stream(1))
