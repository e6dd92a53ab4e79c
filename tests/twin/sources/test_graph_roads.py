"""Roads of GraphML, OSM XML and tables."""

import gzip
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InvalidSource, MissingSource
from twin.sources.graph_roads import read_graphml, read_walking_network, roads_of_graph
from twin.sources.highways import load_highways
from twin.sources.osm import read_osm_xml
from twin.sources.road_files import check_reach, largest_part
from twin.units import Projection, mps_from_kmh

HERE = Projection(37.5, 139.9)
NOWHERE = Path("test.graphml")


def ring(**facts: object) -> "nx.MultiDiGraph[str]":
    """Three nodes in a one-way ring, about 100 m apart, with the same facts on each edge."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for name, lon, lat in (("a", 139.9, 37.5), ("b", 139.901, 37.5), ("c", 139.9005, 37.501)):
        graph.add_node(name, x=lon, y=lat)
    graph.add_edges_from([("a", "b", facts), ("b", "c", facts), ("c", "a", facts)])
    return graph


def test_one_way_streets_bind_cars_and_not_walkers() -> None:
    """Each one-way link gets a way back for walkers only, with the same length."""
    roads = roads_of_graph(ring(highway="residential", oneway=True, length=111.0), HERE, NOWHERE)
    assert (roads.links, int(roads.car_allowed.sum()), int(roads.walk_allowed.sum())) == (6, 3, 6)
    assert (roads.reverse >= 0).all()
    np.testing.assert_array_equal(roads.length_m, np.full(6, 111.0))


@pytest.mark.parametrize(
    ("facts", "lanes", "speed_kmh"),
    [
        ({"lanes": "4", "maxspeed": "40"}, 2.0, 40.0),
        ({"lanes": "3", "oneway": "True", "maxspeed": "50 km/h"}, 3.0, 50.0),
        ({"lanes": "['2', '4']", "maxspeed": "['30', '20']"}, 1.0, 20.0),
        ({"lanes": "1"}, 1.0, None),
        ({"lanes": "many", "maxspeed": "JP:urban"}, None, None),
        ({"maxspeed": "30 mph"}, None, None),
    ],
)
def test_tags_of_openstreetmap_are_read_as_it_defines_them(
    facts: dict[str, str], lanes: float | None, speed_kmh: float | None
) -> None:
    """Lanes count both directions unless one-way, lists count by their narrowest, what is unreadable is the default."""
    primary = load_highways().by_name["primary"]
    roads = roads_of_graph(ring(highway="primary", **facts), HERE, NOWHERE)
    assert roads.lanes[0] == (primary.lanes if lanes is None else lanes)
    expected = primary.speed_mps if speed_kmh is None else mps_from_kmh(speed_kmh)
    assert roads.free_speed_mps[0] == pytest.approx(expected)
    assert roads.capacity_vps[0] == pytest.approx(roads.lanes[0] * primary.capacity_vps)


@pytest.mark.parametrize(
    ("highway", "expected"),
    [
        ("['unclassified', 'residential']", "residential"),
        (["primary", "footway"], "footway"),
        ("palace", "road"),
        (None, "road"),
    ],
)
def test_of_merged_classes_the_narrowest_counts(highway: object, expected: str) -> None:
    """A street is as narrow as its narrowest piece; an unknown class is a plain road."""
    roads = roads_of_graph(ring(highway=highway), HERE, NOWHERE)
    assert set(roads.highway) == {expected}


def test_lengths_that_are_missing_are_those_of_the_straight_line() -> None:
    """Without ``length`` the straight distance counts: 0.001 degrees east at 37.5 N are 88.4 m."""
    roads = roads_of_graph(ring(highway="residential"), HERE, NOWHERE)
    geod = pyproj.Geod(ellps="GRS80")
    assert roads.length_m[0] == pytest.approx(geod.inv(139.9, 37.5, 139.901, 37.5)[2], rel=1e-5)


def test_projected_coordinates_are_brought_back() -> None:
    """A graph in UTM gives the same places as one in degrees."""
    degrees = ring(highway="residential")
    to_utm = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:32654", always_xy=True)
    utm = nx.MultiDiGraph(degrees, crs="epsg:32654")
    for _, facts in utm.nodes(data=True):
        facts["x"], facts["y"] = to_utm.transform(facts["x"], facts["y"])
    one, other = (roads_of_graph(graph, HERE, NOWHERE) for graph in (ring(highway="residential"), utm))
    np.testing.assert_allclose(other.node_x_m, one.node_x_m, atol=0.01)
    np.testing.assert_allclose(other.node_y_m, one.node_y_m, atol=0.01)


def test_bends_are_kept_for_drawing() -> None:
    """A geometry's inner points lie between the ends of the link, forth and back."""
    line = shapely.LineString([(139.9, 37.5), (139.9003, 37.5002), (139.901, 37.5)])
    graph = ring(highway="residential")
    graph["a"]["b"][0]["geometry"] = line.wkt
    roads = roads_of_graph(graph, HERE, NOWHERE)
    x_m, y_m = HERE.to_metres(139.9003, 37.5002)
    np.testing.assert_allclose(roads.link_points(0)[1], [float(x_m), float(y_m)], atol=1e-6)
    np.testing.assert_allclose(roads.link_points(int(roads.reverse[0])), roads.link_points(0)[::-1])
    assert len(roads.link_points(1)) == 2


