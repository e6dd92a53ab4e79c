"""Options of ``citytwin run`` for several runs: how many, until which interval, in how many processes."""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from scenarios.commands.inputs import option
from scenarios.language import Language, say
from scenarios.options import NONE, REFERENCE, RunOptions
from scenarios.output_folder import check_free
from scenarios.progress import show_progress
from scenarios.reader import find_scenario, read_scenario
from scenarios.summary import summary_of_runs

if TYPE_CHECKING:
    from scenarios.replications import Replications

MAX_RUNS = 10_000


class SharePercent(click.ParamType):  # type: ignore[type-arg]  # older clicks have no parameter there
    """A share, written as 5% or 0.05."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, above 0 and below 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            share = 0.0
        if not 0.0 < share < 1.0:
            self.fail(f"{text!r} is no share; give one such as 5% or 0.05", param, ctx)
        return share


class MetricName(click.ParamType):  # type: ignore[type-arg]  # older clicks have no parameter there
    """A metric of the whole town."""

    name = "metric"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a metric."""
        metrics = import_module("scenarios.metrics")
        names = [name for name in metrics.definitions() if name not in {"wall_s", "peak_occupancy_share"}]
        if value not in names:
            self.fail(f"{value!r} is no metric; known are {', '.join(names)}", param, ctx)
        return str(value)


def several_options(language: Language) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The options, put on a command."""
    added = (
        option(language, "--runs", type=click.IntRange(1, MAX_RUNS)),
        option(language, "--until-ci", type=SharePercent(), metavar="SHARE"),
        option(language, "--ci-metric", type=MetricName(), multiple=True, metavar="NAME"),
        option(language, "--jobs", type=click.IntRange(1, 1024)),
    )

    def put_on(command: Callable[..., Any]) -> Callable[..., Any]:
        for one in reversed(added):
            command = one(command)
        return command

    return put_on


def run_several(options: RunOptions, wanted: dict[str, Any], *, quiet: bool) -> int:
    """Run replications, tell their summary, and give the number of findings in all of them.

    Raises:
        click.UsageError: the city OS is a service that cannot be filled anew for each seed.
    """
    language = options.language
    if options.city_os not in {REFERENCE, NONE}:
        raise click.UsageError(say(language, "cli.runs_need_reference"))
    check_free(options.out)
    read_scenario(find_scenario(options.scenario))
    replications = import_module("scenarios.replications")
    plan = replications.Plan(
        most=wanted["runs"] or replications.MOST,
        jobs=wanted["jobs"] or import_module("scenarios.workers").processors(),
        target=wanted["until_ci"],
        metrics=wanted["ci_metric"] or ("t90_s",),
    )
    with show_progress(sys.stderr, language, quiet=quiet) as progress:
        done: Replications = import_module("scenarios.replicate").replicate(options, plan, progress)
    if not quiet:
        for line in summary_of_runs(done, language):
            click.echo(line)
        click.echo(say(language, "cli.report_at", path=done.folder / "report.html"))
        click.echo(say(language, "cli.written", path=done.folder))
    return done.findings
