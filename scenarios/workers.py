"""Work in several processes: results as they come; a worker that dies, Ctrl-C or SIGTERM ends all of it cleanly.

A worker under way when its parent ends it, or dies without a word, leaves the task as by an exception and ends.

The standard library's pools hang (multiprocessing) or wait for work under way (concurrent.futures) in those two cases.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeAlias, TypeVar

from scenarios.collecting import let_go
from scenarios.errors import DeadWorker

Task = TypeVar("Task")
Result = TypeVar("Result")
Pipe: TypeAlias = "Connection[Any, Any]"

GRACE_S = 5.0
"""How long a process is given to end before it is killed. Confidence C."""


@dataclass(frozen=True, slots=True)
class _Worker:
    process: BaseProcess
    pipe: Pipe


def processors() -> int:
    """Number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def work_through(
    work: Callable[[Task], Result], tasks: Iterable[Task], processes: int
) -> Generator[tuple[Task, Result], None, None]:
    """Do all tasks in at most ``processes`` processes; each with its result, in the order in which they are done.

    One process is this one: nothing need be begun, and modules are imported once.

    ``work`` is a function of a module; tasks and results can be pickled. It should give its expected faults as results.

    Raises:
        DeadWorker: one of several processes died under a task: killed, or by an error, which it has printed.
    """
    waiting = list(tasks)[::-1]
    if processes == 1:
        while waiting:
            task = waiting.pop()
            yield task, work(task)
        return
    workers = [_begin(work) for _ in range(min(processes, len(waiting)))]
    try:
        yield from _share_out(waiting, workers)
    finally:
        _end(workers)


def _share_out(waiting: list[Task], workers: list[_Worker]) -> Generator[tuple[Task, Any], None, None]:
    """Give each worker a task, and the next whenever it is done; ``waiting`` has the first task last."""
    under_way: dict[int, Task] = {}
    idle = list(enumerate(workers))
    while waiting or under_way:
        for place, worker in idle[: len(waiting)]:
            under_way[place] = waiting.pop()
            _send(worker, under_way[place])
        ready = wait([workers[place].pipe for place in under_way])
        idle = [(place, workers[place]) for place in sorted(under_way) if workers[place].pipe in ready]
        for place, worker in idle:
            yield under_way.pop(place), _received(worker)


def _begin(work: Callable[[Any], Any]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(work, theirs), daemon=True)
    with _ctrl_c_ignored():
        process.start()
    theirs.close()
    return _Worker(process, ours)


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """A process begun meanwhile never hears Ctrl-C, not even while it imports."""
    if threading.current_thread() is not threading.main_thread():  # handlers are the first thread's alone
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _send(worker: _Worker, task: object) -> None:
    # A worker that died before it read the task is told of when its answer is read.
    with suppress(ConnectionError):
        worker.pipe.send(task)


def _received(worker: _Worker) -> object:
    try:
        return worker.pipe.recv()
    except (EOFError, ConnectionError) as reason:
        worker.process.join(GRACE_S)
        raise DeadWorker(worker.process.exitcode) from reason


def _end(workers: Iterable[_Worker]) -> None:
    for worker in workers:
        worker.pipe.close()
        worker.process.terminate()
    for worker in workers:
        worker.process.join(GRACE_S)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        worker.process.close()


def _serve(work: Callable[[Any], Any], pipe: Pipe) -> None:
    """Do what comes through the pipe until it closes; Ctrl-C is the first process's to hear."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whichever thread began it
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(EOFError, ConnectionError):
        while True:
            task = pipe.recv()
            let_go()
            pipe.send(work(task))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends already, and an exception in the middle would be told


def _leave(number: int, _frame: object) -> None:
    """End as an exception does, so that folders of the task under way are removed; asked again, do so still."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(128 + number)


def _end_with_parent() -> None:
    """Work for nobody ends: a parent that was killed could not say stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        threading.main_thread().join(GRACE_S)
        os._exit(1)