def test_a_graph_without_places_or_streets_is_refused(tmp_path: Path) -> None:
    """Nodes without numbers, unknown systems of coordinates, no edges, broken lines: each is named."""
    graph = ring()
    graph.nodes["b"]["x"] = "east"
    graph.graph["crs"] = "epsg:0"
    with pytest.raises(InvalidSource) as fault:
        roads_of_graph(graph, HERE, NOWHERE)
    assert "node 'b' and 0 more have no numbers" in str(fault.value)
    assert "crs 'epsg:0' is unknown" in str(fault.value)
    with pytest.raises(InvalidSource, match="no streets in it"):
        roads_of_graph(nx.MultiDiGraph(), HERE, NOWHERE)
    with pytest.raises(InvalidSource, match="is no WKT line"):
        roads_of_graph(ring(geometry="LINE(1"), HERE, NOWHERE)
    path = tmp_path / "bad.graphml"
    path.write_text("<graphml", encoding="utf-8")
    with pytest.raises(InvalidSource, match="not GraphML"):
        read_graphml(path, HERE)


def test_an_undirected_graphml_runs_both_ways(tmp_path: Path) -> None:
    """Streets of an undirected graph are open to cars both ways."""
    graph = nx.Graph()
    graph.add_node("a", x="139.9", y="37.5")
    graph.add_node("b", x="139.901", y="37.5")
    graph.add_edge("a", "b", highway="residential")
    path = tmp_path / "u.graphml"
    nx.write_graphml(graph, path)
    roads = read_graphml(path, HERE)
    assert (roads.links, int(roads.car_allowed.sum())) == (2, 2)


OSM = """<?xml version='1.0' encoding='UTF-8'?>
<osm version='0.6' generator='hand'>
  <node id='1' lat='37.500' lon='139.900'/>
  <node id='2' lat='37.500' lon='139.901'/>
  <node id='3' lat='37.501' lon='139.901'/>
  <node id='4' lat='37.501' lon='139.900'/>
  <way id='10'><nd ref='1'/><nd ref='2'/><nd ref='3'/><tag k='highway' v='residential'/></way>
  <way id='11'><nd ref='3'/><nd ref='4'/><nd ref='1'/><tag k='highway' v='residential'/><tag k='oneway' v='yes'/></way>
  <way id='12'><nd ref='1'/><nd ref='3'/><tag k='highway' v='footway'/></way>
</osm>
"""


def test_osm_xml_gives_streets_for_cars_and_walkers(tmp_path: Path) -> None:
    """A hand-made extract: two corners remain, three ways each for walkers, fewer for cars."""
    path = tmp_path / "block.osm"
    path.write_text(OSM, encoding="utf-8")
    roads = read_osm_xml(path, HERE)
    assert roads.nodes == 2
    assert (roads.links, int(roads.walk_allowed.sum()), int(roads.car_allowed.sum())) == (6, 6, 3)
    assert roads.length_m.min() == pytest.approx(142.0, abs=1.0)


def test_osm_xml_that_is_none_is_refused(tmp_path: Path) -> None:
    """Text that is no XML and XML without ways are refused with the file's name."""
    for number, text in enumerate(("streets", "<?xml version='1.0'?><osm version='0.6'></osm>")):
        path = tmp_path / f"{number}.osm"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidSource, match=rf"{number}\.osm"):
            read_osm_xml(path, HERE)


