"""The machine's clock, as a load needs it: calls leave at real times, and real time is what is measured."""

import time
from datetime import datetime


def unix_s() -> float:
    """Seconds since 1970, which all processes share."""
    return time.time()


def steady_s() -> float:
    """Seconds on a clock of this process that never jumps."""
    return time.perf_counter()


def work_s() -> float:
    """Seconds for which this process has had a core."""
    return time.process_time()


def pause(length_s: float) -> None:
    """Wait."""
    time.sleep(length_s)


def now() -> datetime:
    """This moment, with its time zone."""
    return datetime.now().astimezone()
