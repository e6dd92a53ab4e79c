"""The boundary of a municipality (国土数値情報 N03) from GeoJSON, and what lies inside it."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import shape

from twin.errors import InvalidSource
from twin.sources.faults import read_text
from twin.units import Projection

FloatArray = npt.NDArray[np.float64]


def read_boundary(path: Path, projection: Projection) -> FloatArray:
    """The outer ring of the largest area of a file, in metres, shape (n, 2).

    Raises:
        MissingSource: There is no such file.
        InvalidSource: It holds no polygon.
    """
    try:
        table = json.loads(read_text(path, hint="check the path and --data"))
        areas = shapely.union_all([shape(feature["geometry"]) for feature in table["features"]])
    except json.JSONDecodeError as fault:
        raise InvalidSource([f"{path}:{fault.lineno}: not JSON: {fault.msg}"]) from fault
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError) as fault:
        raise InvalidSource([f"{path}: no GeoJSON FeatureCollection of polygons: {fault!r}"]) from fault
    parts = [part for part in shapely.get_parts(areas) if part.geom_type == "Polygon"]
    if not parts:
        raise InvalidSource([f"{path}: no polygon in it; give the boundary of the municipality (N03)"])
    ring = shapely.get_coordinates(max(parts, key=lambda part: float(part.area)).exterior)
    return np.column_stack(projection.to_metres(ring[:, 0], ring[:, 1]))


def hull_of(x_m: FloatArray, y_m: FloatArray, margin_m: float) -> FloatArray:
    """A ring round all points, ``margin_m`` away from the outermost, shape (n, 2)."""
    hull = shapely.MultiPoint(np.column_stack((x_m, y_m))).convex_hull.buffer(margin_m)
    return np.asarray(shapely.get_coordinates(hull.exterior))
