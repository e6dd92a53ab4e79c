"""``citytwin traffic``: cars and walkers on any network, from tables to a table."""

import math
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from scenarios.collecting import rare_collections
from scenarios.commands.inputs import Decorator, language_option
from scenarios.language import Language, say
from scenarios.progress import show_progress

LONGEST_S = 1e8
"""Longest time that can be asked for: three years, to catch a wrong unit."""


class Number(click.FloatRange):
    """A number in a range; click's own lets "nan" pass."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number, if it is one."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is no number", param, ctx)
        return number


SECONDS = Number(0.0, LONGEST_S, min_open=True)
SHARE = Number(0.0, 1.0)
SEED = click.IntRange(0, 2**63 - 1)
FILE = click.Path(path_type=Path)


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    def told(flag: str, **settings: Any) -> Decorator:
        key = flag.removeprefix("--").replace("-", "_")
        return click.option(flag, help=say(language, f"traffic.{key}"), **settings)

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
