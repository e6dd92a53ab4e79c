"""The smaller parts of town building: sharing out, drafts, cells, boundaries, highways, points, capacities."""

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import grid_roads
from twin.errors import InvalidSource, MissingSource
from twin.parameters import load_parameters
from twin.randomness import Stream
from twin.shelters import ShelterKind
from twin.sources.apportion import apportion
from twin.sources.boundary import hull_of, read_boundary
from twin.sources.capacities import with_capacities
from twin.sources.cells import Grid, cell_places
from twin.sources.draft import Draft
from twin.sources.exits import exits_by_sector
from twin.sources.figures import load_figures
from twin.sources.local_streets import Settlement, connected, local_streets
from twin.sources.national_highways import read_highways, with_highways
from twin.sources.shelter_rows import ShelterRow
from twin.sources.town_points import read_town_points
from twin.units import Projection

HERE = Projection(37.494833, 139.92975)
PARAMETERS = load_parameters("twin", "streets.toml").merged(load_parameters("twin", "sources.toml"))


@given(st.integers(0, 100_000), st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50))
def test_parts_add_up_and_are_fair(total: int, weights: list[float]) -> None:
    """The parts add up to the total, and each is its exact share rounded down or up."""
    parts = apportion(total, weights)
    exact = total * np.array(weights) / sum(weights)
    assert parts.sum() == total
    assert (np.abs(parts - exact) < 1.0 + 1e-9 * total).all()


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Plans of a few nodes at different places and any streets between them, no loops and none double."""
    nodes = draw(st.integers(4, 10))
    cells = draw(st.lists(st.integers(0, 399), min_size=nodes, max_size=nodes, unique=True))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda ends: ends[0] < ends[1])
    streets = sorted(draw(st.sets(pair, min_size=1, max_size=14)))
    # A little off the grid, so that triangles exist.
    x_m = np.array([10.0 * (cell % 20) + 0.01 * cell for cell in cells])
    y_m = np.array([10.0 * (cell // 20) + 0.013 * cell**1.5 for cell in cells])
    return Draft(
        x_m=x_m,
        y_m=y_m,
        a=np.array([street[0] for street in streets]),
        b=np.array([street[1] for street in streets]),
        length_m=np.array([1.0 + number for number in range(len(streets))]),
        highway=np.full(len(streets), "residential"),
    )


@given(drafts(), st.integers(0, 1023))
def test_merging_bends_keeps_length_and_connection(plan: Draft, stay: int) -> None:
    """No metre of street is lost, parts stay parts, no ring or double street appears, and what shall stay stays."""
    keep = np.array([bool(stay >> node & 1) for node in range(plan.nodes)])
    merged = plan.without_mere_bends(keep)
    assert set(plan.x_m[keep].tolist()) <= set(merged.x_m.tolist())
    assert merged.length_m.sum() == pytest.approx(plan.length_m.sum())
    assert len(set(merged.components().tolist())) == len(set(plan.components().tolist()))
    pairs = {tuple(sorted(pair)) for pair in zip(merged.a.tolist(), merged.b.tolist(), strict=True)}
    assert len(pairs) == len(merged.a)
    assert (merged.a != merged.b).all()
    kept = {(x, y): d for x, y, d in zip(plan.x_m, plan.y_m, plan.degree(), strict=True)}
    assert all(kept[x, y] == d for x, y, d in zip(merged.x_m, merged.y_m, merged.degree(), strict=True))


def test_a_chain_of_bends_becomes_one_street() -> None:
    """A hundred bends in a row leave two ends and one street of the whole length."""
    count = 102
    steps = np.arange(count - 1)
    chain = Draft(
        np.arange(count) * 10.0, np.zeros(count), steps, steps + 1, np.full(count - 1, 10.0), np.full(count - 1, "path")
    )
    merged = chain.without_mere_bends(np.zeros(count, dtype=np.bool_))
    assert (merged.nodes, merged.length_m.tolist()) == (2, [1010.0])


@given(drafts())
def test_connecting_makes_one_part(plan: Draft) -> None:
    """Whatever falls apart is joined, and what is one part stays as it is."""
    whole = connected(plan, PARAMETERS)
    assert set(whole.components().tolist()) == {0}
    if set(plan.components().tolist()) == {0}:
        assert whole is plan


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_streets_reach_every_place(seed: int) -> None:
    """Each place of a settlement has a street within 250 m, all in one part, and about as many nodes as asked for."""
    stream = Stream(seed)
    places = Settlement(
        10_000.0 * stream.uniform("x", np.arange(30)),
        10_000.0 * stream.uniform("y", np.arange(30)),
        stream.uniform("w", np.arange(30)),
    )
    plan = local_streets(places, 2000, PARAMETERS, stream)
    away = np.hypot(plan.x_m[:, None] - places.x_m, plan.y_m[:, None] - places.y_m).min(axis=0)
    assert away.max() < 250.0
    assert set(plan.components().tolist()) == {0}
    assert 1700 <= plan.nodes <= 2400


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 36))
def test_cells_share_out_all_homes(columns: int, rows: int, neighbourhoods: int) -> None:
    """Weights add up to 1, each neighbourhood lies in its district, and there are as many as asked for."""
    places = cell_places(grid_roads(), Grid(columns, rows, neighbourhoods), "x")
    assert places.weight.sum() == pytest.approx(1.0)
    assert len(places.names) == max(neighbourhoods, len(places.districts))
    assert len(places.districts) == columns * rows
    assert len(set(places.names)) == len(places.names)
    assert set(places.district.tolist()) == set(range(len(places.districts)))


def test_more_neighbourhoods_than_homes_are_refused_by_file() -> None:
    """The message names the road file and both numbers."""
    with pytest.raises(InvalidSource, match=r"block\.osm: 36 nodes .* for 37 neighbourhoods"):
        cell_places(grid_roads(), Grid(1, 1, 37), "block.osm")


def test_exits_lie_far_out_one_in_each_sector() -> None:
    """On a square grid without main roads each sector's exit is its farthest node."""
    roads = grid_roads()
    exits = exits_by_sector(roads, 4, 1.0)
    assert len(exits) == 4
    np.testing.assert_allclose(np.hypot(exits[:, 0] - 250.0, exits[:, 1] - 250.0), np.hypot(250.0, 250.0))


