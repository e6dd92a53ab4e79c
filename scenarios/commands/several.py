"""Options of ``citytwin run`` for several runs: how many, until which interval, in how many processes."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from scenarios.commands.inputs import JOBS, Decorator, option, together
from scenarios.errors import nearest
from scenarios.language import Language, say
from scenarios.options import IDEAL, NONE, REFERENCE, RunOptions
from scenarios.progress import show_progress
from scenarios.summary import summary_of_runs

if TYPE_CHECKING:
    from scenarios.replications import Replications

MAX_RUNS = 10_000

LEAST_FOR_CI = 6
"""Runs of which least and most enclose the median with 95 %: 1 - 2 x 0.5^6. Source: scenarios.statistics."""


class SharePercent(click.ParamType):  # type: ignore[type-arg]  # older clicks have no parameter there
    """A share, written as 5% or 0.05."""

    name = "share"

    def __init__(self, language: Language) -> None:
        self._language = language

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share, above 0 and below 1."""
        text = str(value).strip().replace("％", "%")
        try:
            share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
        except ValueError:
            share = 0.0
        if not 0.0 < share < 1.0:
            self.fail(say(self._language, "cli.not_a_share", value=repr(value)), param, ctx)
        return share


class MetricName(click.ParamType):  # type: ignore[type-arg]  # older clicks have no parameter there
    """A metric of the whole town."""

    name = "metric"

    def __init__(self, language: Language) -> None:
        self._language = language

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a metric."""
        metrics = import_module("scenarios.metrics")
        names = [name for name in metrics.definitions() if name not in {"wall_s", "peak_occupancy_share"}]
        if value not in names:
            near = nearest(value, names)
            hint = say(self._language, "fault.hint_nearest", near=near) if near else ""
            told = say(self._language, "cli.not_a_metric", value=repr(value), hint=hint, known=", ".join(names))
            self.fail(told, param, ctx)
        return str(value)


def several_options(language: Language) -> Decorator:
    """The options, put on a command."""
    return together(
        option(language, "--runs", type=click.IntRange(1, MAX_RUNS)),
        option(language, "--until-ci", type=SharePercent(language), metavar="SHARE"),
        option(language, "--ci-metric", type=MetricName(language), multiple=True, metavar="NAME"),
        option(language, "--jobs", type=JOBS),
    )


def is_several(wanted: Mapping[str, Any], language: Language) -> bool:
    """Whether several runs are asked for, in a way that can be meant.

    Raises:
        click.UsageError: --ci-metric without --until-ci, or --until-ci with fewer runs than give an interval.
    """
    if wanted["until_ci"] is None:
        if wanted["ci_metric"]:
            raise click.UsageError(say(language, "cli.ci_metric_alone"))
        return wanted["runs"] is not None
    if wanted["runs"] is not None and wanted["runs"] < LEAST_FOR_CI:
        raise click.UsageError(say(language, "cli.ci_too_few", runs=wanted["runs"]))
    return True


def run_several(options: RunOptions, wanted: Mapping[str, Any], *, quiet: bool) -> int:
    """Run replications, tell their summary, and give the number of findings in all of them.

    Raises:
        click.UsageError: the city OS is a service that cannot be filled anew for each seed.
        KeyboardInterrupt: the user stopped it; what is known is written and told.
    """
    language = options.language
    if options.city_os not in {REFERENCE, IDEAL, NONE}:
        raise click.UsageError(say(language, "cli.runs_need_reference"))
    replicate: Any = import_module("scenarios.replicate")
    replicate.check_replicable(options)
    plan = import_module("scenarios.replications").Plan(
        most=wanted["runs"] or import_module("scenarios.replications").MOST,
        jobs=wanted["jobs"] or import_module("scenarios.workers").processors(),
        target=wanted["until_ci"],
        metrics=wanted["ci_metric"] or ("t90_s",),
    )
    with show_progress(sys.stderr, language, quiet=quiet) as progress:
        done: Replications = replicate.replicate(options, plan, progress)
    if not quiet:
        _tell(done, language)
    if done.stopped:
        left = plan.most - len(done.rows)
        click.echo(say(language, "cli.runs_stopped", left=left, most=plan.most, path=done.folder), err=True)
        raise KeyboardInterrupt
    return done.findings


def _tell(done: "Replications", language: Language) -> None:
    for line in summary_of_runs(done, language):
        click.echo(line)
    click.echo(say(language, "cli.report_at", path=done.folder / "report.html"))
    click.echo(say(language, "cli.written", path=done.folder))
