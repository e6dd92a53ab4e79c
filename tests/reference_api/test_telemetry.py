"""Operators see counts and places in the code, and nothing of anybody."""

import json
import logging
import sys
from typing import Any

from reference_api.telemetry import JsonLines, Telemetry


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


def test_an_app_in_process_counts_nothing(city: Any) -> None:
    """Without telemetry there are no metrics; the process is alive and ready all the same."""
    assert city.call("GET", "/metrics").status == 404
    assert city.call("GET", "/healthz").json == {"status": "ok"}
    assert city.call("GET", "/readyz").json == {"status": "ok", "shedding": []}