def write_json(path: Path, table: object) -> Path:
    """A JSON file."""
    path.write_text(json.dumps(table), encoding="utf-8")
    return path


def square(low: float, high: float) -> dict[str, object]:
    """A feature: a square from the office, in degrees."""
    ring = [(low, low), (high, low), (high, high), (low, high), (low, low)]
    points = [[139.92975 + lon, 37.494833 + lat] for lon, lat in ring]
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [points]}}


def test_the_largest_area_is_the_boundary(tmp_path: Path) -> None:
    """Of a town with an exclave the main part counts."""
    path = write_json(tmp_path / "b.json", {"features": [square(0.1, 0.11), square(-0.05, 0.05)]})
    area = shapely.Polygon(read_boundary(path, HERE)).area
    geod_area = 0.1 * 110_994.0 * 0.1 * 88_400.0
    assert area == pytest.approx(geod_area, rel=0.01)


@pytest.mark.parametrize("table", [{}, [], {"features": []}, {"features": [{"geometry": {"type": "Blob"}}]}])
def test_what_is_no_boundary_is_refused(tmp_path: Path, table: object) -> None:
    """Other JSON and empty collections are refused with the file's name."""
    with pytest.raises(InvalidSource, match=r"b\.json"):
        read_boundary(write_json(tmp_path / "b.json", table), HERE)


def test_broken_or_absent_boundaries_are_told_apart(tmp_path: Path) -> None:
    """No file is missing; broken JSON has its line."""
    with pytest.raises(MissingSource, match="is no file"):
        read_boundary(tmp_path / "absent.json", HERE)
    (tmp_path / "b.json").write_text("{\n", encoding="utf-8")
    with pytest.raises(InvalidSource, match=r"b\.json:2: not JSON"):
        read_boundary(tmp_path / "b.json", HERE)


def test_a_hull_lies_the_margin_away() -> None:
    """The ring round a square is the margin away from its corners and sides."""
    corners = np.array([0.0, 100.0, 100.0, 0.0]), np.array([0.0, 0.0, 100.0, 100.0])
    hull = shapely.Polygon(hull_of(*corners, 50.0))
    assert hull.bounds == pytest.approx((-50.0, -50.0, 150.0, 150.0))


def highway(points: list[tuple[float, float]], *routes: str) -> dict[str, object]:
    """A feature: a highway through points given from the office, in degrees."""
    line = [[139.92975 + lon, 37.494833 + lat] for lon, lat in points]
    return {"geometry": {"type": "LineString", "coordinates": line}, "properties": {"routes": list(routes)}}


