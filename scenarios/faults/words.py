"""Faults in words: lines of the timeline and of the summary."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from scenarios.faults.causes import unexplained
from scenarios.faults.form import FOR_GOOD, FaultFile
from scenarios.language import Language, Text, say
from scenarios.record import TimelineEntry, Topic

if TYPE_CHECKING:
    from scenarios.faults.injection import Injector
    from scenarios.run import RunResult


def faults_timeline(file: FaultFile | None) -> Iterator[TimelineEntry]:
    """When each fault begins and ends; nothing if there are none."""
    for one in file.fault if file else ():
        yield TimelineEntry(one.from_s, Topic.CITY_OS, _told("fault_begins", one.name, one.kind))
        if one.until != FOR_GOOD:
            yield TimelineEntry(one.until_s, Topic.CITY_OS, _told("fault_ends", one.name, one.kind))


def fault_lines(result: "RunResult", language: Language) -> Iterator[str]:
    """How many calls each fault hit, and how many findings can follow from them; nothing if there were none."""
    for one in result.faults:
        kind = say(language, f"fault_kind.{one.kind}")
        yield say(language, "cli.faults_hit", name=one.name, kind=kind, hit=one.hit, concerned=one.concerned)
    if result.faults and result.findings:
        rest = len(unexplained(result.findings, result.faults))
        count = len(result.findings)
        yield say(language, "cli.faults_explain", explained=count - rest, count=count, rest=rest)


def hit_lines(injector: "Injector", language: Language) -> Iterator[str]:
    """How many calls each fault hit so far."""
    for one in injector.file.fault:
        kind, hit = say(language, f"fault_kind.{one.kind}"), injector.hit[one.name]
        concerned = injector.concerned[one.name]
        yield say(language, "cli.faults_hit", name=one.name, kind=kind, hit=hit, concerned=concerned)


def _told(key: str, name: str, kind: str) -> Text:
    ja, en = (
        say(language, f"timeline.{key}", name=name, kind=say(language, f"fault_kind.{kind}"))
        for language in (Language.JA, Language.EN)
    )
    return Text(ja, en)
