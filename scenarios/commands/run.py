"""``citytwin run``: a scenario from its file to its report."""

import sys
from importlib import import_module
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from scenarios.collecting import rare_collections
from scenarios.commands.inputs import HOURS, PEOPLE, SEED, folder_option, language_option, option
from scenarios.commands.several import is_several, run_several, several_options
from scenarios.faults.causes import unexplained
from scenarios.faults.words import fault_lines
from scenarios.language import Language, say
from scenarios.options import NONE, REFERENCE, RunOptions
from scenarios.output_folder import check_free
from scenarios.progress import show_progress
from scenarios.reader import find_scenario, read_scenario
from scenarios.stopping import stoppable
from scenarios.summary import finding_lines, summary_lines

if TYPE_CHECKING:
    from scenarios.run import RunResult

FOUND_WRONG = 1
"""Exit code of --fail-on-findings when the city OS was found wrong."""


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("run", help=say(language, "cli.run"))
    @click.argument("scenario")
    @option(language, "--town")
    @folder_option(language, "--data")
    @folder_option(language, "--roads")
    @option(language, "--city-os", default=REFERENCE, show_default=True)
    @folder_option(language, "--faults")
    @option(language, "--people", type=PEOPLE)
    @option(language, "--seed", type=SEED)
    @option(language, "--hours", type=HOURS)
    @folder_option(language, "--out")
    @option(language, "--baseline", is_flag=True)
    @several_options(language)
    @option(language, "--fail-on-findings", is_flag=True)
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def run(*, quiet: bool, fail_on_findings: bool, **given: Any) -> int:
        wanted = {name: given.pop(name) for name in ("runs", "until_ci", "ci_metric", "jobs")}
        options = options_of(given, language)
        if options.faults is not None:
            import_module("scenarios.faults.reader").read_faults(options.faults)
        several = is_several(wanted, language)
        with stoppable():
            found = run_several(options, wanted, quiet=quiet) if several else run_one(options, quiet=quiet)
        return FOUND_WRONG if fail_on_findings and found else 0

    return run


def run_one(options: RunOptions, *, quiet: bool) -> int:
    """Run once, tell what came of it, and give the number of findings that no fault accounts for."""
    # The movement's compiler takes a second to import: not before the files that are quick to read were read.
    check_free(options.out)
    read_scenario(find_scenario(options.scenario))
    with rare_collections(), show_progress(sys.stderr, options.language, quiet=quiet) as progress:
        result: RunResult = import_module("scenarios.run").run(options, progress)
    if not quiet:
        tell(result, options)
    return len(unexplained(result.findings, result.faults))


def options_of(given: dict[str, Any], language: Language) -> RunOptions:
    """The options as typed; without --out the results go to out/<scenario>-<seed>, or the next name that is free."""
    if given["out"] is None:
        scenario = find_scenario(given["scenario"])
        seed = read_scenario(scenario).seed if given["seed"] is None else given["seed"]
        given["out"] = next_free(Path("out") / f"{scenario.stem}-{seed}")
    return RunOptions(language=language, command=_typed(), **given)


def next_free(folder: Path) -> Path:
    """The folder, or the first of folder-2, folder-3, ... that does not exist."""
    names = chain([folder], (folder.with_name(f"{folder.name}-{number}") for number in count(2)))
    return next(one for one in names if not one.exists())


def _typed() -> str:
    return " ".join(["citytwin", *sys.argv[1:]])


def tell(result: "RunResult", options: RunOptions) -> None:
    """Print the summary, what the oracle found, and where the files lie."""
    language = options.language
    for line in summary_lines(result.metrics, language):
        click.echo(line)
    if options.city_os == NONE:
        click.echo(say(language, "cli.no_city_os"))
    else:
        for line in (*finding_lines(result.findings, language), *fault_lines(result, language)):
            click.echo(line)
    click.echo(say(language, "cli.report_at", path=result.report))
    click.echo(say(language, "cli.written", path=result.folder))