def test_highways_are_cut_at_the_boundary_and_joined_to_streets(tmp_path: Path) -> None:
    """A road across the town leaves it twice; expressways are left out; streets near the road are joined to it."""
    lines = [highway([(-0.1, 0.0), (0.1, 0.0)], "jpn.n049"), highway([(0.0, -0.1), (0.0, 0.1)], "jpn.e049")]
    path = write_json(tmp_path / "h.json", {"features": lines})
    boundary = np.array([[-2e3, -2e3], [2e3, -2e3], [2e3, 2e3], [-2e3, 2e3], [-2e3, -2e3]])
    found = read_highways(path, HERE, boundary, 1000.0)
    assert len(found.lines) == 1
    assert sorted(found.exits[:, 0].round().tolist()) == [-2000.0, 2000.0]
    street = Draft(
        np.array([0.0, 0.0]),
        np.array([60.0, 160.0]),
        np.array([0]),
        np.array([1]),
        np.array([100.0]),
        np.array(["road"]),
    )
    laid = with_highways(street, found, PARAMETERS)
    assert set(laid.components().tolist()) == {0}
    trunk = laid.highway == "trunk"
    assert laid.length_m[trunk].sum() == pytest.approx(4000.0, abs=1.0)
    assert laid.length_m[trunk].max() <= PARAMETERS.number("sources.gap_m") + 1.0


def test_highways_elsewhere_or_malformed_are_refused(tmp_path: Path) -> None:
    """A file of another region, one without routes and one that is no JSON are each refused by name."""
    boundary = np.array([[-2e3, -2e3], [2e3, -2e3], [2e3, 2e3], [-2e3, 2e3], [-2e3, -2e3]])
    path = write_json(tmp_path / "h.json", {"features": [highway([(1.0, 1.0), (1.1, 1.0)], "jpn.n049")]})
    with pytest.raises(InvalidSource, match="another town's file"):
        read_highways(path, HERE, boundary, 1000.0)
    write_json(path, {"features": [{"geometry": {"type": "LineString", "coordinates": []}}]})
    with pytest.raises(InvalidSource, match="no GeoJSON of highways"):
        read_highways(path, HERE, boundary, 1000.0)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(InvalidSource, match="not JSON"):
        read_highways(path, HERE, boundary, 1000.0)


def test_town_points_need_known_districts_and_places(tmp_path: Path) -> None:
    """Unknown districts and bad places are named by line, districts without towns by name."""
    path = tmp_path / "t.csv"
    path.write_text(
        "town,district,lat,lon\n甲,湊町,37.46,140.02\n乙,火星,37.46,140.02\n丙,湊町,,140\n", encoding="utf-8"
    )
    with pytest.raises(InvalidSource) as fault:
        read_town_points(path, load_figures("aizu_districts.toml"), HERE)
    faults = fault.value.faults
    assert faults[0].startswith(f"{path}:3: district '火星' has no figures")
    assert faults[1].startswith(f"{path}:4: 丙")
    assert "no town of" in faults[2]
    assert "湊町" not in faults[2]


def test_district_figures_add_up() -> None:
    """Towns, people, shelters and sites of the districts add up to the city's published totals."""
    figures = load_figures("aizu_districts.toml")
    totals = [
        sum(getattr(one, name) for one in figures.districts)
        for name in ("towns", "population", "general", "welfare", "sites")
    ]
    assert totals == [262, 113_386, 70, 32, 199]
    assert sum(figures.shelters.welfare_targets.values()) == 32


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20).filter(sum), st.integers(1000, 20_000))
def test_capacities_add_up_to_the_total(listed: list[int], total: int) -> None:
    """What the table says is scaled so that, with the welfare shelters, the total is met; sites stay empty."""
    rows = [row(f"g{number}", ShelterKind.GENERAL) for number in range(len(listed))]
    rows += [row("w", ShelterKind.WELFARE), row("s", ShelterKind.SITE)]
    table = {f"g{number}": people for number, people in enumerate(listed)}
    filled = with_capacities(rows, table, total=total, welfare_persons=20)
    assert sum(one.capacity_persons for one in filled) == total
    assert [one.capacity_persons for one in filled[-2:]] == [20, 0]
    assert [one.capacity_is_estimate for one in filled[-2:]] == [True, False]


def row(id_: str, kind: ShelterKind) -> ShelterRow:
    """A place without capacity."""
    return ShelterRow(
        where="x:1",
        id=id_,
        name=id_,
        kind=kind,
        lat=37.5,
        lon=139.9,
        address="",
        capacity_persons=0,
        capacity_is_estimate=False,
        fitness={},
    )
