"""Runs cells: one function that does the same in a process of this machine and on a cluster.

A cell's files come back as bytes and are put in their place here, all or none, so that no disk need be shared and a run
that is cut short leaves nothing behind.
"""

import logging
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scenarios.errors import MissingPackage, UnreachableCluster, install_command, lines_of
from scenarios.grounds import Grounds
from scenarios.language import Language, say
from scenarios.options import RunOptions
from scenarios.output_folder import OutputFolder
from scenarios.provenance import code_hash
from scenarios.study.cells import Cell, Inputs
from scenarios.workers import work_through

SCENARIO, FAULTS = "scenario.toml", "faults.toml"
LOCAL = "local"
"""Word for --cluster that is no address: a cluster on this machine."""

CONNECT_S = 10.0
"""How long a scheduler is waited for. Confidence C."""

KEPT = frozenset({".json", ".parquet", ".csv", ".geojson", ".toml"})
"""Suffixes of files that a cell keeps: all that ``citytwin compare`` reads of a run."""


@dataclass(frozen=True, slots=True)
class Task:
    """A cell and what else enters into it."""

    cell: Cell
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a cell: its files, or in both languages what was wrong."""

    key: str
    files: dict[str, bytes]
    fault_ja: str = ""
    fault_en: str = ""


def run_cell(task: Task, grounds: Grounds | None = None) -> Done:
    """Run one cell in a folder of its own; faults that a user can mend are part of the answer.

    ``grounds`` hands town and people on from cell to cell.
    """
    if code_hash() != task.inputs.code:
        return Done(task.cell.key, {}, *(say(one, "fault.other_code") for one in (Language.JA, Language.EN)))
    from scenarios.run import run  # noqa: PLC0415 - the movement's compiler: not where cells are only listed

    cell, inputs = task.cell, task.inputs
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"{cell.scenario}.toml"
        path.write_text(cell.text, encoding="utf-8")
        faults = Path(place) / FAULTS if cell.faults else None
        if faults is not None:
            faults.write_text(cell.faults, encoding="utf-8")
        options = RunOptions(
            scenario=str(path),
            out=Path(place) / "out",
            data=inputs.data,
            roads=inputs.roads,
            city_os=cell.city_os,
            command=_command(cell),
            lean=True,
            faults=faults,
        )
        try:
            run(options, _quiet, grounds=grounds)
        except Exception as fault:
            lines = [lines_of(fault, language) for language in (Language.JA, Language.EN)]
            if lines[0] is None or lines[1] is None:
                raise
            told = ["; ".join(one).replace(f"{place}/", "") for one in lines if one is not None]
            return Done(cell.key, {}, *told)
        files = {one.name: one.read_bytes() for one in options.out.iterdir() if one.suffix in KEPT}
    return Done(cell.key, {**_asked(cell), **files})


def _command(cell: Cell) -> str:
    """The words that run a cell again, in its folder."""
    faults = f" --faults {FAULTS}" if cell.faults else ""
    return f"citytwin run {SCENARIO} --city-os {cell.city_os}{faults}"


def _asked(cell: Cell) -> dict[str, bytes]:
    """The files that a cell is run from."""
    return {SCENARIO: cell.text.encode(), **({FAULTS: cell.faults.encode()} if cell.faults else {})}


def put_away(done: Done, cells: Path) -> None:
    """Write a cell's folder, all of it or nothing."""
    with OutputFolder(cells / done.key) as folder:
        for name, content in done.files.items():
            (folder / name).write_bytes(content)


class CellRunner:
    """Runs cells of one process, which share town and people where they follow one another."""

    def __init__(self) -> None:
        self._grounds = Grounds()

    def __call__(self, task: Task) -> Done:
        """Run one cell."""
        return run_cell(task, self._grounds)


def in_processes(tasks: Sequence[Task], processes: int) -> Iterator[Done]:
    """Run cells in processes of this machine, those of one seed after another; each as it is done."""
    for _, done in work_through(CellRunner(), sorted(tasks, key=_shared), processes):
        yield done


def _shared(task: Task) -> tuple[int, str]:
    """What decides on town and people, as far as a cell tells it at once."""
    return task.cell.seed, task.cell.scenario


def on_cluster(tasks: Sequence[Task], address: str, processes: int) -> Iterator[Done]:
    """Run cells on a dask.distributed cluster; each as it is done.

    Raises:
        MissingPackage: dask.distributed is not installed.
        UnreachableCluster: no scheduler answers at the address.
    """
    distributed = _distributed()
    cluster, client = _connected(distributed, address, processes)
    try:
        # pure: a cell that two studies share is run once; retries: a worker may be lost.
        futures = client.map(run_cell, tasks, key=[task.cell.key for task in tasks], retries=2)
        for future in distributed.as_completed(futures):
            yield future.result()
            future.release()
    finally:
        client.close()
        if cluster is not None:
            cluster.close()


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ModuleNotFoundError as reason:
        raise MissingPackage("distributed", install_command("cluster")) from reason


def _connected(distributed: Any, address: str, processes: int) -> tuple[Any, Any]:
    """A cluster if one was begun here, and a client of it."""
    logging.getLogger("distributed").setLevel(logging.ERROR)
    try:
        if address == LOCAL:
            settings = {"n_workers": processes, "threads_per_worker": 1, "dashboard_address": None}
            # A worker that is told to end may call its heartbeat an error.
            cluster = distributed.LocalCluster(**settings, silence_logs=logging.CRITICAL)
            return cluster, distributed.Client(cluster)
        _knock(address)
        return None, distributed.Client(address, timeout=CONNECT_S)
    except (OSError, ValueError) as reason:
        raise UnreachableCluster(address, reason) from reason


def _knock(address: str) -> None:
    """See that somebody listens: a client that was refused may hold up the end of the process."""
    where = urlsplit(address if "//" in address else f"tcp://{address}")
    if where.hostname and where.port:
        socket.create_connection((where.hostname, where.port), timeout=CONNECT_S).close()


def _quiet(_stage: str, _share: float) -> None:
    """Says nothing: the study tells of whole cells."""


Runner = Callable[[Sequence[Task]], Iterator[Done]]
