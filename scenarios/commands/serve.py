"""``citytwin serve``: the reference city OS of a town, for runs from elsewhere."""

import asyncio
import os
import shlex
import socket
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from reference_api.seed import SeedData
from reference_api.serve import fill, is_filled, serve, serve_workers, stored_app
from reference_api.settings import Settings, check_settings, settings_from_environment
from reference_api.store.opening import is_embedded, is_shared
from scenarios.commands.inputs import PEOPLE, SEED, folder_option, language_option, option
from scenarios.defaults import default_parameters, parameters_with_ids
from scenarios.errors import PortInUse, TooManyIds
from scenarios.language import Language, say
from scenarios.progress import show_progress
from scenarios.recipes import existing, find_recipe
from scenarios.seeding import public_data, seed_data
from twin.population import Population
from twin.randomness import Stream
from twin.sources.people import populate
from twin.sources.recipe import build_town

QUOTA_VARIABLE, SANDBOX_QUOTA = "CITYTWIN_SUBJECT_QUOTA", 6000
"""Requests a minute of a made-up person: tests ask in a minute what a person asks in an hour. Source: none; ten times
the quota of a person. Confidence C."""

ISSUER_VARIABLE = "CITYTWIN_ISSUER"
DEFAULT_TOWN = "synthetic"
DEFAULT_SEED = 1
"""The seed of the scenarios that ship, so that a run without --seed meets the same people."""


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("serve", help=say(language, "cli.serve"))
    @option(language, "--town")
    @folder_option(language, "--data")
    @option(language, "--people", type=PEOPLE)
    @option(language, "--ids", type=PEOPLE)
    @option(language, "--seed", type=SEED, default=DEFAULT_SEED, show_default=True)
    @option(language, "--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
    @option(language, "--host", default="127.0.0.1", show_default=True)
    @option(language, "--db")
    @option(language, "--workers", type=click.IntRange(1, 64), default=1, show_default=True)
    @option(language, "--sandbox/--no-sandbox", default=None)
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def command(**given: Any) -> None:
        serve_town(ServeOptions(**given), language)

    return command


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What to serve, from which database, and where; None leaves it to the town or to the environment."""

    town: str | None
    data: Path | None
    people: int | None
    ids: int | None
    seed: int
    port: int
    host: str
    db: str | None
    workers: int
    sandbox: bool | None
    quiet: bool

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://{self.host}:{self.port}"

    def matching_run(self) -> str:
        """The command that runs a scenario with the same people against the server; a load where IDs were asked for.

        The drill has its own number of people, so that it fits only where a number is given.
        """
        if self.ids is not None:
            return f"citytwin load --profile disaster --ids {self.ids} --target {shlex.quote(self.url)}"
        scenario = "earthquake_winter" if self.people is None else "drill"
        flags = {
            "--town": self.town or DEFAULT_TOWN,
            "--data": self.data,
            "--people": self.people,
            "--seed": self.seed,
            "--city-os": self.url,
        }
        given = [f"{flag} {shlex.quote(str(value))}" for flag, value in flags.items() if value is not None]
        return " ".join(["citytwin run", scenario, *given])


def serve_town(options: ServeOptions, language: Language) -> None:
    """Fill the reference city OS with a town, unless its database is filled already, and serve it until interrupted.

    Raises:
        ReferenceApiError: The settings or the database cannot be used.
    """
    check_port(options.host, options.port)
    with tempfile.TemporaryDirectory(prefix="citytwin-serve-") as folder:
        settings = settings_of(options, Path(folder))
        check_settings(settings)
        seed = None if asyncio.run(is_filled(settings)) else seed_of(options, settings, language)
        click.echo(say(language, "cli.serving", url=options.url))
        if settings.sandbox:
            click.echo(say(language, "cli.run_with", command=options.matching_run()))
        _serve(settings, seed, options)


def settings_of(options: ServeOptions, folder: Path) -> Settings:
    """The environment's settings, with what the command line says in their place.

    Without a database, one worker keeps everything in memory; several share a file in ``folder``.
    """
    given = settings_from_environment()
    database = options.db or given.database
    if options.workers > 1 and not is_shared(database):
        database = str(folder / "city.db")
    sandbox = given.environment != "production" if options.sandbox is None else options.sandbox
    return replace(
        given,
        issuer=given.issuer if ISSUER_VARIABLE in os.environ else options.url,
        database=database,
        sandbox=sandbox,
        subject_quota=SANDBOX_QUOTA if sandbox and QUOTA_VARIABLE not in os.environ else given.subject_quota,
    )


def seed_of(options: ServeOptions, settings: Settings, language: Language) -> SeedData | None:
    """What an empty database is filled with: a town and its people in a sandbox, else a named town's public data."""
    if not settings.sandbox and options.town is None:
        return None
    with show_progress(sys.stderr, language, quiet=options.quiet) as progress:
        progress("town", 0.0)
        stream = Stream(options.seed)
        town = build_town(find_recipe(options.town or DEFAULT_TOWN), data=existing(options.data), stream=stream)
        if not settings.sandbox:
            return public_data(town)
        progress("people", 0.0)
        people = options.people or town.people
        parameters = default_parameters() if options.ids is None else parameters_with_ids(options.ids, people)
        population = populate(town, stream=stream, parameters=parameters, people=options.people)
        check_ids(population, options.ids)
        progress("seed", 0.0)
        return seed_data(town, population)


def check_ids(population: Population, ids: int | None) -> None:
    """Refuse more city-OS IDs than there are people who may have one.

    Raises:
        TooManyIds: there are fewer.
    """
    there = int(np.count_nonzero(population.has_id))
    if ids is not None and there < ids:
        raise TooManyIds(ids, there)


def _serve(settings: Settings, seed: SeedData | None, options: ServeOptions) -> None:
    if options.workers == 1 and is_embedded(settings.database):
        serve(stored_app(settings, seed), options.host, options.port)
        return
    if seed is not None:
        asyncio.run(fill(settings, seed))
    if options.workers == 1:
        serve(stored_app(settings), options.host, options.port)
    else:
        serve_workers(settings, options.workers, options.host, options.port)


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
