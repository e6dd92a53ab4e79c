"""Operators see counts and places in the code, and nothing of anybody."""

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from reference_api.telemetry import SELDOM, SELDOM_S, SHARED_FOLDER, JsonLines, Seldom, Telemetry, forget_the_dead


def _line(record: logging.LogRecord) -> Any:
    return json.loads(JsonLines().format(record))


def test_a_log_line_keeps_no_message_of_an_exception() -> None:
    """Of a fault the kind and the places are logged; its message, which may hold somebody's data, is not."""
    try:
        int("cannot store 会津花子")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "operation failed: %s", ("op",), sys.exc_info())
    line = _line(record)
    assert line["exception"] == "ValueError"
    assert line["message"] == "operation failed: op"
    assert any("test_telemetry" in place for place in line["places"])
    assert "会津花子" not in json.dumps(line, ensure_ascii=False)


def test_how_late_a_killed_worker_was_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it counted stays; who lives still says how late it is."""
    monkeypatch.setenv(SHARED_FOLDER, str(tmp_path))
    dead, alive = tmp_path / f"gauge_livemax_{2**30}.db", tmp_path / f"gauge_livemax_{os.getpid()}.db"
    counted = tmp_path / f"counter_{2**30}.db"
    for path in (dead, alive, counted):
        path.touch()
    forget_the_dead()
    assert [path.exists() for path in (dead, alive, counted)] == [False, True, True]


def test_what_every_request_would_repeat_is_logged_once_a_second() -> None:
    """While a database is away the log does not fill the disk; what is said once is always kept."""
    seldom = Seldom()

    def kept(at_s: float, *, is_seldom: bool) -> bool:
        record = logging.makeLogRecord({"created": at_s, **(SELDOM if is_seldom else {})})
        return bool(seldom.filter(record))

    times = [100.0 + SELDOM_S * tenths / 10 for tenths in range(21)]
    assert sum(kept(at_s, is_seldom=True) for at_s in times) == 3
    assert all(kept(at_s, is_seldom=False) for at_s in times)
    assert kept(50.0, is_seldom=True), "a clock that was set back silences nobody"


def test_counts_tell_operations_and_not_people(city: Any) -> None:
    """After calls about a person the metrics name operation and class, and nothing of the path or the person."""
    telemetry = Telemetry()
    for path in ("/v1/users/c0", "/v1/shelters"):
        operation, _handler = city.app.routes.find(path)[0]["GET"]
        telemetry.answered(operation, 200, 0.003)
    text = telemetry.text().decode()
    assert 'cityos_requests_total{operation="getUser",status="200"} 1.0' in text
    assert 'cityos_request_duration_seconds_count{service_class="P2"} 1.0' in text
    assert "c0" not in text


def test_what_the_door_answers_is_counted(city: Any) -> None:
    """By operation and status; what was put off by class too."""
    telemetry = Telemetry()
    operation, _handler = city.app.routes.find("/v1/users")[0]["GET"]
    telemetry.at_the_door([(operation, 503, 7), (operation, 304, 3)])
    telemetry.at_the_door([(operation, 503, 2)])
    text = telemetry.text().decode()
    assert 'cityos_requests_total{operation="listUsers",status="503"} 9.0' in text
    assert 'cityos_requests_total{operation="listUsers",status="304"} 3.0' in text
    assert 'cityos_requests_shed_total{service_class="P3"} 9.0' in text


def test_an_app_in_process_counts_nothing(city: Any) -> None:
    """Without telemetry there are no metrics; the process is alive and ready all the same."""
    assert city.call("GET", "/metrics").status == 404
    assert city.call("GET", "/healthz").json == {"status": "ok"}
    assert city.call("GET", "/readyz").json == {"status": "ok", "shedding": []}
