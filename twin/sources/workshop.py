"""The workshop: one recipe under construction, and the files that it needs."""

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from twin.errors import InvalidSource, MissingSource
from twin.parameters import Parameters, load_parameters
from twin.randomness import Stream
from twin.sources.figures import TownFigures, load_figures
from twin.sources.provenance import Ledger
from twin.sources.recipe_file import Recipe
from twin.units import Projection

FILE_KEYS = ("points", "highways", "network_nodes", "network_edges", "shelters", "sites", "capacities", "geojson")
"""Values of a recipe that name files in the folder of real data."""


@dataclass(frozen=True)
class Workshop:
    """What all parts of a town are built with; ``ledger`` notes where they come from."""

    recipe: Recipe
    data: Path | None
    roads_file: Path | None
    stream: Stream
    projection: Projection
    parameters: Parameters
    ledger: Ledger = field(default_factory=Ledger)

    def file(self, section: str, key: str) -> Path:
        """A file that the recipe names, in the folder of real data."""
        if self.data is None:
            raise MissingSource(f"recipe {self.recipe.path} needs real data; give their folder (--data)")
        return self.data / dict(self.recipe.sections())[section].text(key)

    def source(self, section: str) -> tuple[str, str]:
        """What the recipe says of the source of a section, in Japanese and English."""
        values = dict(self.recipe.sections())[section].values
        return str(values.get("source_ja", "")), str(values.get("source_en", ""))

    def figures(self, section: str) -> TownFigures:
        """The figures that a section names."""
        return load_figures(dict(self.recipe.sections())[section].text("figures"))


def open_workshop(recipe: Recipe, data: Path | None, roads_file: Path | None, stream: Stream) -> Workshop:
    """A workshop with all its files in place.

    Raises:
        MissingSource: Files or the folder are missing; names all.
        InvalidSource: The recipe names figures that do not ship with the package.
    """
    _check_figures(recipe)
    _check_files(recipe, data, with_streets=roads_file is None)
    parameters = load_parameters("twin", "streets.toml").merged(load_parameters("twin", "sources.toml"))
    projection = Projection(recipe.office_lat, recipe.office_lon)
    return Workshop(recipe, data, roads_file, stream, projection, parameters)


def _check_figures(recipe: Recipe) -> None:
    shipped = sorted(file.name for file in files("twin").joinpath("data").iterdir() if "_districts" in file.name)
    faults = [
        f"{recipe.path}: [{name}] figures {section.text('figures')!r} are unknown; known are {', '.join(shipped)}"
        for name, section in recipe.sections()
        if "figures" in section.values and section.text("figures") not in shipped
    ]
    if faults:
        raise InvalidSource(faults)


def _check_files(recipe: Recipe, data: Path | None, *, with_streets: bool) -> None:
    wanted = [
        section.text(key)
        for name, section in recipe.sections()
        for key in FILE_KEYS
        if key in section.values and (with_streets or name != "streets")
    ]
    if not wanted:
        return
    if data is None:
        raise MissingSource(
            f"recipe {recipe.path.stem} needs {len(wanted)} files of real data ({wanted[0]}, ...); "
            "give the folder that holds them, e.g. --data ../shared/data"
        )
    if not data.is_dir():
        raise MissingSource(f"{data} is no folder; give the folder of real data (--data)")
    missing = [name for name in wanted if not (data / name).is_file()]
    if missing:
        raise MissingSource(
            f"{data} lacks {', '.join(missing)}, which recipe {recipe.path.stem} needs; "
            "put the files there, or give another folder (--data)"
        )
