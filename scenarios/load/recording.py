"""A run's exchanges as what was asked: by whom, when and what, without what an oracle asked and without tokens."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from conformance.contract.operations import Operation, load_operations
from scenarios.errors import Fault, UnusableRun
from scenarios.load.errors import UnusableRecording
from scenarios.load.sender import ISSUE_TOKEN

EXCHANGES = "exchanges.jsonl"
CITY_OFFICE = "city_office"
API_BASE = "/v1"
"""Where paths of the contract's API begin, which a recording's addresses hold and a target's ``api_base`` too."""

ORACLES = frozenset({"listCheckIns", "listSafetyReports", "listDeliveries"})
"""What a run's oracle asks as the city office; nobody of the town does. The load's own oracle asks it anew."""

RECEIVES, LEAVES = "checkIn", "checkOut"
"""Operations by which somebody is in a shelter, and no longer."""

MOST_FAULTS = 20
"""Faults that are told at once. Source: none; a screen. Confidence C."""


class _Line(msgspec.Struct):
    """What is read of an exchange; of its answer, what a check-in was given."""

    at_s: float
    actor: str
    operation_id: str
    method: str
    url: str
    request_headers: dict[str, str] = {}
    request_body: str = ""
    response_body: str = ""


class _Made(msgspec.Struct):
    id: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call of a run; ``at_s`` is the scenario's time, ``path`` goes on from the API's base.

    ``made`` is the id that a check-in was given, by which later calls speak of it.
    """

    at_s: float
    actor: str
    operation: str
    method: str
    path: str
    body: Mapping[str, Any]
    is_keyed: bool
    is_conditional: bool
    made: str = ""


def read_recording(folder: Path, *, from_s: float = 0.0, until_s: float = float("inf")) -> list[Recorded]:
    """What was asked in a run between two of its times, in its order.

    What the city office did before ``from_s`` is done at ``from_s``: a town is not without its disaster because nobody
    looks at how that began.

    Raises:
        UnusableRun: the folder holds no run's exchanges.
        UnusableRecording: with every line that cannot be replayed; or nothing is there to replay.
    """
    path = folder / EXCHANGES
    faults: list[Fault] = []
    try:
        with path.open("rb") as file:
            calls = [call for call in _calls(file, str(path), faults) if call.at_s < until_s]
    except OSError as reason:
        raise UnusableRun(folder, f"{EXCHANGES}: {reason.strerror}") from reason
    if faults:
        raise UnusableRecording(faults[:MOST_FAULTS])
    kept = [call for call in calls if call.at_s >= from_s or _sets_the_scene(call)]
    if not any(call.at_s >= from_s for call in kept):
        part: dict[str, object] = {
            "from_s": f"{from_s:g}",
            "until_s": f"{until_s:g}" if until_s < float("inf") else "…",
        }
        raise UnusableRecording([Fault(str(path), "load_empty", part)])
    return kept


def _sets_the_scene(call: Recorded) -> bool:
    return call.actor == CITY_OFFICE and call.method != "GET" and call.operation != "sendNotification"


def _calls(lines: Iterable[bytes], where: str, faults: list[Fault]) -> Iterator[Recorded]:
    decoder = msgspec.json.Decoder(_Line)
    keys: set[str] = set()
    for number, line in enumerate(lines, start=1):
        place = f"{where}:{number}"
        try:
            said = decoder.decode(line)
            body = msgspec.json.decode(said.request_body, type=dict) if _is_json(said) else {}
        except (msgspec.DecodeError, UnicodeDecodeError) as reason:
            faults.append(Fault(place, "load_no_exchange", {"reason": reason}))
            continue
        key = said.request_headers.get("idempotency-key", "")
        # A key said again is an app that asks again because nobody answered: that is for the load's own answers.
        if said.operation_id == ISSUE_TOKEN or _is_oracles(said) or key in keys:
            continue
        keys |= {key} if key else set()
        path_there = _path_in_api(said)
        if path_there is None:
            values: dict[str, object] = {"operation": said.operation_id, "request": f"{said.method} {said.url}"}
            faults.append(Fault(place, "load_unknown_operation", values))
            continue
        conditional = "if-none-match" in said.request_headers or (said.method == "GET" and said.actor == "anybody")
        yield Recorded(
            at_s=said.at_s,
            actor=said.actor,
            operation=said.operation_id,
            method=said.method,
            path=path_there,
            body=body,
            is_keyed=bool(key),
            is_conditional=conditional,
            made=_made(said) if said.operation_id == RECEIVES else "",
        )


def _made(said: _Line) -> str:
    try:
        return msgspec.json.decode(said.response_body, type=_Made).id
    except msgspec.DecodeError:
        return ""


def _is_json(said: _Line) -> bool:
    return said.request_body.startswith("{")


def _is_oracles(said: _Line) -> bool:
    return said.actor == CITY_OFFICE and said.operation_id in ORACLES


def _path_in_api(said: _Line) -> str | None:
    """The path from the API's base on, if the contract has the operation and this is its address."""
    known = _known().get(said.operation_id)
    if known is None or known[0].method != said.method:
        return None
    parts = urlsplit(said.url)
    found = known[1].search(parts.path)
    if found is None:
        return None
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "cursor"]
    cursor = "cursor={}" if "cursor=" in parts.query else ""
    words = "&".join(part for part in (urlencode(query), cursor) if part)
    return found[0].removeprefix(API_BASE) + (f"?{words}" if words else "")


@cache
def _known() -> Mapping[str, tuple[Operation, re.Pattern[str]]]:
    return {
        one.operation_id: (one, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(one.path)) + "$"))
        for one in load_operations()
    }
