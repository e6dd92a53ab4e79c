"""Work in several processes: every task once, and a clean end whatever happens."""

import atexit
import multiprocessing
import os
import signal

import pytest

from scenarios.errors import DeadWorker
from scenarios.workers import processors, work_through


def square(number: int) -> int:
    """Work that succeeds."""
    return number * number


def die(number: int) -> int:
    """Work under which the process is killed, as by a machine that has run out of memory."""
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_every_task_is_done_once() -> None:
    """More tasks than processes: each comes back with its own result."""
    assert sorted(work_through(square, range(5), 2)) == [(number, number * number) for number in range(5)]
    assert list(work_through(square, [], 2)) == []
    assert processors() >= 1


def ask_to_end() -> None:
    """Ask this process to end, and be there when the signal comes."""
    signal.raise_signal(signal.SIGTERM)
    os.getpid()


def end_twice(number: int) -> int:
    """Work after which the process is asked to end while it ends."""
    atexit.register(ask_to_end)
    return number


def test_who_is_asked_to_end_while_ending_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """The end of a study, at which workers are told by their pipe and by a signal, shows no traceback."""
    assert sorted(work_through(end_twice, [1, 2], 2)) == [(1, 1), (2, 2)]
    assert capfd.readouterr().err == ""


def test_a_killed_process_is_told() -> None:
    """The death of a worker is an error at once and not a wait without end."""
    with pytest.raises(DeadWorker, match="-9"):
        list(work_through(die, [0, 1, 2], 2))
    assert multiprocessing.active_children() == []


def test_who_stops_asking_leaves_no_process() -> None:
    """Whoever leaves in the middle (Ctrl-C) leaves no process behind."""
    results = work_through(square, range(50), 2)
    number, squared = next(results)
    assert squared == number * number
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []
