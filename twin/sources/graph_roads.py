"""Roads of a street graph: GraphML, the graphs that OSMnx makes, and tables of nodes and edges."""

import ast
import math
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from xml.etree.ElementTree import ParseError

import numpy as np
import pyproj
import shapely

from twin.errors import InvalidSource, MissingSource
from twin.roads import Bends, Roads, bends_of
from twin.sources.csv_tables import read_table
from twin.sources.faults import Faults
from twin.sources.highways import Links, load_highways, roads_of_links, walkable_both_ways
from twin.units import Projection, mps_from_kmh

if TYPE_CHECKING:
    import networkx as nx

SHORTEST_M = 0.5
"""Least length of a link: what a coordinate of six decimals can tell apart (0.1 m) and a length of 0 cannot."""


def read_graphml(path: Path, projection: Projection) -> Roads:
    """Roads of a GraphML file as OSMnx writes it; numbers may be text, streets run one way unless the graph says not.

    Raises:
        MissingSource: There is no such file.
        InvalidSource: It is no GraphML, or its nodes have no coordinates.
    """
    import networkx as nx  # noqa: PLC0415 - a fifth of a second, for these files alone

    try:
        graph = cast("nx.MultiDiGraph[Any]", nx.read_graphml(path, force_multigraph=True))
    except (FileNotFoundError, IsADirectoryError) as fault:
        raise MissingSource(f"{path} is no file; check the path of --roads") from fault
    except (ParseError, nx.NetworkXError, ValueError, KeyError) as fault:
        raise InvalidSource([f"{path}: not GraphML: {fault}; write it with osmnx.save_graphml"]) from fault
    return roads_of_graph(graph, projection, path)


def roads_of_graph(graph: "nx.MultiDiGraph[Any]", projection: Projection, path: Path) -> Roads:
    """Roads of a graph whose nodes have ``x``, ``y`` in the graph's ``crs``.

    Edges may have ``length`` (m), ``highway``, ``lanes`` (both directions, unless one-way), ``maxspeed`` (km/h) and
    ``geometry``; a list of values stands for pieces merged, of which the narrowest counts.

    Raises:
        InvalidSource: There are no edges, or nodes without coordinates.
    """
    faults = Faults(path)
    lon, lat = _degrees(graph, faults)
    edges = [(start, end, facts) for start, end, facts in graph.edges(data=True) if start != end]
    if not graph.is_directed():
        edges += [(end, start, {**facts, "geometry": None}) for start, end, facts in edges]
    if not edges:
        faults.add("no streets in it; give a file with ways (OSM) or edges (GraphML)")
    faults.raise_any()
    x_m, y_m = projection.to_metres(lon, lat)
    row = {node: number for number, node in enumerate(graph)}
    start = np.array([row[edge[0]] for edge in edges], dtype=np.int32)
    end = np.array([row[edge[1]] for edge in edges], dtype=np.int32)
    table = load_highways()
    straight = np.hypot(x_m[start] - x_m[end], y_m[start] - y_m[end])
    given = np.array([_number(edge[2].get("length")) for edge in edges])
    links = Links(
        start=start,
        end=end,
        length_m=np.maximum(np.where(given > 0.0, given, straight), SHORTEST_M),
        highway=tuple(table.narrowest(_words(edge[2].get("highway"))) for edge in edges),
        speed_mps=np.array([_speed_mps(edge[2].get("maxspeed")) for edge in edges]),
        lanes=np.array([_lanes(edge[2]) for edge in edges]),
        bends=bends_of([_bends(edge[2].get("geometry"), projection, path) for edge in edges]),
    )
    return walkable_both_ways(roads_of_links(x_m, y_m, links, is_synthetic=False))


