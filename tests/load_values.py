"""A few people, and exchanges of a run, for the tests of load."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from agents.city_os.directory import Directory
from scenarios.load.calls import Measured
from twin.population import Identity, Sex
from twin.units import Projection

AREAS = 3


def identity_of(row: int) -> Identity:
    """Somebody made up."""
    return Identity(
        person=row,
        name=f"n{row}",
        name_kana=f"k{row}",
        birth_date="1990-01-01",
        sex=Sex.FEMALE,
        address="a",
        phone="",
        email="",
        plan_note="",
    )


def directory_of(with_id: int, without_id: int) -> Directory:
    """People with and without an ID, in turns over three neighbourhoods, and two shelters."""
    people = with_id + without_id
    has_account = np.arange(people) < with_id
    return Directory(
        person_ids=[f"{'c' if one else 't'}{row:07d}" for row, one in enumerate(has_account)],
        has_account=has_account,
        neighbourhood=(np.arange(people) % AREAS).astype(np.int32),
        shelter_ids=["E1", "E2"],
        neighbourhood_codes=["n0", "n1", "n2"],
        district_codes=["d0"],
        projection=Projection(37.5, 139.9),
        identity_of=identity_of,
    )


def write_recording(folder: Path, *exchanges: dict[str, Any]) -> Path:
    """Write exchanges into a new folder like a run's; what is not said of one is as in a plain call."""
    folder.mkdir()
    lines = []
    for number, one in enumerate(exchanges):
        body = one.pop("body", None)
        line = {"number": number, "at_s": 0.0, "actor": "anybody", "status": 200, "request_headers": {}, **one}
        line["url"] = "http://127.0.0.1:8080" + line["url"]
        if body is not None:
            line["request_body"] = msgspec.json.encode(body).decode()
        lines.append(msgspec.json.encode(line))
    (folder / "exchanges.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return folder


def board(at_s: float = 0.0) -> dict[str, Any]:
    """Anybody reads the board."""
    return {"at_s": at_s, "operation_id": "listShelterStatus", "method": "GET", "url": "/v1/shelters/status"}


def report(at_s: float, row: int, key: str) -> dict[str, Any]:
    """A citizen tells their safety."""
    return {
        "at_s": at_s,
        "actor": f"citizen:{row}",
        "operation_id": "reportSafety",
        "method": "POST",
        "url": "/v1/safety-reports",
        "request_headers": {"idempotency-key": key},
        "body": {"status": "safe", "observed_at": "2027-01-01T10:00:00+09:00", "method": "app"},
    }


def check_in(at_s: float, who: dict[str, Any], number: str, key: str, shelter: str = "E1") -> dict[str, Any]:
    """A desk receives somebody, under a number."""
    return {
        "at_s": at_s,
        "actor": "shelter_desk:0",
        "operation_id": "checkIn",
        "method": "POST",
        "url": f"/v1/shelters/{shelter}/check-ins",
        "status": 201,
        "request_headers": {"idempotency-key": key},
        "body": {"channel": "card", "observed_at": "2027-01-01T10:00:00+09:00", **who},
        "response_body": f'{{"id": "{number}"}}',
    }


def check_out(at_s: float, number: str) -> dict[str, Any]:
    """A desk lets somebody go."""
    return {
        "at_s": at_s,
        "actor": "shelter_desk:0",
        "operation_id": "checkOut",
        "method": "POST",
        "url": f"/v1/check-ins/{number}/check-out",
        "body": {"observed_at": "2027-01-01T11:00:00+09:00"},
    }


def declare(at_s: float = 0.0, mode: str = "drill") -> dict[str, Any]:
    """The city office declares."""
    return {
        "at_s": at_s,
        "actor": "city_office",
        "operation_id": "declareDisaster",
        "method": "POST",
        "url": "/v1/disaster-events",
        "body": {"mode": mode, "hazard": "earthquake", "areas": ["d0"], "declared_at": "2027-01-01T10:00:00+09:00"},
    }


def measured(number: int = 0, **more: Any) -> Measured:
    """A request that took a tenth of a second."""
    plain = {"operation": "reportSafety", "actor": "citizen:a", "due_s": 0.0, "ready_s": 0.0, "sent_s": 0.0}
    return Measured(number, **{**plain, "done_s": 0.1, "status": 201, **more})
