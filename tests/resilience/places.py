"""Where an experiment takes place: a folder, and a database of one of the two kinds."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from postgres import DURABLE, Databases, running_postgres, server_binaries
from resilience.desks import Ledger, Traffic, shared_out
from resilience.server import Server, serving
from sandbox_city import small_seed


@dataclass(frozen=True)
class Place:
    """A folder and an empty database; ``databases`` is the PostgreSQL that runs, None for SQLite."""

    folder: Path
    address: str
    databases: Databases | None = None
    temporary: Path | None = None

    @property
    def name(self) -> str:
        """The kind of database."""
        return "SQLite" if self.databases is None else "PostgreSQL"

    def serving(self, people: int, workers: int = 2) -> AbstractContextManager[Server]:
        """A server over the database, filled with so many people."""
        return serving(self.address, small_seed(people), self.folder, workers=workers, temporary=self.temporary)


@contextmanager
def on_sqlite() -> Iterator[Place]:
    """A file."""
    with tempfile.TemporaryDirectory(prefix="citytwin-resilience-") as name:
        yield Place(Path(name), str(Path(name) / "city.db"))


@contextmanager
def on_postgres(place: Path | None = None, **configuration: str) -> Iterator[Place]:
    """A PostgreSQL that keeps its word when it is killed.

    Raises:
        LookupError: Its server is not installed.
    """
    binaries = server_binaries()
    if binaries is None:
        raise LookupError("no PostgreSQL here: apt-get install postgresql")
    with (
        tempfile.TemporaryDirectory(prefix="citytwin-resilience-") as name,
        running_postgres(binaries, {**DURABLE, **configuration}, place) as databases,
    ):
        yield Place(Path(name), databases.make(), databases, temporary=place)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A disk of this size, in memory.

    Raises:
        LookupError: Nobody but root may make one.
    """
    with tempfile.TemporaryDirectory(prefix="citytwin-disk-") as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=1777", "tmpfs", name]
        try:
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own arguments
        except (OSError, subprocess.CalledProcessError) as fault:
            raise LookupError("only root may mount a small disk") from fault
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)  # noqa: S603, S607 - the disk mounted above


def traffic_on(server: Server, folder: Path, people: int, desks: int) -> Traffic:
    """Desks that will receive everybody."""
    ledger = Ledger.in_folder(folder)
    return Traffic(server.port, server.token("shelter-desk"), ledger, shared_out(people, desks))
