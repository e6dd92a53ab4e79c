"""What a street of each class can carry: data/highways.toml, and Roads made with it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from twin.roads import Bends, Roads
from twin.sources.draft import Draft
from twin.units import SECONDS_PER_HOUR, mps_from_kmh

UNKNOWN_CLASS = "road"
"""The class of a street whose class the table does not know. Source: OpenStreetMap, highway=road."""


@dataclass(frozen=True, slots=True)
class HighwayClass:
    """One class of streets; ``lanes`` in one direction, ``capacity_vps`` in vehicles/s for one lane."""

    name: str
    lanes: float
    speed_mps: float
    capacity_vps: float
    car: bool
    walk: bool


@dataclass(frozen=True, slots=True)
class HighwayTable:
    """All classes by name."""

    by_name: Mapping[str, HighwayClass]

    def narrowest(self, names: list[str]) -> str:
        """Of the classes that a merged street is said to have, the one that lets least through; else "road".

        OpenStreetMap tools merge pieces of a street and keep a list of their classes; what one piece stops, the street
        stops.
        """
        known = [self.by_name[name] for name in names if name in self.by_name]
        if not known:
            return UNKNOWN_CLASS
        return min(known, key=lambda one: (one.car, one.capacity_vps, one.speed_mps, one.name)).name


def load_highways() -> HighwayTable:
    """The table that ships with the package."""
    table = tomllib.loads(files("twin").joinpath("data", "highways.toml").read_text(encoding="utf-8"))
    return HighwayTable(
        {
            name: HighwayClass(
                name=name,
                lanes=float(row["lanes"]),
                speed_mps=mps_from_kmh(row["speed_kmh"]),
                capacity_vps=row["capacity_vph"] / SECONDS_PER_HOUR,
                car=row["car"],
                walk=row["walk"],
            )
            for name, row in table.items()
        }
    )


@dataclass(frozen=True)
class Links:
    """Directed links with what their source says of them; NaN where it says nothing."""

    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    length_m: npt.NDArray[np.float64]
    highway: tuple[str, ...]
    speed_mps: npt.NDArray[np.float64] | None = None
    lanes: npt.NDArray[np.float64] | None = None
    bends: Bends | None = None


def roads_of_links(
    x_m: npt.NDArray[np.float64], y_m: npt.NDArray[np.float64], links: Links, *, is_synthetic: bool
) -> Roads:
    """Roads with speed, lanes and capacity by class where the source gives none."""
    table = load_highways()
    names, row = np.unique(np.array(links.highway, dtype=np.str_), return_inverse=True)
    classes = [table.by_name[str(name)] for name in names]
    lanes = _filled(links.lanes, np.array([one.lanes for one in classes])[row])
    speed = _filled(links.speed_mps, np.array([one.speed_mps for one in classes])[row])
    return Roads(
        node_x_m=x_m,
        node_y_m=y_m,
        link_from=links.start,
        link_to=links.end,
        length_m=links.length_m,
        free_speed_mps=speed,
        lanes=lanes,
        capacity_vps=lanes * np.array([one.capacity_vps for one in classes])[row],
        car_allowed=np.array([one.car for one in classes])[row],
        walk_allowed=np.array([one.walk for one in classes])[row],
        highway=links.highway,
        is_synthetic=is_synthetic,
        bends=links.bends,
    )


def walkable_both_ways(roads: Roads) -> Roads:
    """The roads with a way back for walkers on each one-way street.

    Source: Road Traffic Act 8: one-way signs bind vehicles.
    """
    rows = np.flatnonzero(roads.walk_allowed & (roads.reverse < 0))
    if len(rows) == 0:
        return roads
    return replace(
        roads,
        link_from=np.append(roads.link_from, roads.link_to[rows]),
        link_to=np.append(roads.link_to, roads.link_from[rows]),
        length_m=np.append(roads.length_m, roads.length_m[rows]),
        free_speed_mps=np.append(roads.free_speed_mps, roads.free_speed_mps[rows]),
        lanes=np.append(roads.lanes, roads.lanes[rows]),
        capacity_vps=np.append(roads.capacity_vps, roads.capacity_vps[rows]),
        car_allowed=np.append(roads.car_allowed, np.zeros(len(rows), dtype=np.bool_)),
        walk_allowed=np.append(roads.walk_allowed, np.ones(len(rows), dtype=np.bool_)),
        highway=roads.highway + tuple(roads.highway[row] for row in rows.tolist()),
        bends=None if roads.bends is None else roads.bends.with_reversed(rows),
    )


def roads_of_draft(draft: Draft) -> Roads:
    """Synthetic roads: each street of a plan runs both ways."""
    links = Links(
        start=np.concatenate((draft.a, draft.b)).astype(np.int32),
        end=np.concatenate((draft.b, draft.a)).astype(np.int32),
        length_m=np.tile(draft.length_m, 2),
        highway=tuple(np.tile(draft.highway, 2).tolist()),
    )
    return roads_of_links(draft.x_m, draft.y_m, links, is_synthetic=True)


def _filled(given: npt.NDArray[np.float64] | None, default: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return default if given is None else np.where(np.isfinite(given) & (given > 0.0), given, default)
