"""``citytwin conform run``: judges a target by a plan, and writes what was found."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from conformance.command.options import FILE, language_option, option, plan_argument
from conformance.command.words import say
from conformance.opening import fhir_token_of, opened
from conformance.plan_reading import read_plan
from conformance.runner import Choice, plan_run, results_of, run_planned
from conformance.text import Language
from conformance.verdict import exit_code


@dataclass(frozen=True)
class RunOptions:
    """What to judge, how, and where to write it."""

    plan: Path
    out: Path | None
    profile: tuple[str, ...]
    check: tuple[str, ...]
    slow: bool
    jobs: int
    seed: int


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("run", help=say(language, "help.run"))
    @plan_argument()
    @option(language, "--out", type=FILE)
    @option(language, "--profile", multiple=True)
    @option(language, "--check", multiple=True)
    @option(language, "--slow", is_flag=True)
    @option(language, "--jobs", type=click.IntRange(1, 32), default=4, show_default=True)
    @option(language, "--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True)
    @language_option(language)
    def command(**given: Any) -> int:
        return run_plan(RunOptions(**given), language)

    return command


def run_plan(options: RunOptions, language: Language) -> int:
    """Judge; the exit code."""
    plan = read_plan(options.plan)
    choice = Choice(options.profile, options.check, options.slow)
    with opened(plan, os.environ) as target:
        rows = plan_run(target, choice)
        results = results_of(
            run_planned(target, rows, seed=options.seed, jobs=options.jobs, fhir_token=fhir_token_of(plan, os.environ))
        )
    for one in results:
        click.echo(f"{one.verdict.value:6} {one.name:20} {one.message.of(language)[:200]}")
    return exit_code(one.verdict for one in results)
