"""Finds the recipe of a town by its name, and the data that the user names."""

import tomllib
from importlib.resources import files
from pathlib import Path

from scenarios.errors import MissingData, UnknownTown


def recipe_names() -> list[str]:
    """Names of the towns that ship."""
    return sorted(one.name.removesuffix(".toml") for one in _folder().iterdir() if one.suffix == ".toml")


def find_recipe(name: str) -> Path:
    """The recipe of a shipped town, or the recipe at a path.

    Raises:
        UnknownTown: neither is there; the message has the nearest name and the list.
    """
    if name in recipe_names():
        return _folder() / f"{name}.toml"
    if name.endswith(".toml") and Path(name).is_file():
        return Path(name)
    raise UnknownTown(name, recipe_names())


def existing(path: Path | None) -> Path | None:
    """A path that the user gave, if it is there.

    Raises:
        MissingData: it is not.
    """
    if path is not None and not path.exists():
        raise MissingData(path)
    return path


def _folder() -> Path:
    return Path(str(files("scenarios").joinpath("towns")))


def data_files(recipe: Path, data: Path) -> list[str]:
    """Files under the data folder that a recipe names, as it names them, sorted."""
    tables = tomllib.loads(recipe.read_text(encoding="utf-8")).values()
    named = {value for table in tables if isinstance(table, dict) for value in table.values()}
    return sorted(name for name in named if isinstance(name, str) and (data / name).is_file())
