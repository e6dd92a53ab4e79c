"""``citytwin serve``: the reference city OS of a town, for runs from elsewhere."""

import shlex
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reference_api.serve import serve as serve_app
from scenarios.commands.inputs import PEOPLE, SEED, folder_option, language_option, option
from scenarios.connection import reference_app
from scenarios.defaults import default_parameters
from scenarios.errors import PortInUse
from scenarios.language import Language, say
from scenarios.progress import show_progress
from scenarios.recipes import existing, find_recipe
from twin.randomness import Stream
from twin.sources.people import populate
from twin.sources.recipe import build_town

DEFAULT_TOWN = "synthetic"
DEFAULT_SEED = 1
"""The seed of the scenarios that ship, so that a run without --seed meets the same people."""


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("serve", help=say(language, "cli.serve"))
    @option(language, "--town", default=DEFAULT_TOWN, show_default=True)
    @folder_option(language, "--data")
    @option(language, "--people", type=PEOPLE)
    @option(language, "--seed", type=SEED, default=DEFAULT_SEED, show_default=True)
    @option(language, "--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
    @option(language, "--host", default="127.0.0.1", show_default=True)
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def serve(**given: Any) -> None:
        serve_town(ServeOptions(**given), language)

    return serve


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve, and where; None leaves the number of people to the town."""

    town: str
    data: Path | None
    people: int | None
    seed: int
    port: int
    host: str
    quiet: bool

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://{self.host}:{self.port}"

    def matching_run(self) -> str:
        """The command that runs a scenario with the same people against the server.

        The drill has its own number of people, so that it fits only where a number is given.
        """
        scenario = "earthquake_winter" if self.people is None else "drill"
        flags = {
            "--town": self.town,
            "--data": self.data,
            "--people": self.people,
            "--seed": self.seed,
            "--city-os": self.url,
        }
        given = [f"{flag} {shlex.quote(str(value))}" for flag, value in flags.items() if value is not None]
        return " ".join(["citytwin run", scenario, *given])


def serve_town(options: ServeOptions, language: Language) -> None:
    """Build the town and its people, fill the reference city OS, and serve it until interrupted."""
    check_port(options.host, options.port)
    with show_progress(sys.stderr, language, quiet=options.quiet) as progress:
        progress("town", 0.0)
        stream = Stream(options.seed)
        town = build_town(find_recipe(options.town), data=existing(options.data), stream=stream)
        progress("people", 0.0)
        population = populate(town, stream=stream, parameters=default_parameters(), people=options.people)
        progress("seed", 0.0)
        app = reference_app(town, population, issuer=options.url)
    name = town.name if language is Language.JA else town.name_en
    click.echo(say(language, "cli.serving", town=name, people=population.people, url=options.url))
    click.echo(say(language, "cli.run_with", command=options.matching_run()))
    serve_app(app, host=options.host, port=options.port)


def check_port(host: str, port: int) -> None:
    """Find out before the long work whether the address is free.

    Raises:
        PortInUse: It is not.
    """
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as reason:
        raise PortInUse(host, port, reason.strerror or reason) from reason
