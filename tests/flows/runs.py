"""Whole runs of the drill, and city OSs put into them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripted import Script, Scripted
from serving import listening, served

from agents.city_os.connect import check_reached
from reference_api.consent import Decide, decide
from scenarios.city_os import CityOsInUse, connected
from scenarios.connection import reference_app, reference_transport
from scenarios.options import RunOptions
from scenarios.run import RunResult, Stage, run, set_stage
from scenarios.seeding import seeding

Connect = Callable[[Stage, Path], CityOsInUse]


def silent(stage: str, done: float) -> None:
    """Tell nobody how far a run is."""


def drill(out: Path, **asked: Any) -> RunOptions:
    """Options of a drill."""
    return RunOptions("drill", out, command="citytwin run drill", **asked)


def run_drill(out: Path, connect: Connect | None = None, **asked: Any) -> RunResult:
    """Run the drill from its scenario to its report."""
    return run(drill(out, **asked), silent, connect=connect)


def reference_behind(script: Script, decide: Decide = decide) -> Connect:
    """Makes the reference city OS behind a script that may answer in its place."""

    def connect(stage: Stage, folder: Path) -> CityOsInUse:
        of_run = (stage.scenario, stage.town, stage.population)
        inner = reference_transport(stage.town, stage.population, stage.scenario.start, decide=decide)
        service = check_reached(inner, seeding(stage.town, stage.population))
        return connected("double", Scripted(inner, script), service, of_run, folder)

    return connect


@contextmanager
def served_drill(out: Path) -> Iterator[str]:
    """The address of the reference city OS that serves the people of the drill."""
    stage = set_stage(drill(out), silent)
    with listening() as (bound, url), served(reference_app(stage.town, stage.population, issuer=url), bound):
        yield url
