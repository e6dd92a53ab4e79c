"""The streets of a town: a user's road file, and what must hold for any roads before people use them."""

from pathlib import Path

import numpy as np

from twin.errors import InvalidSource
from twin.roads import Roads
from twin.sources.graph_roads import read_graphml
from twin.sources.osm import read_osm_xml
from twin.sources.places import core_nodes
from twin.units import Projection

_READERS = {".osm": read_osm_xml, ".graphml": read_graphml}


def read_roads(path: Path, projection: Projection) -> Roads:
    """Roads of an OSM XML (.osm) or GraphML (.graphml) file.

    Raises:
        MissingSource: There is no such file, or a package is missing.
        InvalidSource: It is of another kind, or cannot be read.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise InvalidSource([f"{path}: kind {path.suffix or '(none)'!r} is unknown; give OSM XML (.osm) or GraphML"])
    return reader(path, projection)


def largest_part(roads: Roads, name: str) -> Roads:
    """The roads without pieces that cannot be reached and left again.

    Kept are the nodes of the largest strongly connected part for walkers and of that for cars.

    Raises:
        InvalidSource: No node is open to both.
    """
    keep = np.zeros(roads.nodes, dtype=np.bool_)
    for allowed in (roads.walk_allowed, roads.car_allowed):
        parts = roads.strong_parts(allowed)
        sizes = np.bincount(parts)
        if sizes.max() > 1:
            keep |= parts == sizes.argmax()
    if not core_nodes(roads).any():
        raise InvalidSource(
            [f"{name}: no streets that cars and walkers can both use; give a file with streets of homes"]
        )
    return roads.keep_nodes(keep)


def check_reach(name: str, roads: Roads, points: list[tuple[str, float, float]], reach_m: float) -> None:
    """Check that the streets come near each point (what it is, east and north in metres).

    Raises:
        InvalidSource: They do not; names the file, how far off they are, and what to do.
    """
    core = roads.keep_nodes(core_nodes(roads))
    away_m = core.distance_to_node_m([point[1] for point in points], [point[2] for point in points])
    advice = "give a road file that covers the town (--roads), or the recipe of the town that the file shows"
    if len(away_m) and away_m.min() > reach_m:
        nearest = f"the nearest of {len(away_m)} lies {away_m.min() / 1000.0:.1f} km from the nearest street"
        raise InvalidSource(
            [f"{name}: no path to any shelter: {nearest} (at most {reach_m / 1000.0:.1f} km); {advice}"]
        )
    far = [
        f"{name}: {point[0]} lies {away / 1000.0:.1f} km from the nearest street; {advice}"
        for point, away in zip(points, away_m.tolist(), strict=True)
        if away > reach_m
    ]
    if far:
        raise InvalidSource(far)