def test_without_osmnx_the_message_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where osmnx is not installed, the fault says what to install."""
    path = tmp_path / "block.osm"
    path.write_text(OSM, encoding="utf-8")
    monkeypatch.setitem(sys.modules, "osmnx", None)
    with pytest.raises(MissingSource, match=r"pip install 'citytwin\[geo\]'"):
        read_osm_xml(path, HERE)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["tsukuba.osm", "aist_tsukuba.osm", "sapporo_hokudai_station.osm"])
def test_real_extracts_of_openstreetmap_are_read(shared_data: Path, name: str) -> None:
    """Real files keep a part in which walkers and cars come and go, near the first node of the file."""
    path = shared_data / "roads" / "substitutes" / name
    roads = largest_part(read_osm_xml(path, Projection(36.08, 140.11)), name)
    assert roads.nodes > 0
    assert roads.car_allowed.any()
    assert (roads.reverse[roads.walk_allowed] >= 0).all()


def network(tmp_path: Path, edges: str) -> tuple[Path, Path]:
    """Tables of two nodes and these edges, the nodes packed."""
    nodes, table = tmp_path / "n.csv.gz", tmp_path / "e.csv"
    nodes.write_bytes(gzip.compress(b"id,lon,lat\n1,139.9,37.5\n2,139.901,37.5\n"))
    table.write_text("u,v,length_m,highway,mid_points\n" + edges, encoding="utf-8")
    return nodes, table


def test_tables_of_nodes_and_edges_make_roads(tmp_path: Path) -> None:
    """Rows are directed links with class and bends; loops are left out."""
    nodes, edges = network(tmp_path, '1,2,90,footway,"139.9005,37.5001"\n2,1,90,"path,residential",\n1,1,5,footway,\n')
    roads = read_walking_network(nodes, edges, HERE)
    assert roads.highway == ("footway", "path")
    assert [len(roads.link_points(link)) for link in range(2)] == [3, 2]
    np.testing.assert_array_equal(roads.reverse, [1, 0])


def test_every_bad_edge_is_named_by_line(tmp_path: Path) -> None:
    """Unknown nodes and lengths that are none are all named; a packed file that is none too."""
    nodes, edges = network(tmp_path, "1,9,90,footway,\n1,2,far,footway,\n1,2,-1,footway,\n1,2,1,footway,\n")
    with pytest.raises(InvalidSource) as fault:
        read_walking_network(nodes, edges, HERE)
    assert [one.split(": ")[0] for one in fault.value.faults] == [f"{edges}:{line}" for line in (2, 3, 4)]
    nodes.write_bytes(b"id,lon,lat\n")
    with pytest.raises(InvalidSource, match="not a whole gzip file"):
        read_walking_network(nodes, edges, HERE)


def test_roads_for_walkers_only_are_refused() -> None:
    """A network that no car can use is no town's."""
    roads = roads_of_graph(ring(highway="footway"), HERE, NOWHERE)
    with pytest.raises(InvalidSource, match="no streets that cars and walkers can both use"):
        largest_part(roads, "paths.osm")


def test_the_largest_part_drops_what_cannot_be_left_again() -> None:
    """A one-way spur for cars with no walking way is dropped, the ring stays."""
    graph = ring(highway="residential")
    graph.add_node("d", x=139.95, y=37.5)
    graph.add_edge("a", "d", highway="motorway")
    assert largest_part(roads_of_graph(graph, HERE, NOWHERE), "x").nodes == 3


@given(st.lists(st.floats(0.0, 5000.0), min_size=1, max_size=5))
def test_points_beyond_reach_are_each_named(distances: list[float]) -> None:
    """All points within reach pass; some beyond are named; all beyond is no path at all."""
    roads = roads_of_graph(ring(highway="residential"), HERE, NOWHERE)
    points = [(f"shelter {number}", -distance, 0.0) for number, distance in enumerate(distances)]
    far = [number for number, distance in enumerate(distances) if distance > 1000.0]
    if not far:
        check_reach("x.osm", roads, points, 1000.0)
        return
    with pytest.raises(InvalidSource) as fault:
        check_reach("x.osm", roads, points, 1000.0)
    if len(far) == len(points):
        assert "no path to any shelter" in str(fault.value)
    else:
        assert [one.split(" lies")[0] for one in fault.value.faults] == [f"x.osm: shelter {number}" for number in far]


def test_every_class_of_road_has_sound_figures() -> None:
    """Where cars may go there are lanes, speed and capacity; main roads carry no less than streets of homes."""
    table = load_highways().by_name
    for one in table.values():
        assert one.car == (one.capacity_vps > 0.0)
        assert one.lanes > 0
        assert one.speed_mps > 0
    order = ["trunk", "primary", "secondary", "tertiary", "residential", "living_street"]
    capacities = [table[name].capacity_vps for name in order]
    assert capacities == sorted(capacities, reverse=True)
