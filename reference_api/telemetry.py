"""What operators see of a server: counts and durations for Prometheus, and log lines. Neither holds personal data."""

import logging
import os
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import msgspec
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from conformance.contract.operations import Operation

requests_log = logging.getLogger("reference_api.requests")

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Bounds of the duration histogram; 0.5, 1 and 2 s are the contract's promises (C7)."""

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable with which several workers count together. Source: prometheus_client, multiprocess mode."""


class Telemetry:
    """Counts of one server. Labels are operations, statuses and classes: nothing of who asked or about whom."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "cityos_requests",
            "Requests by operation and status.",
            ("operation", "status"),
            registry=self._registry,
        )
        self._durations = Histogram(
            "cityos_request_duration_seconds",
            "Time to answer by service class.",
            ("service_class",),
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self._shed = Counter(
            "cityos_requests_shed", "Requests put off under load.", ("service_class",), registry=self._registry
        )
        self._lag = Gauge(
            "cityos_lag_seconds", "How late the server is.", registry=self._registry, multiprocess_mode="livemax"
        )

    def timer_s(self) -> float:
        """Seconds on a clock that only goes forward, for differences."""
        return time.perf_counter()

    def answered(self, operation: Operation, status: int, duration_s: float) -> None:
        """Count an answer, and tell it to the log."""
        self._requests.labels(operation.operation_id, str(status)).inc()
        self._durations.labels(operation.service_class).observe(duration_s)
        if status == 503:
            self._shed.labels(operation.service_class).inc()
        if requests_log.isEnabledFor(logging.INFO):
            requests_log.info(
                "answered",
                extra={
                    "operation": operation.operation_id,
                    "status": status,
                    "duration_ms": round(duration_s * 1e3, 2),
                },
            )

    def at_the_door(self, counts: Iterable[tuple[Operation, int, int]]) -> None:
        """Count answers that the door gave, by operation and status; a line of the log tells as many at once."""
        for operation, status, count in counts:
            self._requests.labels(operation.operation_id, str(status)).inc(count)
            if status == 503:
                self._shed.labels(operation.service_class).inc(count)
            if requests_log.isEnabledFor(logging.INFO):
                told = {"operation": operation.operation_id, "status": status, "count": count}
                requests_log.info("answered at the door", extra=told)

    def lag(self, lag_s: float) -> None:
        """Note how late the server is (s)."""
        self._lag.set(lag_s)

    def text(self) -> bytes:
        """The counts of all workers in the Prometheus text format."""
        if os.environ.get(SHARED_FOLDER):
            together = CollectorRegistry()
            MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library has no types here
            return generate_latest(together)
        return generate_latest(self._registry)


def forget_the_dead() -> None:
    """Take away how late workers are that were killed; what they counted stays counted."""
    folder = os.environ.get(SHARED_FOLDER)
    if not folder or not PROCESSES.is_dir():
        return
    for path in Path(folder).glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        if not (PROCESSES / str(pid)).exists():
            mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library has no types here


SELDOM = {"seldom": True}
"""``extra`` of a log record that would be repeated by every request."""

PROCESSES = Path("/proc")
"""Where Linux shows the processes that live; elsewhere a dead worker's lateness is told until the server ends."""

SELDOM_S = 1.0
"""How often such a record is kept. Source: none; often enough to see when something began and ended. Confidence C."""


class Seldom(logging.Filter):
    """Keeps one record a second of those that are marked so, and all others."""

    _last_s = 0.0

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is kept."""
        if not hasattr(record, "seldom"):
            return True
        if 0.0 <= record.created - self._last_s < SELDOM_S:
            return False
        self._last_s = record.created
        return True


class JsonLines(logging.Formatter):
    """Log records as one JSON object a line.

    Of an exception the kind and the places in the code are kept, not its message: that may hold somebody's data.
    """

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {
            name: value
            for name, value in vars(record).items()
            if name in ("operation", "status", "duration_ms", "count")
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["places"] = _places(record.exc_info[2])
        return msgspec.json.encode(line).decode()


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def log_as_json(*, requests: bool) -> None:
    """Send the process's log to standard error as JSON lines; ``requests`` adds a line for each request."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    handler.addFilter(Seldom())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    requests_log.setLevel(logging.INFO if requests else logging.WARNING)
