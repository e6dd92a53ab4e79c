"""What faults make of bodies: errors in the form of the operation, answers to writes that were lost, skewed clocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from http import HTTPStatus
from typing import Any

import msgspec

from conformance.contract.operations import load_document
from scenarios.faults.form import ErrorAnswer
from scenarios.faults.injection import operations

NAMED_BY = "citytwin-fault"
"""Header of an answer that faults changed: their names."""

JSON, PROBLEM_JSON, FHIR_JSON = "application/json", "application/problem+json", "application/fhir+json"
OBSERVED = "observed_at"
"""Member by which a phone says when something was. Source: the contract, e.g. SafetyReportRequest, CheckInRequest."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that no service gave; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def error_answer(error: ErrorAnswer, operation: str) -> Answered:
    """An error as the contract has the operation tell it: problem+json, OAuth's JSON or an OperationOutcome."""
    known = operations().get(operation)
    style = known.error_format if known else "problem"
    title = next((one.phrase for one in HTTPStatus if one.value == error.status), "Error")
    headers = {"content-type": JSON, "cache-control": "no-store"}
    if style == "oauth":
        body: dict[str, Any] = {"error": "server_error" if error.status >= 500 else "invalid_request"}
    elif style == "fhir":
        headers["content-type"] = FHIR_JSON
        issue = {"severity": "error", "code": "transient", "diagnostics": title}
        body = {"resourceType": "OperationOutcome", "issue": [issue]}
    else:
        headers["content-type"] = PROBLEM_JSON
        body = {"type": "about:blank", "title": title, "status": error.status}
    if error.retry_after_s is not None:
        headers["retry-after"] = str(error.retry_after_s)
    return Answered(error.status, headers, msgspec.json.encode(body))


def made_up(operation: str, parameters: Mapping[str, str], body: bytes, key: str) -> Answered:
    """The answer to a write that was done, for one that was not: the contract's example with what was asked in it.

    ``key`` makes ids that are nobody else's, the same for the same key.
    """
    status, media_type, example = _success(operation)
    if not isinstance(example, dict):
        return Answered(status)
    asked = _decoded(body)
    said = {**example, **{name: asked[name] for name in example if name in asked}}
    said |= {name: value for name, value in parameters.items() if name in example}
    if "id" in example:
        said["id"] = blake2b(key.encode(), digest_size=8).hexdigest()
    return Answered(status, {"content-type": media_type}, msgspec.json.encode(said))


def success_status(operation: str) -> int:
    """The status of an operation's best answer."""
    return _success(operation)[0]


def skewed(body: bytes, skew_s: float) -> bytes:
    """A body of JSON whose times of observation are moved; any other body as it is."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body
    return msgspec.json.encode(_moved(said, timedelta(seconds=skew_s)))


def _moved(said: Any, skew: timedelta) -> Any:
    if isinstance(said, list):
        return [_moved(one, skew) for one in said]
    if isinstance(said, dict):
        return {
            name: _moved_time(value, skew) if name == OBSERVED and isinstance(value, str) else _moved(value, skew)
            for name, value in said.items()
        }
    return said


def _moved_time(text: str, skew: timedelta) -> str:
    try:
        return (datetime.fromisoformat(text) + skew).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return text


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return said if isinstance(said, dict) else {}


@cache
def _success(operation: str) -> tuple[int, str, Any]:
    """Status, media type and example of an operation's best answer; None where it has no body."""
    one = operations()[operation]
    responses = load_document()["paths"][one.path][one.method.lower()]["responses"]
    status = max(code for code in map(str, responses) if code.startswith("2"))
    content = _resolved(responses[status]).get("content", {})
    for media_type, said in content.items():
        return int(status), media_type, _example(said)
    return int(status), "", None


def _example(said: Mapping[str, Any]) -> Any:
    schema = _resolved(said.get("schema", {}))
    for place in (said, schema):
        if "example" in place:
            return place["example"]
        if place.get("examples"):
            given = place["examples"]
            return given[0] if isinstance(given, list) else next(iter(given.values())).get("value")
    return {}


def _resolved(part: Any) -> Any:
    while isinstance(part, dict) and "$ref" in part:
        found: Any = load_document()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part
