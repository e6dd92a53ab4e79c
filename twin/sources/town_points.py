"""Neighbourhoods at real points: a table of towns (町・大字) with districts, weighted by the districts' figures."""

from pathlib import Path

import numpy as np

from twin.sources.csv_tables import read_table
from twin.sources.faults import Faults
from twin.sources.figures import TownFigures
from twin.sources.places import Places
from twin.sources.shelter_rows import JAPAN_LAT, JAPAN_LON, number_or_nan
from twin.sources.synthetic_town import districts_of
from twin.units import Projection


def read_town_points(path: Path, figures: TownFigures, projection: Projection) -> Places:
    """One neighbourhood for each row (``town``, ``district``, ``lat``, ``lon``).

    People of a district are spread evenly over its towns: an estimate, no figure by town is published.

    Raises:
        MissingSource: There is no such file.
        InvalidSource: A row has no place in Japan or a district without figures; every fault with its line.
    """
    faults = Faults(path)
    rows = read_table(path, ("town", "district", "lat", "lon"))
    district_of = {(one.listed_as or one.name): row for row, one in enumerate(figures.districts)}
    for line, cells in rows:
        if cells["district"] not in district_of:
            faults.add(f"district {cells['district']!r} has no figures; known are {', '.join(district_of)}", line)
        lat, lon = number_or_nan(cells["lat"]), number_or_nan(cells["lon"])
        if not (JAPAN_LAT[0] <= lat <= JAPAN_LAT[1] and JAPAN_LON[0] <= lon <= JAPAN_LON[1]):
            faults.add(f"{cells['town']}: {cells['lat']}, {cells['lon']} is no place in Japan; give degrees", line)
    empty = set(district_of) - {cells["district"] for _, cells in rows}
    if empty:
        faults.add(f"no town of {', '.join(sorted(empty))}; each district needs one")
    faults.raise_any()
    district = np.array([district_of[cells["district"]] for _, cells in rows])
    people = np.array([one.population for one in figures.districts], dtype=np.float64)
    x_m, y_m = projection.to_metres(
        [float(cells["lon"]) for _, cells in rows], [float(cells["lat"]) for _, cells in rows]
    )
    return Places(
        districts=districts_of(figures, projection),
        codes=tuple(
            f"{figures.districts[row].code}{place:04d}" for place, row in enumerate(district.tolist(), start=1)
        ),
        names=tuple(cells["town"] for _, cells in rows),
        x_m=x_m,
        y_m=y_m,
        district=district,
        weight=(people / people.sum() / np.bincount(district))[district],
    )
