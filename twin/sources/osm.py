"""Roads of an OpenStreetMap extract (OSM XML); the only module that imports osmnx."""

from importlib import import_module
from pathlib import Path
from xml.etree.ElementTree import ParseError

from twin.errors import InvalidSource, MissingSource
from twin.roads import Roads
from twin.sources.graph_roads import roads_of_graph
from twin.units import Projection


def read_osm_xml(path: Path, projection: Projection) -> Roads:
    """Roads of a file that ends in .osm, for cars and walkers.

    Raises:
        MissingSource: There is no such file, or osmnx is not installed.
        InvalidSource: It is no OSM XML, or holds no streets.
    """
    if not path.is_file():
        raise MissingSource(f"{path} is no file; check the path of --roads")
    try:
        osmnx = import_module("osmnx")
    except ModuleNotFoundError as fault:
        raise MissingSource(f"{path} needs the package osmnx: pip install 'citytwin[geo]'") from fault
    try:
        graph = osmnx.graph_from_xml(path, retain_all=True)
    except (ParseError, ValueError, KeyError) as fault:
        # osmnx's own faults are ValueErrors.
        raise InvalidSource([f"{path}: no streets could be read as OSM XML: {fault}; export the area again"]) from fault
    return roads_of_graph(graph, projection, path)
