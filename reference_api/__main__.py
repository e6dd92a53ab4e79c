"""``python -m reference_api [seed.json]``: the reference city OS on 127.0.0.1, filled from a file of SeedData."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from reference_api.app import create_app
from reference_api.clock import WallClock
from reference_api.errors import InvalidSeed, ReferenceApiError
from reference_api.seed import SeedData, load
from reference_api.serve import serve
from reference_api.settings import Settings, check_settings, settings_from_environment
from reference_api.store.sqlite import SqliteStore


def main(settings: Settings, seed: SeedData | None = None, *, host: str = "127.0.0.1", port: int = 8080) -> None:
    """Serve with these settings until interrupted; ``seed`` fills an empty database first.

    Raises:
        ReferenceApiError: The server cannot start; the message says why.
    """
    check_settings(settings)
    store = SqliteStore(settings.database)
    if seed is not None:
        load(store, seed, sandbox=settings.sandbox)
    serve(create_app(settings, store, WallClock()), host, port)


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; exit code 2 when the server cannot start."""
    parser = argparse.ArgumentParser(prog="python -m reference_api", description=main.__doc__)
    parser.add_argument(
        "seed", nargs="?", type=Path, help="JSON file of SeedData; without it the database is used as it is"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    given = parser.parse_args(arguments)
    try:
        seed = None if given.seed is None else _read(given.seed)
        main(settings_from_environment(), seed, host=given.host, port=given.port)
    except (ReferenceApiError, OSError) as fault:
        print(fault, file=sys.stderr)  # noqa: T201 - the command's own word to its user
        return 2
    return 0


def _read(path: Path) -> SeedData:
    try:
        return msgspec.json.decode(path.read_bytes(), type=SeedData)
    except msgspec.DecodeError as fault:
        raise InvalidSeed([f"{path}: {fault}; write it as SeedData has it"]) from fault


if __name__ == "__main__":
    sys.exit(run())
