"""``python -m reference_api``: the reference city OS by itself, with settings from the environment."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from reference_api.errors import InvalidSeed, ReferenceApiError
from reference_api.oidc.credentials import set_password
from reference_api.oidc.key_ring import rotate_keys
from reference_api.seed import SeedData
from reference_api.serve import fill, serve, serve_workers, stored_app
from reference_api.services import Services
from reference_api.settings import Settings, check_settings, settings_from_environment


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; exit code 2 when it cannot be done."""
    given = _parser().parse_args(arguments)
    try:
        settings = settings_from_environment()
        check_settings(settings)
        _COMMANDS[given.command](settings, given)
    except (ReferenceApiError, OSError) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - the command's own word to its user
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reference_api", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve on 127.0.0.1 until interrupted")
    serving.add_argument("seed", nargs="?", type=Path, help="JSON file of SeedData that fills an empty database first")
    serving.add_argument("--host", default="127.0.0.1")
    serving.add_argument("--port", type=int, default=8080)
    serving.add_argument("--workers", type=int, default=1, help="number of processes; more than one need a database")
    commands.add_parser("rotate-keys", help="sign with new keys; the old ones stay valid for what they signed")
    password = commands.add_parser("set-password", help="set a person's password, read from the terminal or a pipe")
    password.add_argument("sub", help="the person's local ID")
    return parser


def _serve(settings: Settings, given: argparse.Namespace) -> None:
    if given.workers > 1:
        if given.seed is not None:
            asyncio.run(fill(settings, _read(given.seed)))
        serve_workers(settings, given.workers, given.host, given.port)
        return
    seed = None if given.seed is None else _read(given.seed)
    serve(stored_app(settings, seed), given.host, given.port)


def _rotate_keys(settings: Settings, _: argparse.Namespace) -> None:
    _in_store(settings, rotate_keys)


def _set_password(settings: Settings, given: argparse.Namespace) -> None:
    password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def change(services: Services) -> None:
        await set_password(services, given.sub, password)

    _in_store(settings, change)


def _in_store(settings: Settings, change: Callable[[Services], Coroutine[Any, Any, object]]) -> None:
    """Do something with the database of the settings."""

    async def work() -> None:
        services = stored_app(settings).services
        await services.store.open()
        try:
            await change(services)
        finally:
            await services.store.close()

    asyncio.run(work())


_COMMANDS: Mapping[str, Callable[[Settings, argparse.Namespace], None]] = {
    "serve": _serve,
    "rotate-keys": _rotate_keys,
    "set-password": _set_password,
}


def _read(path: Path) -> SeedData:
    try:
        return msgspec.json.decode(path.read_bytes(), type=SeedData)
    except msgspec.DecodeError as fault:
        raise InvalidSeed([f"{path}: {fault}; write it as SeedData has it"]) from fault


if __name__ == "__main__":
    sys.exit(run())
