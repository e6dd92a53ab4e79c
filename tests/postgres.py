"""A throw-away PostgreSQL on a Unix socket, and databases in it with our migrations applied."""

import asyncio
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import asyncpg

from reference_api.store.postgres import PostgresStore

STARTUP_S = 60.0
_TEMPLATE = "migrated"
_CONFIGURATION = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "autovacuum": "off",
}
"""Nobody misses these data after a crash of the machine; what the tests end abruptly is our server, not PostgreSQL."""

RESTARTABLE = {**_CONFIGURATION, "synchronous_commit": "on"}
"""What is acknowledged survives the end of PostgreSQL, not that of the machine."""

DURABLE = {"listen_addresses": "", "max_connections": "60"}
"""What is acknowledged survives the end of PostgreSQL and of the machine: its own defaults."""


def server_binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``: on the PATH, where ``pg_config`` says, or where Debian puts it."""
    candidates = [Path(found).parent for found in [shutil.which("initdb")] if found]
    configured = shutil.which("pg_config")
    if configured:
        told = subprocess.run([configured, "--bindir"], check=True, capture_output=True, text=True)  # noqa: S603 - as found
        candidates.append(Path(told.stdout.strip()))
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    candidates += sorted(debian, key=lambda folder: folder.parent.name.zfill(3), reverse=True)
    return next((one for one in candidates if (one / "initdb").exists() and (one / "postgres").exists()), None)


@dataclass
class Databases:
    """A running PostgreSQL that makes databases; each has the migrations applied already."""

    folder: Path
    server: "PostgresServer"
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def make(self) -> str:
        """Address of a new database."""
        name = f"city_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        return self.address(name)

    def make_empty(self, options: str = "") -> str:
        """Address of a new database without any table; ``options`` as CREATE DATABASE takes them."""
        name = f"empty_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return self.address(name)

    def address(self, name: str) -> str:
        """Address of a database by name."""
        return f"postgresql://citytwin@/{name}?host={self.folder}"

    def make_template(self) -> None:
        """Migrate the database that all others are copied from."""

        async def migrate() -> None:
            store = PostgresStore(self.address(_TEMPLATE))
            await store.open()
            await store.close()

        self._execute(f"CREATE DATABASE {_TEMPLATE}")
        asyncio.run(migrate())

    def _execute(self, sql: str) -> None:
        async def execute() -> None:
            connection = await asyncpg.connect(self.address("postgres"))
            await connection.execute(sql)
            await connection.close()

        asyncio.run(execute())


@dataclass
class PostgresServer:
    """The process of a PostgreSQL over a folder; ``configuration`` as postgresql.conf has it."""

    binaries: Path
    folder: Path
    configuration: Mapping[str, str]
    account: Mapping[str, Any]
    _process: "subprocess.Popen[str] | None" = None
    _listener: threading.Thread | None = None

    def start(self) -> None:
        """Start it, and wait until it can be asked; what is left of one that gave up is put away."""
        self.end()
        options = [f"-c{key}={value}" for key, value in self.configuration.items()]
        self._process = subprocess.Popen(  # noqa: S603 - the server that was found installed
            [
                self.binaries / "postgres",
                "-D",
                self.folder / "data",
                f"-cunix_socket_directories={self.folder}",
                *options,
            ],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            cwd=self.folder,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call into the kernel, before any thread of ours matters
            **self.account,
        )
        assert self._process.stderr is not None
        _wait_until_ready(self._process, self._process.stderr)
        self._listener = threading.Thread(target=self._process.stderr.readlines, daemon=True)
        self._listener.start()

    @property
    def is_alive(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def end(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: at once (SIGQUIT, SIGKILL), or after its sessions were told (SIGINT)."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(STARTUP_S)
        if self._listener is not None:
            self._listener.join()
        if self._process.stderr is not None:
            self._process.stderr.close()
        self._process = None


@contextmanager
def running_postgres(
    binaries: Path, configuration: Mapping[str, str] | None = None, place: Path | None = None
) -> Iterator[Databases]:
    """A PostgreSQL in a temporary folder; it ends at once, without writing what nobody needs, or with this process.

    ``configuration`` stands in place of one that forgets everything when the machine crashes; ``place`` is where its
    folder is.
    """
    account = _account()
    with tempfile.TemporaryDirectory(prefix="citytwin-pg-", ignore_cleanup_errors=True, dir=place) as name:
        folder = Path(name)
        if account:
            os.chown(folder, account["user"], account["group"])
        _initialise(binaries, folder, account)
        server = PostgresServer(binaries, folder, _CONFIGURATION if configuration is None else configuration, account)
        try:
            server.start()
            databases = Databases(folder, server)
            databases.make_template()
            yield databases
        finally:
            server.end()


def _account() -> dict[str, Any]:
    """As whom to run: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _initialise(binaries: Path, folder: Path, account: dict[str, Any]) -> None:
    subprocess.run(  # noqa: S603 - the server that was found installed
        [binaries / "initdb", "-D", folder / "data", "-U", "citytwin", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
        check=True,
        capture_output=True,
        cwd=folder,
        **account,
    )


def _wait_until_ready(server: "subprocess.Popen[str]", said_by_it: IO[str]) -> None:
    """Read what it says until it says that it is ready."""
    watchdog = threading.Timer(STARTUP_S, server.kill)
    watchdog.start()
    said = ""
    for line in said_by_it:
        said += line
        if "ready to accept connections" in line:
            break
    watchdog.cancel()
    assert "ready to accept connections" in said, said


def _die_with_parent() -> None:
    """Ask the kernel to end the server if this process is killed. Source: Linux, prctl(2), PR_SET_PDEATHSIG."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
