"""``citytwin traffic``: cars and walkers on any network, from tables to a table."""

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from scenarios.collecting import rare_collections
from scenarios.commands.inputs import SEED, Number, language_option, option
from scenarios.language import Language, say
from scenarios.progress import show_progress

LONGEST_S = 1e8
"""Longest time that can be asked for: three years, to catch a wrong unit."""


SECONDS = Number(0.0, LONGEST_S, min_open=True)
SHARE = Number(0.0, 1.0)
FILE = click.Path(path_type=Path)


def build(language: Language) -> click.Command:
    """The sub-command in a language."""
    told = partial(option, language, texts="traffic")

    @click.command("traffic", help=say(language, "cli.traffic"))
    @click.argument("node", metavar="NODE_CSV", type=FILE)
    @click.argument("link", metavar="LINK_CSV", type=FILE)
    @click.argument("trips", metavar="TRIPS_CSV", type=FILE)
    @told("--until", type=SECONDS, required=True, metavar="SECONDS")
    @told("--out", type=FILE, required=True, metavar="FILE")
    @told("--reroute", type=SECONDS, metavar="SECONDS")
    @told("--informed", type=SHARE, default=1.0, show_default=True, metavar="SHARE")
    @told("--seed", type=SEED, default=0, show_default=True)
    @told("--closures", type=FILE, metavar="FILE")
    @told("--counts", type=FILE, metavar="FILE")
    @told("--count-every", type=SECONDS, default=600.0, show_default=True, metavar="SECONDS")
    @told("--quiet", is_flag=True)
    @language_option(language)
    def traffic(*, quiet: bool, **given: Any) -> None:
        with rare_collections(), show_progress(sys.stderr, language, quiet=quiet) as progress:
            # The movement's compiler takes a second to import.
            room = import_module("scenarios.traffic")
            read, moved = room.run_traffic(room.TrafficOptions(**given), progress)
        if not quiet:
            for line in room.summary(read, moved, language):
                click.echo(line)
            click.echo(say(language, "traffic.written", path=given["out"]))

    return traffic
