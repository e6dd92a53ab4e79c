"""Worker: plays its part in the loads of a master on another machine, one after the other, until it is ended."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec

from scenarios.load.calls import Progress
from scenarios.load.clock import pause
from scenarios.load.courier import REFUSED, SETUP
from scenarios.load.errors import NoMaster, WorkerRefused
from scenarios.load.generator import LOOK_S, Master, end, read_progress, start
from scenarios.progress import Tell


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Where the master is, how many processes send, and which hosts somebody said may be loaded from here."""

    master: Master
    processes: int = 1
    hosts: tuple[str, ...] = ()


class _Refusal(msgspec.Struct):
    key: str
    values: dict[str, object]


def work(options: WorkerOptions, tell: Tell) -> int:
    """Play a part in loads for as long as a master comes; how many there were.

    locust looks for a master for five minutes; once one was there, nothing more to do is no fault.

    Raises:
        NoMaster: none was there at all.
        WorkerRefused: what the master asks may not be done from here.
    """
    loads = 0
    while _one_load(options, tell):
        loads += 1
    if not loads:
        raise NoMaster(options.master.host, options.master.port)
    return loads


def _one_load(options: WorkerOptions, tell: Tell) -> bool:
    """Wait for a load and play its part; whether there was one.

    Raises:
        WorkerRefused: what the master asks may not be done from here.
    """
    place = ["--master-host", options.master.host, "--master-port", str(options.master.port)]
    arguments = ["--worker", "--headless", *place]
    if options.processes > 1:
        arguments += ["--processes", str(options.processes)]
    with tempfile.TemporaryDirectory(prefix="citytwin-load-") as name:
        folder = Path(name)
        child = start(folder, arguments, options.hosts, CITYTWIN_LOAD_FETCHES="1")
        tell("load_wait", 0.0)
        try:
            while child.poll() is None:
                pause(LOOK_S)
                _look(folder, tell)
            _look(folder, tell)
        finally:
            end(child)
        return (folder / SETUP).exists()


def _look(folder: Path, tell: Tell) -> None:
    if (folder / REFUSED).exists():
        refusal = msgspec.json.decode((folder / REFUSED).read_bytes(), type=_Refusal)
        raise WorkerRefused(refusal.key, refusal.values)
    parts: list[Progress] = [read_progress(path) for path in folder.glob("progress.*[0-9]")]
    if any(one.ready for one in parts):
        tell("load_run", 1.0 if all(one.done for one in parts) else 0.0)
