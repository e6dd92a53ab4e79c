"""``citytwin conform coverage``: requirement by check, and the OpenID Foundation's modules."""

from collections.abc import Iterator, Sequence

import click

from conformance.command.options import language_option
from conformance.command.words import say
from conformance.coverage import Covered, coverage, load_oidf_modules
from conformance.text import Language
from conformance.verdict import EXIT_FAIL, EXIT_OK


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("coverage", help=say(language, "help.coverage"), epilog=say(language, "told.coverage_codes"))
    @language_option(language)
    def command() -> int:
        rows = coverage()
        for line in (*requirement_lines(rows, language), "", *module_lines(language)):
            click.echo(line)
        gaps = [row.requirement.id for row in rows if row.is_gap]
        for name in gaps:
            click.echo(say(language, "told.gap", id=name), err=True)
        return EXIT_FAIL if gaps else EXIT_OK

    return command


def requirement_lines(rows: Sequence[Covered], language: Language) -> Iterator[str]:
    """One line for each requirement: id, level, profile, and its checks or why it has none."""
    for row in rows:
        one = row.requirement
        told = ", ".join(check.name for check in row.checks) or f"({say(language, f'way.{one.way}')}) {one.how}"
        yield f"{one.id:9} {one.level:6} {one.part or one.profile:24} {told}"
    checks = sum(len(row.checks) for row in rows)
    judged = sum(bool(row.checks) for row in rows)
    yield say(language, "told.covered", requirements=len(rows), judged=judged, checks=checks)


def module_lines(language: Language) -> Iterator[str]:
    """One line for each module of the OpenID Foundation."""
    modules = load_oidf_modules()
    for name, module in modules.items():
        reason = getattr(module.reason, language) if module.reason else ""
        yield f"{name:76} {' '.join(module.by) or f'- {reason}'}"
    mapped = sum(bool(module.by) for module in modules.values())
    yield say(language, "told.modules", mapped=mapped, count=len(modules))
