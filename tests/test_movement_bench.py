"""The workload of the movement benchmark is the one that the issue names, and the same wherever it is made."""

from pathlib import Path

import numpy as np
import pytest
from movement_bench.streets import town_streets
from movement_bench.workload import CAR, FOOT, Workload, city, grid, named, part_of
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from twin.randomness import Stream


@pytest.fixture(scope="module")
def whole() -> Workload:
    """The whole city."""
    return city()


def test_the_city_has_the_numbers_of_the_issue(whole: Workload) -> None:
    """10,000 nodes, 25,000 links, 60 shelters, 33,203 cars and 35,515 walkers within two hours."""
    sizes = (len(whole.node_x_m), len(whole.link_from), len(np.unique(whole.destination_node)))
    assert sizes == (10_000, 25_000, 60)
    assert (int((whole.mode == CAR).sum()), int((whole.mode == FOOT).sum())) == (33_203, 35_515)
    assert 0.0 <= whole.departure_s.min() <= whole.departure_s.max() <= 7200.0
    assert bool((np.diff(whole.departure_s) >= 0.0).all())


def test_streets_have_the_statistics_of_japanese_towns(whole: Workload) -> None:
    """Degree 3 and street lengths as measured (twin/data/streets.toml): 0.59-0.63, 8-16, 42-54, 138-142 m."""
    three_arms = float((np.bincount(whole.link_from) == 3).mean())
    low, middle, high = np.percentile(whole.length_m, (10, 50, 90))
    assert 0.56 <= three_arms <= 0.66
    assert 8.0 * 0.85 <= low <= 16.0 * 1.15
    assert 42.0 <= middle <= 54.0
    assert 138.0 * 0.85 <= high <= 142.0 * 1.15


def test_everybody_can_get_everywhere(whole: Workload) -> None:
    """The streets are one strongly connected piece."""
    graph = coo_array((np.ones(len(whole.link_from)), (whole.link_from, whole.link_to)), shape=(10_000, 10_000))
    assert connected_components(graph, connection="strong")[0] == 1


def test_a_workload_is_the_same_to_the_bit_each_time(whole: Workload, tmp_path: Path) -> None:
    """Made again, and read from a file, every array is equal."""
    whole.save(tmp_path / "city.npz")
    for other in (city(), Workload.load(tmp_path / "city.npz")):
        for name, column in vars(whole).items():
            assert np.array_equal(column, getattr(other, name)), name


def test_more_people_have_roads_with_room_for_them(whole: Workload) -> None:
    """A million people go over the same streets, flow and storage nine times as large."""
    million = city(people=1_000_000 / 111_003)
    factor = million.trips / whole.trips
    assert factor == pytest.approx(1_000_000 / 111_003, rel=1e-4)
    assert million.length_m.sum() == whole.length_m.sum()
    for name in ("capacity_vps", "jam_density_vpm", "walk_width_m"):
        assert getattr(million, name).sum() == pytest.approx(factor * getattr(whole, name).sum(), rel=1e-4)


def test_halved_capacities_change_nothing_else(whole: Workload) -> None:
    """Only the flow of links differs."""
    halved = city(capacity=0.5)
    changed = [name for name, column in vars(whole).items() if not np.array_equal(column, getattr(halved, name))]
    assert changed == ["capacity_vps"]
    assert np.array_equal(halved.capacity_vps, 0.5 * whole.capacity_vps)


def test_a_city_that_the_pattern_cannot_hold_is_refused() -> None:
    """Three streets to each node are more than the pattern has."""
    with pytest.raises(ValueError, match="streets of"):
        town_streets(1000, 6000, 5, Stream(1))


def test_grids_have_trips_between_different_nodes() -> None:
    """121 nodes, all cars, nobody stays where they are."""
    small = grid(11, 600)
    assert len(small.node_x_m) == 121
    assert len(small.link_from) == 2 * 2 * 11 * 10
    assert bool((small.origin_node != small.destination_node).all())
    assert small.trips == 600


def test_a_part_keeps_the_mix(whole: Workload) -> None:
    """A thousand people are every 111th trip, on the whole network."""
    part = part_of(whole, 1000)
    assert part.trips == pytest.approx(whole.trips * 1000 / 111_003, abs=1.0)
    assert len(part.link_from) == len(whole.link_from)
    assert float(part.mode.mean()) == pytest.approx(float(whole.mode.mean()), abs=0.06)


def test_a_named_workload_is_made_once(tmp_path: Path) -> None:
    """The second call reads what the first wrote."""
    first = named("thousand", tmp_path)
    written = first.stat().st_mtime_ns
    assert named("thousand", tmp_path) == first
    assert first.stat().st_mtime_ns == written
