"""The people of a target, as ``citytwin serve`` makes them: so that a proxy knows who lives where."""

from pathlib import Path

from scenarios.commands.serve import DEFAULT_SEED, DEFAULT_TOWN
from scenarios.defaults import default_parameters
from scenarios.recipes import existing, find_recipe
from twin.population import Population
from twin.randomness import Stream
from twin.sources.people import populate
from twin.sources.recipe import build_town
from twin.town import Town


def people_of(town: str | None, data: Path | None, people: int | None, seed: int | None) -> tuple[Town, Population]:
    """The town and people that ``citytwin serve`` fills a city OS with, given the same."""
    stream = Stream(DEFAULT_SEED if seed is None else seed)
    built = build_town(find_recipe(town or DEFAULT_TOWN), data=existing(data), stream=stream)
    return built, populate(built, stream=stream, parameters=default_parameters(), people=people)
