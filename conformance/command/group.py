"""The group ``citytwin conform``: finds its sub-commands by name, and turns faults into lines and exit codes.

Exit codes: 0 no MUST failure, 1 failures, 2 the suite or the network failed, 3 usage or configuration, 130 stopped by
the user. Source of the last: POSIX.1-2017, 2.8.2 (128 + SIGINT).
"""

import traceback
from importlib import import_module
from typing import Any

import click

from conformance.command.words import say
from conformance.errors import ConformanceError, PlanError
from conformance.text import Language

COMMANDS = ("init", "preflight", "run", "explain", "coverage", "judge-trace", "report", "verify-bundle")
"""Each is a module of ``conformance.command`` with ``build(language) -> click.Command``, loaded when it is called."""

FAILED, USAGE, STOPPED = 2, 3, 130
"""Exit codes of the suite's own failures, of usage and configuration, and of Ctrl-C (``conformance.verdict``)."""


class ConformCommands(click.Group):
    """Sub-commands that are imported only when they are called, so that help comes at once."""

    def __init__(self, language: Language) -> None:
        super().__init__(name="conform", help=say(language, "help.conform"))
        self._language = language

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the sub-commands, in the order in which a vendor needs them."""
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The sub-command of a name."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        name = cmd_name.replace("-", "_")
        command: click.Command = import_module(f"conformance.command.{name}").build(self._language)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of sub-commands, without importing them."""
        with formatter.section("Commands"):
            names = self.list_commands(ctx)
            formatter.write_dl([(name, say(self._language, f"help.{name.replace('-', '_')}")) for name in names])

    def make_context(self, *given: Any, **settings: Any) -> click.Context:
        """The context of a call; wrong usage ends with the exit code of usage."""
        try:
            return super().make_context(*given, **settings)
        except click.ClickException as fault:
            raise _as_usage(fault) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Call a sub-command; what a user can mend is told in lines, never as a traceback."""
        try:
            return super().invoke(ctx)
        except click.ClickException as fault:
            raise _as_usage(fault) from None
        except PlanError as fault:
            for one in fault.faults:
                self._tell(": ".join(filter(None, (one.where, one.text.of(self._language)))))
            ctx.exit(USAGE)
        except (ConformanceError, OSError) as fault:
            self._tell(str(fault))
            ctx.exit(FAILED)
        except (click.exceptions.Exit, click.Abort, ModuleNotFoundError):
            raise
        except Exception:  # noqa: BLE001 - the door: a defect of ours must not end like a failure of the target
            click.echo(traceback.format_exc(), err=True)
            self._tell(say(self._language, "told.defect"))
            ctx.exit(FAILED)

    def _tell(self, line: str) -> None:
        click.echo(f"{say(self._language, 'told.error')}: {line}", err=True)


def _as_usage(fault: click.ClickException) -> click.ClickException:
    vars(fault)["exit_code"] = USAGE
    return fault


def build(language: Language) -> click.Group:
    """The group in a language."""
    return ConformCommands(language)
