"""``citytwin conform explain``: what a requirement demands, how it is judged, and what to mend."""

from collections.abc import Iterator, Sequence

import click

from conformance.command.options import language_option
from conformance.command.words import say
from conformance.contract.requirements import Requirement, clause_link, load_requirements, load_sources
from conformance.coverage import Covered, coverage, modules_of
from conformance.explanations import load_explanations
from conformance.plan_reading import unknown_names
from conformance.text import Language


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("explain", help=say(language, "help.explain"))
    @click.argument("ids", metavar="ID...", nargs=-1, required=True)
    @language_option(language)
    def command(ids: tuple[str, ...]) -> None:
        wanted = [name if "." in name else name.upper() for name in ids]
        unknown_names(wanted, "")
        click.echo("\n\n".join("\n".join(explanation(name, language)) for name in wanted))

    return command


def explanation(name: str, language: Language) -> Iterator[str]:
    """Lines on a requirement, or on the one that a check judges."""
    wanted = name.partition(".")[0]
    one = next(one for one in load_requirements() if one.id == wanted)
    yield f"{one.id}  {one.level}  {one.part or one.profile}"
    yield one.ja if language == "ja" else one.en
    if one.condition:
        yield f"{say(language, 'explain.condition')}: {one.condition}"
    yield ""
    yield from _clauses(one, language)
    yield from _words(one, language)
    covered = next(row for row in coverage() if row.requirement.id == wanted)
    yield from _checks(covered, language)
    yield from _listed(say(language, "explain.modules"), modules_of(wanted))


def _clauses(one: Requirement, language: Language) -> Iterator[str]:
    rows = []
    for clause in one.clauses:
        title, link = load_sources()[clause.partition(" ")[0]].title, clause_link(clause)
        rows.append(f"{clause}  {title}" + (f"\n    {link}" if link.startswith("http") else ""))
    yield from _listed(say(language, "explain.clauses"), rows)


def _words(one: Requirement, language: Language) -> Iterator[str]:
    found = load_explanations().get(one.id)
    if found is None:
        yield from _listed(say(language, f"way.{one.way}"), [one.how])
        return
    for key in ("sends", "expects", "why", "fix"):
        yield from _listed(say(language, f"explain.{key}"), [getattr(found, key).of(language)])


def _checks(covered: Covered, language: Language) -> Iterator[str]:
    marks = [f"{one.name}{' (--slow)' if one.slow else ''}\n    {one.summary}" for one in covered.checks]
    yield from _listed(say(language, "explain.checks"), marks)


def _listed(title: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield f"{title}:"
        yield from (f"  {row}" for row in rows)
