"""``citytwin conform judge-trace``: judges recorded traffic of a simulation, without asking anybody."""

from importlib.metadata import version
from pathlib import Path

import click

from conformance.command.options import FILE, language_option, option
from conformance.command.output import check_folder
from conformance.command.summary import tell
from conformance.command.words import say
from conformance.errors import PlanError, PlanFault
from conformance.report.write import write_results
from conformance.text import Language, Text
from conformance.trace import judge_trace
from conformance.verdict import exit_code

DEFAULT_OUT = Path("out/trace")


def build(language: Language) -> click.Command:
    """The sub-command in a language."""

    @click.command("judge-trace", help=say(language, "help.judge_trace"), epilog=say(language, "told.exit_codes"))
    @click.argument("exchanges", type=FILE)
    @option(language, "--out", type=FILE, default=DEFAULT_OUT, show_default=True)
    @option(language, "--quiet", is_flag=True)
    @language_option(language)
    def command(*, exchanges: Path, out: Path, quiet: bool) -> int:
        return judge(exchanges, out, language, quiet=quiet)

    return command


def judge(exchanges: Path, out: Path, language: Language, *, quiet: bool) -> int:
    """Judge a file of exchanges, and write what was found; the exit code.

    Raises:
        PlanError: The file cannot be read or holds none, or the folder is somebody else's.
    """
    check_folder(out)
    try:
        with exchanges.open("rb") as file:
            run = judge_trace(file, target=str(exchanges), suite=f"citytwin {version('citytwin')}")
    except OSError as reason:
        told = reason.strerror or str(reason)
        text = Text(
            f"cannot be read: {told}. Give exchanges.jsonl of a run.", f"読めない: {told}。exchanges.jsonlを指定する。"
        )
        raise PlanError([PlanFault(str(exchanges), text)]) from reason
    except PlanError as reason:
        raise PlanError([PlanFault(one.where or str(exchanges), one.text) for one in reason.faults]) from reason
    write_results(run, out, language)
    if not quiet:
        tell(run, out, language)
    return exit_code(one.verdict for one in run.results)
