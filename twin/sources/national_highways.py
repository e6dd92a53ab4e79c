"""National highways from GeoJSON (waypoints joined by straight pieces), cut to the boundary, as a street plan."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import cKDTree

from twin.errors import InvalidSource
from twin.parameters import Parameters
from twin.sources.draft import Draft
from twin.sources.faults import read_text
from twin.units import Projection

_EXPRESSWAY = "jpn.e"
"""Routes left out: expressways join the streets at interchanges only, which the file does not tell. Source: Travel
Mapping, names of systems."""


@dataclass(frozen=True)
class Highways:
    """Pieces inside the town as points (n, 2) in metres, and where they cross the boundary."""

    lines: tuple[npt.NDArray[np.float64], ...]
    exits: npt.NDArray[np.float64]


def read_highways(
    path: Path, projection: Projection, boundary: npt.NDArray[np.float64], exit_apart_m: float
) -> Highways:
    """Ordinary national highways of a file, inside a boundary.

    Raises:
        MissingSource: There is no such file.
        InvalidSource: It is no GeoJSON with lines that have ``routes``, or none crosses the town.
    """
    try:
        features = json.loads(read_text(path, hint="check the path and --data"))["features"]
        lines = [
            feature["geometry"]["coordinates"]
            for feature in features
            if feature["geometry"]["type"] == "LineString"
            and not all(route.startswith(_EXPRESSWAY) for route in feature["properties"]["routes"])
        ]
    except json.JSONDecodeError as fault:
        raise InvalidSource([f"{path}:{fault.lineno}: not JSON: {fault.msg}"]) from fault
    except (KeyError, TypeError) as fault:
        raise InvalidSource([f"{path}: no GeoJSON of highways (lines with a list of routes): {fault!r}"]) from fault
    area = shapely.Polygon(boundary)
    shapely.prepare(area)
    whole = [shapely.LineString(np.column_stack(projection.to_metres(*np.array(line).T))) for line in lines]
    inside = [
        part
        for line in whole
        for part in shapely.get_parts(line.intersection(area))
        if part.geom_type == "LineString" and part.length > 0.0
    ]
    if not inside:
        raise InvalidSource([f"{path}: no highway of it lies inside the town's boundary; is it another town's file?"])
    crossings = [shapely.get_coordinates(line.intersection(area.exterior)) for line in whole]
    exits = _apart(np.concatenate(crossings), exit_apart_m)
    return Highways(tuple(shapely.get_coordinates(part) for part in inside), exits)


def _apart(points: npt.NDArray[np.float64], apart_m: float) -> npt.NDArray[np.float64]:
    """Points of which no two are nearer than that: a road that winds along the boundary leaves the town once."""
    kept: list[npt.NDArray[np.float64]] = []
    for point in points[np.lexsort((points[:, 1], points[:, 0]))]:
        if all(np.hypot(*(point - other)) >= apart_m for other in kept):
            kept.append(point)
    return np.array(kept)


def with_highways(plan: Draft, highways: Highways, parameters: Parameters) -> Draft:
    """The plan with the highways laid over it, joined to the nearest streets along the way."""
    lines = [_divided(line, parameters.number("sources.gap_m")) for line in highways.lines]
    # Pieces meet at waypoints: to the decimetre the same point is one node.
    points, row = np.unique(np.round(np.vstack(lines), 1), axis=0, return_inverse=True)
    row = row.ravel()
    ends = np.cumsum([len(line) for line in lines])
    inner = np.ones(len(row), dtype=np.bool_)
    inner[ends - 1] = False
    starts = np.flatnonzero(inner)
    first = plan.nodes
    pairs = np.unique(np.sort(np.column_stack((row[starts], row[starts + 1])), axis=1), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    found = cKDTree(np.column_stack((plan.x_m, plan.y_m))).query(points)
    away, street = np.asarray(found[0]), np.asarray(found[1])
    near = np.flatnonzero(away < parameters.number("sources.join_m"))
    laid = plan.with_nodes(points[:, 0], points[:, 1])
    laid = laid.with_streets(first + pairs[:, 0], first + pairs[:, 1], highway="trunk", bend=1.0)
    return laid.with_streets(first + near, street[near], highway="tertiary", bend=1.0)


def _divided(line: npt.NDArray[np.float64], gap_m: float) -> npt.NDArray[np.float64]:
    """The line with points at most ``gap_m`` apart."""
    return np.asarray(shapely.get_coordinates(shapely.segmentize(shapely.LineString(line), gap_m)))
