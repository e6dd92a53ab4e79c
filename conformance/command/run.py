"""``citytwin conform run``: judges a target by a plan, and writes what was found."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from conformance.baseline import Applied, apply_baseline, read_baseline
from conformance.command import summary
from conformance.command.group import STOPPED
from conformance.command.options import FILE, language_option, option, plan_argument
from conformance.command.output import check_folder
from conformance.command.preflight import hold_preflight
from conformance.command.progress import Tell, show_progress
from conformance.command.words import say
from conformance.evidence import Known
from conformance.opening import fhir_token_of, opened
from conformance.plan import Plan
from conformance.plan_reading import narrowed, read_plan, unknown_names
from conformance.report.annotations import github_annotations
from conformance.report.bundle import write_bundle
from conformance.report.document import document_of
from conformance.report.write import write_results
from conformance.results import Result, Run
from conformance.runner import Choice, Planned, plan_run, results_of, run_planned
from conformance.target import Target
from conformance.text import Language
from conformance.verdict import EXIT_FAIL, EXIT_USAGE, exit_code

DEFAULT_OUT = Path("out/conform")


@dataclass(frozen=True)
class RunOptions:
    """What to judge, how, and where to write it."""

    plan: Path
    out: Path
    profile: tuple[str, ...]
    check: tuple[str, ...]
    slow: bool
    jobs: int
    seed: int
    baseline: Path | None
    form: str
    bundle: Path | None
    key: Path | None
    preflight: bool
    quiet: bool

    @property
    def choice(self) -> Choice:
        """What the run holds."""
        return Choice(self.profile, self.check, self.slow)


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("run", help=say(language, "help.run"), epilog=say(language, "told.exit_codes"))
    @plan_argument()
    @option(language, "--out", type=FILE, default=DEFAULT_OUT, show_default=True)
    @option(language, "--profile", multiple=True)
    @option(language, "--check", multiple=True)
    @option(language, "--slow", is_flag=True)
    @option(language, "--jobs", type=click.IntRange(1, 32), default=4, show_default=True)
    @option(language, "--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True)
    @option(language, "--baseline", type=FILE)
    @option(language, "--format", "form", type=click.Choice(["text", "github"]), default="text")
    @option(language, "--bundle", type=FILE)
    @option(language, "--key", type=FILE)
    @option(language, "--preflight/--no-preflight", default=True)
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def command(**given: Any) -> int:
        return run_plan(RunOptions(**given), language)

    return command


def run_plan(options: RunOptions, language: Language) -> int:
    """Judge, and write what was found; the exit code.

    Raises:
        PlanError: Something that was given cannot be used.
        NetworkError: The target cannot be reached.
    """
    unknown_names(options.check)
    plan = narrowed(read_plan(options.plan), options.profile)
    known = read_baseline(options.baseline) if options.baseline else ()
    check_folder(options.out)
    if options.preflight and not hold_preflight(plan, language, quiet=options.quiet):
        return EXIT_USAGE
    token = fhir_token_of(plan, os.environ)
    with opened(plan, os.environ) as target:
        run = judged(target, options, language, token)
        applied = apply_baseline(known, run.results, date.today())  # noqa: DTZ011 - the day where the run is held
        run = _replaced(run, applied)
        write(run, applied, target, options, language=language)
    return _end(run, applied)


def judged(target: Target, options: RunOptions, language: Language, token: str) -> Run:
    """What was found, also where the user stopped it."""
    begun_at, begin_s = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    rows = plan_run(target, options.choice)
    found: list[Result] = []
    interrupted = False
    with show_progress(sys.stderr, language, len(rows), quiet=options.quiet) as tell:
        try:
            _collect(target, rows, options, token, found=found, tell=tell)
        except KeyboardInterrupt:
            interrupted = True
            target.line.close()
    duration_s = time.monotonic() - begin_s
    return Run(
        address_of(target.plan),
        f"citytwin {version('citytwin')}",
        options.seed,
        results_of(found),
        begun_at,
        duration_s,
        interrupted,
    )


def _collect(
    target: Target, rows: Sequence[Planned], options: RunOptions, token: str, *, found: list[Result], tell: Tell
) -> None:
    for one in run_planned(target, rows, seed=options.seed, jobs=options.jobs, fhir_token=token):
        found.append(one)
        tell(one)


def _replaced(run: Run, applied: Applied) -> Run:
    return Run(run.target, run.suite, run.seed, applied.results, run.begun_at, run.duration_s, run.interrupted)


def address_of(plan: Plan) -> str:
    """The address that names a target in results."""
    return plan.target.city_os or plan.target.issuer or plan.target.fhir


def write(run: Run, applied: Applied, target: Target, options: RunOptions, *, language: Language) -> None:
    """Write the reports, and tell the summary."""
    known = Known.of(target, fhir_token_of(target.plan, os.environ))
    notes = [fault.text for fault in applied.faults]
    write_results(run, options.out, language, known=known, notes=notes)
    if options.bundle is not None:
        write_bundle(options.out, options.bundle, key=options.key)
    if not options.quiet:
        summary.tell(run, options.out, language)
    if options.form == "github":
        click.echo(github_annotations(document_of(run, language, known=known), language), nl=False)
    for fault in applied.faults:
        click.echo(f"{fault.where}: {fault.text.of(language)}", err=True)


def _end(run: Run, applied: Applied) -> int:
    if run.interrupted:
        return STOPPED
    code = exit_code(one.verdict for one in run.results if one.accepted is None)
    return EXIT_FAIL if applied.faults else code
