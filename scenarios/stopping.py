"""Stopping: SIGTERM ends a command as Ctrl-C does, with what is finished kept, and with an exit code of its own."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STOPPED, TERMINATED = 130, 143
"""Exit codes of what Ctrl-C and SIGTERM ended. Source: POSIX.1-2017, 2.8.2 (128 + SIGINT, 128 + SIGTERM)."""


class Terminated(KeyboardInterrupt):
    """SIGTERM ended it: a supervisor, ``timeout`` or ``kill``, and not the user at the keyboard."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Take SIGTERM for Ctrl-C; further ones are not heard while that ends what is under way.

    Raises:
        Terminated: SIGTERM ended it.
    """
    if threading.current_thread() is not threading.main_thread():  # handlers are the first thread's alone
        yield
        return
    heard = False

    def hear(number: int, _frame: object) -> None:
        nonlocal heard
        heard = True
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, hear)
    try:
        yield
    except KeyboardInterrupt as stop:
        if heard:
            raise Terminated from stop
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def exit_code(stop: BaseException) -> int:
    """The exit code of a command that was stopped; ``stop`` may have been raised again as something else."""
    return TERMINATED if isinstance(stop, Terminated) or isinstance(stop.__cause__, Terminated) else STOPPED
