"""build_town: a Town of a recipe, its data and, if the user has one, a road file."""

from pathlib import Path

from twin.randomness import Stream
from twin.sources.boundary import hull_of
from twin.sources.cells import Grid, cell_places
from twin.sources.parts import known_boundary, known_places, streets_and_exits, town_shelters
from twin.sources.places import Outline, assemble
from twin.sources.recipe_file import Section, read_recipe
from twin.sources.road_files import check_reach
from twin.sources.workshop import open_workshop
from twin.town import Town


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
    shop = open_workshop(recipe, data, roads_file, stream)
    places = None if recipe.districts.kind == "cells" else known_places(shop)
    boundary = known_boundary(shop, places)
    roads, exits = streets_and_exits(shop, places, boundary)
    shelters = town_shelters(shop, places, roads, boundary)
    name, reach_m = str(roads_file or recipe_path), shop.parameters.number("sources.reach_m")
    check_reach(name, roads, [(f"shelter {one.id} {one.name}", one.x_m, one.y_m) for one in shelters], reach_m)
    if places is None:
        places = cell_places(roads, _grid(recipe.districts), name)
        shop.ledger.note("districts", "cells")
    check_reach(name, roads, list(zip(places.names, places.x_m.tolist(), places.y_m.tolist(), strict=True)), reach_m)
    if boundary is None:
        boundary = hull_of(roads.node_x_m, roads.node_y_m, recipe.boundary.number("margin_m"))
    outline = Outline(
        code=recipe.code,
        name=recipe.name,
        name_en=recipe.name_en,
        people=recipe.people,
        households=recipe.households,
        projection=shop.projection,
        office_m=(0.0, 0.0),
        exits_m=exits,
        boundary=boundary,
        provenance=shop.ledger.notes,
    )
    return assemble(outline, places, roads, shelters)


def _grid(section: Section) -> Grid:
    return Grid(int(section.number("columns")), int(section.number("rows")), int(section.number("neighbourhoods")))
