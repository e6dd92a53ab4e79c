"""The command ``citytwin``: finds its sub-commands by name, and turns faults into lines and exit codes.

Exit codes: 0 well, 1 the city OS was found wrong (only with --fail-on-findings), 2 input that cannot be used,
130 stopped by the user, 143 by SIGTERM.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

import click

from scenarios.errors import lines_of
from scenarios.language import Language, language_of, say
from scenarios.packages import check_packages
from scenarios.stopping import TERMINATED, exit_code

COMMANDS = (
    "run",
    "compare",
    "sweep",
    "study",
    "traffic",
    "serve",
    "load",
    "fault-proxy",
    "verify",
    "conform",
    "contract",
    "explain",
    "doctor",
)
"""Each is a module of ``scenarios.commands`` with ``build(language) -> click.Command``, loaded when it is called."""

UNUSABLE = 2
"""Exit code of input that cannot be used. Source: click (2 for usage)."""


class Commands(click.Group):
    """Sub-commands that are imported only when they are called, so that help comes at once."""

    def __init__(self, language: Language) -> None:
        super().__init__(name="citytwin", help=say(language, "cli.help"))
        self._language = language

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the sub-commands, as they are used."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The sub-command of a name."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = import_module(f"scenarios.commands.{cmd_name.replace('-', '_')}").build(self._language)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of sub-commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, say(self._language, f"cli.{name}")) for name in self.list_commands(ctx)])


def command(language: Language) -> click.Group:
    """The whole command in a language."""
    group = Commands(language)
    told = version("citytwin")
    return click.version_option(told, prog_name="citytwin", help=say(language, "cli.version"))(group)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, and end the process with its exit code."""
    sys.exit(run_command(sys.argv[1:] if arguments is None else list(arguments)))


def run_command(arguments: list[str]) -> int:
    """Run the command; the exit code. What a user can mend is told in lines, never as a traceback."""
    language = language_of(arguments, os.environ)
    try:
        check_packages()
        code = command(language).main(arguments, prog_name="citytwin", standalone_mode=False)
    except click.ClickException as fault:
        fault.show()
        return fault.exit_code
    except (KeyboardInterrupt, click.Abort) as stop:
        code = exit_code(stop)
        click.echo(say(language, "cli.terminated" if code == TERMINATED else "cli.interrupted"), err=True)
        return code
    except Exception as fault:
        lines = lines_of(fault, language)
        if lines is None:
            raise
        for line in lines:
            click.echo(f"{say(language, 'cli.error')}: {line}", err=True)
        return UNUSABLE
    return code if isinstance(code, int) else 0
