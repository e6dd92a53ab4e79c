"""Where an experiment takes place: a folder, and a database of one of the two kinds."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from postgres import DURABLE, Databases, running_postgres, server_binaries
from sandbox_city import small_seed

from resilience.desks import Ledger, Traffic, shared_out
from resilience.server import Server, serving

SQLITE_DISK_MB, POSTGRES_DISK_MB = 48, 200
"""Disks that hold what an experiment writes; PostgreSQL takes some 100 MB before anything is written."""


@dataclass(frozen=True)
class Place:
    """A folder and an empty database; ``databases`` is the PostgreSQL that runs, None for SQLite.

    ``disk`` is the disk that the database and temporary files have for themselves.
    """

    folder: Path
    address: str
    databases: Databases | None = None
    disk: Path | None = None

    @property
    def name(self) -> str:
        """The kind of database."""
        return "SQLite" if self.databases is None else "PostgreSQL"

    def serving(self, people: int, workers: int = 2) -> AbstractContextManager[Server]:
        """A server over the database, filled with so many people."""
        return serving(self.address, small_seed(people), self.folder, workers=workers, temporary=self.disk)

    def mend(self) -> None:
        """What an operator does when the disk has room again: start PostgreSQL if it gave up."""
        if self.databases is not None and not self.databases.server.is_alive:
            self.databases.server.start()


@contextmanager
def on_sqlite(disk: Path | None = None) -> Iterator[Place]:
    """A file, on a disk of its own if one is given."""
    with tempfile.TemporaryDirectory(prefix="citytwin-resilience-") as name:
        yield Place(Path(name), str((disk or Path(name)) / "city.db"), disk=disk)


@contextmanager
def on_postgres(disk: Path | None = None, **configuration: str) -> Iterator[Place]:
    """A PostgreSQL that keeps its word when it is killed.

    Raises:
        LookupError: Its server is not installed.
    """
    binaries = server_binaries()
    if binaries is None:
        raise LookupError("no PostgreSQL here: apt-get install postgresql")
    with (
        tempfile.TemporaryDirectory(prefix="citytwin-resilience-") as name,
        running_postgres(binaries, {**DURABLE, **configuration}, disk) as databases,
    ):
        yield Place(Path(name), databases.make(), databases, disk)


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


@contextmanager
def full_sqlite() -> Iterator[Place]:
    """A file on a small disk."""
    with small_disk(SQLITE_DISK_MB) as disk, on_sqlite(disk) as place:
        yield place


@contextmanager
def full_postgres() -> Iterator[Place]:
    """A PostgreSQL on a small disk."""
    with small_disk(POSTGRES_DISK_MB) as disk, on_postgres(disk, min_wal_size="32MB", max_wal_size="32MB") as place:
        yield place


def traffic_on(server: Server, folder: Path, people: int, desks: int) -> Traffic:
    """Desks that will receive everybody."""
    ledger = Ledger.in_folder(folder)
    return Traffic(server.port, server.token("shelter-desk"), ledger, shared_out(people, desks))
