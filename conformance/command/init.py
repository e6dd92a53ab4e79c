"""``citytwin conform init``: asks a service what it is, and writes a plan."""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from conformance.command.options import FILE, language_option, option
from conformance.command.words import say
from conformance.errors import PlanError, PlanFault
from conformance.opening import line_of
from conformance.plan import Plan, TargetPart
from conformance.planning.discovery import Found, discover
from conformance.planning.draft import Draft, draft
from conformance.planning.login_page import look
from conformance.planning.writing import plan_text
from conformance.preflight.variables import needed_variables
from conformance.text import Language, Text
from conformance.wire import Line


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("init", help=say(language, "help.init"), epilog=say(language, "told.init_codes"))
    @click.argument("url")
    @option(language, "--out", "out", type=FILE, default=Path("plan.toml"), show_default=True)
    @option(language, "--force", is_flag=True)
    @option(language, "--ca-file", type=FILE)
    @language_option(language)
    def command(*, url: str, out: Path, force: bool, ca_file: Path | None) -> None:
        write_plan(url, out, language, force=force, ca_file=ca_file)

    return command


def write_plan(url: str, out: Path, language: Language, *, force: bool, ca_file: Path | None) -> None:
    """Ask, write the plan, and tell what was found and what was not.

    Raises:
        PlanError: The service cannot be asked or is none that can be judged, or the plan cannot be written.
    """
    if out.exists() and not force:
        raise PlanError([PlanFault(str(out), _OCCUPIED)])
    ca = str(ca_file.absolute()) if ca_file else ""
    line = _line(ca)
    try:
        found = discover(url, line)
        drafted = draft(found, os.environ, ca_file=ca)
        lines = [*_found(found, drafted, language), *_login(drafted, line, language)]
    finally:
        line.close()
    text = plan_text(drafted, language, origin=f"citytwin conform init {shlex.quote(url)}")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
    except OSError as reason:
        raise PlanError([PlanFault(str(out), _unwritable(reason))]) from reason
    for told in (*lines, *_open_ends(drafted, language), *_next(out, language)):
        click.echo(told)


_OCCUPIED = Text(
    "there is a file already; nothing was changed. Give another --out, or --force.",
    "ファイルが既にある。何も変えていない。別の--outか--forceを指定する。",
)


def _unwritable(reason: OSError) -> Text:
    told = reason.strerror or str(reason)
    return Text(f"cannot be written: {told}. Give another --out.", f"書けない: {told}。別の--outを指定する。")


def _line(ca: str) -> Line:
    try:
        return line_of(Plan(TargetPart((), ca_file=ca)))
    except OSError as reason:
        text = Text(f"no file of certificates: {reason}", f"証明書のファイルとして読めない: {reason}")
        raise PlanError([PlanFault(ca, text)]) from reason


def _found(found: Found, drafted: Draft, language: Language) -> Iterator[str]:
    yield say(language, "told.found", url=found.url)
    if found.city_os:
        box = "sandbox" if found.sandbox else "-"
        kind = found.city_os.get("environment", "-")
        yield say(language, "told.found_city_os", url=found.url, environment=kind, sandbox=box)
    if found.issuer:
        yield say(language, "told.found_issuer", url=found.issuer)
    if found.fhir:
        software = found.capability.get("software")
        name = software.get("name", "") if isinstance(software, dict) else ""
        version = found.capability.get("fhirVersion", "?")
        yield say(language, "told.found_fhir", url=found.fhir, software=f"{version} {name}".strip())
    yield say(language, "told.found_profiles", names=", ".join(drafted.plan.target.profiles))


def _login(drafted: Draft, line: Line, language: Language) -> Iterator[str]:
    if not drafted.plan.target.issuer:
        return
    seen = look(drafted.plan, line, os.environ)
    yield "  " + (seen.text.of(language) if seen else say(language, "told.login_unseen"))


def _open_ends(drafted: Draft, language: Language) -> Iterator[str]:
    if drafted.unknown:
        yield say(language, "told.unknown")
        yield from (f"  - {text.of(language)}" for text in drafted.unknown)
    names = list(needed_variables(drafted.plan))
    if names:
        yield say(language, "told.variables")
        for name, what in names:
            state = say(language, "told.is_set" if os.environ.get(name) else "told.is_not_set")
            yield f"  {name}: {what.of(language)} ({state})"


def _next(out: Path, language: Language) -> Iterator[str]:
    yield say(language, "told.plan_at", path=out)
    yield say(language, "told.next", path=shlex.quote(str(out)))
