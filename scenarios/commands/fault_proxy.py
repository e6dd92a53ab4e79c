"""``citytwin fault-proxy``: faults in front of any vendor's service."""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from scenarios.commands.inputs import PEOPLE, SEED, folder_option, language_option, option
from scenarios.language import Language, say
from scenarios.progress import Tell, show_progress

if TYPE_CHECKING:
    from scenarios.faults.form import FaultFile
    from scenarios.faults.serving import FaultTarget
    from scenarios.faults.whereabouts import Whereabouts

HOURS_MINUTES = re.compile(r"[0-9]{1,3}:[0-5][0-9](:[0-5][0-9])?")
"""Source: scenarios.scenario.At."""


def build(language: Language) -> click.Command:
    """The sub-command in a language."""
    told = partial(option, language, texts="fault_proxy")

    @click.command("fault-proxy", help=say(language, "cli.fault-proxy"))
    @told("--target", required=True, metavar="URL")
    @told("--faults", required=True, type=click.Path(path_type=Path), metavar="FILE")
    @option(language, "--port", type=click.IntRange(1, 65535), default=9000, show_default=True)
    @option(language, "--host", default="127.0.0.1", show_default=True)
    @told("--at", default="0:00", show_default=True, metavar="H:MM")
    @told("--log", type=click.Path(path_type=Path), metavar="FILE")
    @told("--rewrite-discovery", is_flag=True)
    @option(language, "--town")
    @folder_option(language, "--data")
    @option(language, "--people", type=PEOPLE)
    @option(language, "--seed", type=SEED)
    @language_option(language)
    def fault_proxy(**given: Any) -> None:
        serve(given, language)

    return fault_proxy


def serve(given: dict[str, Any], language: Language) -> None:
    """Read the faults, look at the target, and serve the proxy until interrupted."""
    if not HOURS_MINUTES.fullmatch(given["at"]):
        raise click.BadParameter(say(language, "fault_proxy.wrong_at", value=given["at"]), param_hint="--at")
    with show_progress(sys.stderr, language, quiet=False) as tell:
        file, places = _faults_and_places(given, tell)
    serving: Any = import_module("scenarios.faults.serving")
    import_module("scenarios.commands.serve").check_port(given["host"], given["port"])
    target = serving.look_at(given["target"])
    url = f"http://{given['host']}:{given['port']}"
    renames = given["rewrite_discovery"]
    with ExitStack() as opened:
        log: BinaryIO = sys.stdout.buffer
        if given["log"] is not None:
            log = opened.enter_context(serving.open_log(given["log"]))
        form: Any = import_module("scenarios.faults.form")
        now = serving.clock_from(form.seconds_of(given["at"]))
        proxy = serving.proxy_of(target, file, places, log, now=now, rename_to=url if renames else None)
        for line in _notes(target, (file, places), url, language, renames=renames):
            click.echo(line, err=True)
        serving.serve_proxy(proxy, given["host"], given["port"])
    words: Any = import_module("scenarios.faults.words")
    for line in words.hit_lines(proxy.injector, language):
        click.echo(line, err=True)


def _faults_and_places(given: dict[str, Any], tell: Tell) -> tuple["FaultFile", "Whereabouts"]:
    """The faults, and where the people of the target live if it was said who they are."""
    reader: Any = import_module("scenarios.faults.reader")
    whereabouts: Any = import_module("scenarios.faults.whereabouts").Whereabouts
    file = reader.read_faults(given["faults"])
    if all(given[name] is None for name in ("town", "data", "people", "seed")):
        return file, whereabouts()
    tell("people", 0.0)
    people: Any = import_module("scenarios.faults.people")
    town, population = people.people_of(given["town"], given["data"], given["people"], given["seed"])
    return reader.read_faults(given["faults"], town), whereabouts.of(town, population)


def _notes(
    target: "FaultTarget", faults: tuple["FaultFile", "Whereabouts"], url: str, language: Language, *, renames: bool
) -> Iterator[str]:
    """What a tester should know before the first call."""
    file, places = faults
    yield say(language, "fault_proxy.serving", url=url, target=target.url, count=len(file.fault))
    if not target.api_base:
        yield say(language, "fault_proxy.no_document", target=target.url)
    elif target.leads_past(url) and not renames:
        yield say(language, "fault_proxy.leads_past", base=target.api_base, url=url)
    if any(one.districts for one in file.fault) and not places.people:
        yield say(language, "fault_proxy.no_places")
