"""build_town: a Town of a recipe, its data and, if the user has one, a road file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from twin.parameters import load_parameters
from twin.randomness import Stream
from twin.roads import Roads
from twin.shelters import Shelter
from twin.sources.draft import Draft
from twin.sources.figures import TownFigures, load_figures
from twin.sources.highways import load_highways, roads_of_draft
from twin.sources.local_streets import MainRoad, Settlement, local_streets, with_main_roads
from twin.sources.places import Outline, Places, assemble
from twin.sources.recipe_file import Recipe, read_recipe
from twin.sources.synthetic_town import (
    exits_by_bearing,
    synthetic_boundary,
    synthetic_places,
    synthetic_shelters,
)
from twin.town import Provenance, Standing, Town
from twin.units import Projection


def recipe_names(folder: Path) -> tuple[str, ...]:
    """Names of the recipes in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def build_town(recipe_path: Path, *, data: Path | None = None, roads_file: Path | None = None, stream: Stream) -> Town:
    """The town of a recipe.

    ``data`` is the folder of real data that the recipe's file names start from; ``roads_file`` (OSM XML or GraphML)
    takes the place of the recipe's streets. The same seed, recipe and files make the same town.

    Raises:
        MissingSource: A file or folder is not there.
        InvalidSource: A file is not what it should be; every fault with file and line.
        InvalidTown: The parts do not make a town.
    """
    recipe = read_recipe(recipe_path)
    figures = load_figures(recipe.districts.text("figures"))
    projection = Projection(recipe.office_lat, recipe.office_lon)
    places = synthetic_places(figures, projection, stream)
    boundary = synthetic_boundary(places, figures.area_km2)
    exits = exits_by_bearing(figures, boundary)
    roads = _synthetic_roads(places, exits, recipe, stream)
    shelters = synthetic_shelters(figures, places, recipe.code, stream)
    outline = Outline(
        code=recipe.code,
        name=recipe.name,
        name_en=recipe.name_en,
        projection=projection,
        office_m=(0.0, 0.0),
        exits_m=exits,
        boundary=boundary,
        provenance=(),
    )
    return assemble(outline, places, roads, shelters)


def _synthetic_roads(places: Places, exits: npt.NDArray[np.float64], recipe: Recipe, stream: Stream) -> Roads:
    parameters = load_parameters("twin", "streets.toml")
    settlement = Settlement(places.x_m, places.y_m, places.weight)
    draft = local_streets(settlement, int(recipe.streets.number("nodes")), parameters, stream)
    first = draft.nodes
    joints = _nearest(draft, exits[:, 0], exits[:, 1])
    draft = draft.with_nodes(exits[:, 0], exits[:, 1]).with_streets(
        joints, np.arange(first, first + len(exits)), highway="trunk", bend=parameters.number("streets.connector_bend")
    )
    middles = _nearest(draft, [one.x_m for one in places.districts], [one.y_m for one in places.districts])
    nodes = _nearest(draft, places.x_m, places.y_m)
    office = int(_nearest(draft, [0.0], [0.0])[0])
    main = [MainRoad(office, np.arange(first, first + len(exits)), "trunk"), MainRoad(office, middles, "primary")]
    main += [MainRoad(int(middle), nodes[places.district == row], "tertiary") for row, middle in enumerate(middles)]
    return roads_of_draft(with_main_roads(draft, main, load_highways()))


def _nearest(draft: Draft, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> npt.NDArray[np.int64]:
    from scipy.spatial import cKDTree

    tree = cKDTree(np.column_stack((draft.x_m, draft.y_m)))
    return np.asarray(tree.query(np.column_stack((x_m, y_m)))[1], dtype=np.int64)