def read_walking_network(nodes: Path, edges: Path, projection: Projection) -> Roads:
    """Roads of two tables.

    Nodes have ``id``, ``lon``, ``lat``; directed edges ``u``, ``v``, ``length_m``, ``highway`` and, if they bend,
    ``mid_points`` as "lon,lat lon,lat".

    Raises:
        MissingSource: A file is not there.
        InvalidSource: A column is missing, or an edge ends at no node; every fault with its line.
    """
    faults = Faults(edges)
    places = read_table(nodes, ("id", "lon", "lat"))
    row = {cells["id"]: number for number, (_, cells) in enumerate(places)}
    x_m, y_m = projection.to_metres(
        [_number(cells["lon"]) for _, cells in places], [_number(cells["lat"]) for _, cells in places]
    )
    table = read_table(edges, ("u", "v", "length_m", "highway"))
    for line, cells in table:
        unknown = [cells[end] for end in ("u", "v") if cells[end] not in row]
        if unknown or not _number(cells["length_m"]) >= 0.0:
            faults.add(f"edge from {cells['u']} to {cells['v']}, {cells['length_m']} m: no such node or length", line)
    faults.raise_any()
    facts = [cells for _, cells in table if cells["u"] != cells["v"]]
    classes = load_highways()
    links = Links(
        start=np.array([row[cells["u"]] for cells in facts], dtype=np.int32),
        end=np.array([row[cells["v"]] for cells in facts], dtype=np.int32),
        length_m=np.maximum(np.array([_number(cells["length_m"]) for cells in facts]), SHORTEST_M),
        highway=tuple(classes.narrowest(cells["highway"].split(",")) for cells in facts),
        bends=_parsed_bends([cells.get("mid_points", "") for cells in facts], projection),
    )
    return roads_of_links(x_m, y_m, links, is_synthetic=False)


def _parsed_bends(texts: list[str], projection: Projection) -> Bends:
    points = [[float(number) for number in point.split(",")] for text in texts for point in text.split()]
    lon_lat = np.array(points).reshape(-1, 2)
    x_m, y_m = projection.to_metres(lon_lat[:, 0], lon_lat[:, 1])
    metres = np.column_stack((x_m, y_m)).tolist()
    ends = np.cumsum([0] + [len(text.split()) for text in texts]).tolist()
    return bends_of([metres[first:last] for first, last in pairwise(ends)])


def _degrees(graph: "nx.MultiDiGraph[Any]", faults: Faults) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    x = np.array([_number(facts.get("x")) for _, facts in graph.nodes(data=True)])
    y = np.array([_number(facts.get("y")) for _, facts in graph.nodes(data=True)])
    bare = ~(np.isfinite(x) & np.isfinite(y))
    if bare.any():
        first = list(graph)[int(np.flatnonzero(bare)[0])]
        faults.add(f"node {first!r} and {int(bare.sum()) - 1} more have no numbers x and y; give each its coordinates")
    crs = str(graph.graph.get("crs") or "epsg:4326")
    try:
        system = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        faults.add(f"crs {crs!r} is unknown; write e.g. epsg:4326")
        return x, y
    if not system.is_geographic:
        x, y = pyproj.Transformer.from_crs(system, "EPSG:4326", always_xy=True).transform(x, y)
    return np.asarray(x), np.asarray(y)


def _words(value: Any) -> list[str]:
    """A text, a list, or a text that looks like a list, as words."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return []
    if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)):
        return [str(word) for word in value]
    return [] if value is None else [str(value)]


def _number(value: Any) -> float:
    """A number, NaN where there is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _smallest(value: Any) -> float:
    numbers = [_number(word) for word in _words(value)]
    return min((number for number in numbers if number > 0.0), default=math.nan)


def _speed_mps(value: Any) -> float:
    """Speed limit in m/s. Source: OpenStreetMap wiki, Key:maxspeed: km/h unless "mph" is written."""
    texts = _words(value)
    if any("mph" in text for text in texts):
        return math.nan  # no such signs in Japan; the class's speed is safer than a guess
    return mps_from_kmh(_smallest([re.sub(r"\s*km/?h$", "", text) for text in texts]))


def _lanes(facts: Mapping[str, Any]) -> float:
    """Lanes in one direction. Source: OpenStreetMap wiki, Key:lanes: the total of both directions."""
    total = _smallest(facts.get("lanes"))
    one_way = str(facts.get("oneway")).lower() in {"true", "yes", "1"}
    return total if one_way or math.isnan(total) else max(total / 2.0, 1.0)


def _bends(geometry: Any, projection: Projection, path: Path) -> list[list[float]]:
    """Points between the ends of a line in degrees (WKT or shapely), in metres."""
    if not geometry:
        return []
    try:
        line = shapely.from_wkt(geometry) if isinstance(geometry, str) else geometry
    except shapely.errors.ShapelyError as fault:
        raise InvalidSource([f"{path}: geometry {str(geometry)[:60]!r} is no WKT line: {fault}"]) from fault
    points = shapely.get_coordinates(line)[1:-1]
    if len(points) == 0:
        return []
    metres: list[list[float]] = np.column_stack(projection.to_metres(points[:, 0], points[:, 1])).tolist()
    return metres
