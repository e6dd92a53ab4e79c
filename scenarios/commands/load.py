"""``citytwin load``: a run's own calls press a city OS, and its service objectives are judged."""

import math
import sys
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any

import click

from scenarios.commands.inputs import Number, folder_option, language_option, option
from scenarios.commands.run import next_free
from scenarios.errors import MissingPackage, install_command
from scenarios.language import Language, say
from scenarios.output_folder import OutputFolder, check_free
from scenarios.progress import show_progress
from scenarios.stopping import STOPPED, stoppable
from scenarios.summary import finding_lines

if TYPE_CHECKING:
    from scenarios.load.run import Capacity, Load

MASTER_PORT = 5557
"""Where workers reach a master. Source: locust's own."""

SPEED = Number(0.01, 10_000.0)
SECONDS = Number(0.0, 1e8)
TIMEOUT = Number(0.1, 600.0)
PATH = click.Path(path_type=Path)


def build(language: Language) -> click.Command:
    """The sub-command in a language."""
    told = partial(option, language, texts="load")

    @click.command("load", help=say(language, "cli.load"))
    @click.argument("recording", metavar="[RUN]", type=PATH, required=False)
    @told("--target", metavar="URL")
    @folder_option(language, "--out")
    @told("--ids", type=click.IntRange(1, 10_000_000), metavar="N")
    @told("--speed", type=SPEED, default=1.0, show_default=True)
    @click.option("--from", "from_s", type=SECONDS, default=0.0, metavar="SECONDS", help=say(language, "load.from"))
    @click.option("--until", "until_s", type=SECONDS, metavar="SECONDS", help=say(language, "load.until"))
    @told("--profile", type=click.Choice(["disaster"]))
    @told("--find-capacity", is_flag=True)
    @told("--objectives", type=PATH, metavar="FILE")
    @told("--timeout", type=TIMEOUT, default=10.0, show_default=True, metavar="SECONDS")
    @told("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
    @told("--master", is_flag=True)
    @told("--worker", is_flag=True)
    @told("--master-host", metavar="HOST")
    @told("--master-port", type=click.IntRange(1, 65535), default=MASTER_PORT, show_default=True)
    @told("--master-bind-host", default="*", show_default=True, metavar="HOST")
    @told("--connections", type=click.Choice(["shared", "device"]), default="shared", show_default=True)
    @told("--ui", is_flag=True)
    @told("--ui-port", type=click.IntRange(1, 65535), default=8089, show_default=True)
    @told("--i-may-load-this-host", multiple=True, metavar="HOST")
    @option(language, "--town", default="synthetic", show_default=True)
    @folder_option(language, "--data")
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def load(*, out: Path | None, quiet: bool, **given: Any) -> int:
        check_usage(given, language)
        if find_spec("locust") is None:
            raise MissingPackage("locust", install_command("load"))
        with stoppable():
            if given["worker"]:
                return work_for_master(given, language, quiet=quiet)
            return press(out or next_free(Path("out") / "load"), given, language, quiet=quiet)

    return load


def press(folder: Path, given: dict[str, Any], language: Language, *, quiet: bool) -> int:
    """Press the target, write and tell what came of it; the exit code."""
    check_free(folder)
    for line in where_to_turn(given, language):
        click.echo(line, err=True)
    with show_progress(sys.stderr, language, quiet=quiet) as progress:
        # The simulation's libraries take a second to import.
        room = import_module("scenarios.load.capacity" if given["find_capacity"] else "scenarios.load.run")
        pressing = room.find_capacity if given["find_capacity"] else room.run_load
        done: Load = pressing(options_of(given), progress)
        with OutputFolder(folder) as work:
            report = import_module("scenarios.load.outputs").write_load(work, done, language)
    if not quiet:
        tell(done, folder / report.name, language)
    return int(import_module("scenarios.load.outputs").exit_code(done)) if done.is_whole else STOPPED


def check_usage(given: dict[str, Any], language: Language) -> None:
    """Refuse what cannot be meant together.

    Raises:
        click.UsageError: with what to type.
    """
    sources = sum(given[name] is not None for name in ("recording", "profile"))
    wrong = {
        "worker_or_master": given["worker"] and given["master"],
        "worker_needs_host": given["worker"] != (given["master_host"] is not None),
        "worker_alone": given["worker"] and (sources > 0 or given["target"] is not None),
        "needs_target": not given["worker"] and given["target"] is None,
        "run_or_profile": not given["worker"] and sources != 1,
    }
    for key in (key for key, is_wrong in wrong.items() if is_wrong):
        raise click.UsageError(say(language, f"load.{key}"))


def where_to_turn(given: dict[str, Any], language: Language) -> Iterator[str]:
    """Where locust's page is, and what to type on other machines."""
    if given["ui"]:
        yield say(language, "load.page_at", port=given["ui_port"])
    if given["master"]:
        yield call_for_workers(given, language)


def call_for_workers(given: dict[str, Any], language: Language) -> str:
    """What to type on the machines that are to send."""
    bound = given["master_bind_host"]
    words = ["citytwin load --worker --master-host", gethostname() if bound == "*" else bound]
    words += ["--master-port", str(given["master_port"])] if given["master_port"] != MASTER_PORT else []
    words += [f"--i-may-load-this-host {host}" for host in given["i_may_load_this_host"]]
    return say(language, "load.call_for_workers", count=given["workers"], command=" ".join(words))


def work_for_master(given: dict[str, Any], language: Language, *, quiet: bool) -> int:
    """Play a part in the loads of another machine until Ctrl-C."""
    room, generator = import_module("scenarios.load.worker"), import_module("scenarios.load.generator")
    master = generator.Master(given["master_host"], given["master_port"])
    options = room.WorkerOptions(master, given["workers"], given["i_may_load_this_host"])
    if not quiet:
        click.echo(say(language, "load.working", host=master.host, port=master.port), err=True)
    with show_progress(sys.stderr, language, quiet=quiet) as progress:
        loads = room.work(options, progress)
    if not quiet:
        click.echo(say(language, "load.worked", loads=loads))
    return 0


def options_of(given: dict[str, Any]) -> Any:
    """The options of ``scenarios.load.run`` as typed."""
    room, generator = import_module("scenarios.load.run"), import_module("scenarios.load.generator")
    master = generator.Master(given["master_bind_host"], given["master_port"]) if given["master"] else None
    target = room.TargetOptions(
        url=given["target"],
        hosts=given["i_may_load_this_host"],
        town=given["town"],
        data=given["data"],
        timeout_s=given["timeout"],
    )
    return room.LoadOptions(
        recording=given["recording"],
        profile=given["profile"],
        target=target,
        ids=given["ids"],
        speed=given["speed"],
        from_s=given["from_s"],
        until_s=math.inf if given["until_s"] is None else given["until_s"],
        objectives=given["objectives"],
        processes=given["workers"],
        ui_port=given["ui_port"] if given["ui"] else None,
        master=master,
        connections=given["connections"],
        command=" ".join(["citytwin", *sys.argv[1:]]),
    )


def tell(done: "Load", report: Path, language: Language) -> None:
    """Print the verdict, the classes, what the oracle found, and where the report lies."""
    verdict = done.verdict
    click.echo(say(language, f"load.{verdict.outcome}"))
    for one in verdict.classes:
        click.echo(
            say(
                language,
                "load.class_line",
                name=one.name,
                calls=f"{one.calls:,}",
                rate=f"{one.rate:,.1f}",
                p95=f"{one.latency.p95_ms:,.1f}",
                p99=f"{one.latency.p99_ms:,.1f}",
                failed=f"{one.failed:,}",
            )
        )
    for judgement in (one for one in verdict.judgements if not one.held):
        values = {"value": f"{judgement.value:g}", "limit": f"{judgement.limit:g}"}
        click.echo(say(language, "load.broken_line", subject=judgement.subject, figure=judgement.figure, **values))
    for name, count in verdict.injected.items():
        click.echo(say(language, "load.injected_line", name=name, count=f"{count:,}"))
    if done.capacity is not None:
        for line in capacity_lines(done.capacity, language):
            click.echo(line)
    lag = {"p99": f"{verdict.lag.p99_ms:,.1f}", "limit": f"{verdict.lag_limit_ms:g}"}
    click.echo(say(language, "load.lag_line", share=f"{done.core_share:.0%}", **lag))
    if verdict.lagged:
        click.echo(say(language, "load.lag_cores" if done.waited_for_a_core else "load.lag_own"))
    for line in finding_lines(done.findings, language):
        click.echo(line)
    if not done.is_whole:
        click.echo(say(language, "load.stopped"))
    if not done.aftermath.is_asked:
        click.echo(say(language, "load.oracle_unasked"))
    click.echo(say(language, "cli.report_at", path=report))


def capacity_lines(capacity: "Capacity", language: Language) -> Iterator[str]:
    """The steps to the knee, and where it is."""
    for step in capacity.steps:
        outcome = say(language, f"load.step_{step.outcome}")
        p95 = ", ".join(f"{name} {value:,.1f} ms" for name, value in step.p95_ms.items())
        yield say(
            language,
            "load.step_line",
            ids=f"{step.ids:,}",
            speed=f"{step.speed:.3g}",
            rate=f"{step.rate:,.0f}",
            outcome=outcome,
            p95=p95,
        )
    named = [] if capacity.broken is None else [f"{one.subject} {one.figure}" for one in capacity.broken.broken]
    what = ", ".join(named) or say(language, "load.oracle_word")
    low, high = (f"{rate:,.0f}" for rate in capacity.bounds)
    yield say(language, f"load.{capacity.knee}", low=low, high=high, what=what)
