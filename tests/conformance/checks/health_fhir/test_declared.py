"""What a server does not declare is omitted, and a server that may not be written to is left alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from conformance.fhir.capability import Capability
from conformance.plan import FhirPart, Plan, TargetPart
from conformance.results import Result
from conformance.runner import Choice, plan_run, results_of, run_planned
from conformance.survey import survey
from conformance.wire import Line

BASE = "http://fhir.example/r4"
ALL = ("health-fhir", "health-fhir/vital-signs", "health-fhir/jp-core")
LEAST = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "date": "2026-11-21",
    "kind": "capability",
    "fhirVersion": "4.0.1",
    "format": ["json"],
    "rest": [{"mode": "server", "resource": [{"type": "Observation", "interaction": [{"code": "read"}]}]}],
}


@contextmanager
def server(statement: Any, asked: list[str]) -> Iterator[Line]:
    """A server that shows a statement and keeps what it was asked."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx2.Response(200, json=statement)

    line = Line(transport=httpx2.MockTransport(answer))
    try:
        yield line
    finally:
        line.close()


def judged(statement: Any, asked: list[str], *, may_write: bool = True) -> list[Result]:
    """Results at such a server."""
    with server(statement, asked) as line:
        plan = Plan(TargetPart(ALL, fhir=BASE), fhir=FhirPart(may_write=may_write))
        target = survey(plan, line, {})
        return results_of(run_planned(target, plan_run(target, Choice()), jobs=1))


def test_what_is_not_declared_is_omitted() -> None:
    """A server that only reads passes FHIR-001; nothing is demanded beyond, each with a reason."""
    asked: list[str] = []
    results = judged(LEAST, asked)
    assert {one.name for one in results if one.verdict != "omit"} == {"FHIR-001"}
    assert next(one for one in results if one.name == "FHIR-001").verdict == "pass"
    assert all(one.message.en and one.message.ja for one in results if one.verdict == "omit")
    assert set(asked) == {"GET /r4/metadata"}


def test_a_server_that_may_not_be_written_to_is_only_read() -> None:
    """With may_write = false nothing is created, changed or deleted."""
    whole = [{"code": code} for code in ("read", "create", "update", "delete", "search-type", "history-instance")]
    kinds = [{"type": kind, "interaction": whole} for kind in ("Patient", "Observation")]
    asked: list[str] = []
    judged({**LEAST, "rest": [{"mode": "server", "resource": kinds}]}, asked, may_write=False)
    assert {row.partition(" ")[0] for row in asked} == {"GET"}


@pytest.mark.parametrize("statement", [{}, [], "x", {"rest": 1}, {"rest": [{"mode": "server", "resource": [1]}]}])
def test_statements_of_wrong_form_declare_nothing(statement: Any) -> None:
    """FHIR-001 fails for them, and no other check stumbles over them."""
    results = judged(statement, [])
    assert {one.name: one.verdict.value for one in results if one.verdict != "omit"} == {"FHIR-001": "fail"}


def test_capability_reads_what_is_there() -> None:
    """Interactions of types and of the system, parameters of a type and of all, versions and SMART."""
    rest = {
        "mode": "server",
        "security": {"service": [{"coding": [{"code": "SMART-on-FHIR"}]}]},
        "interaction": [{"code": "transaction"}],
        "searchParam": [{"name": "_id"}],
        "resource": [{"type": "Patient", "versioning": "versioned", "interaction": [{"code": "read"}]}],
    }
    found = Capability({"rest": [{"mode": "client"}, rest]})
    assert (found.does("Patient", "read"), found.does("Patient", "create")) == (True, False)
    assert (found.does("", "transaction"), found.does("", "batch")) == (True, False)
    assert (found.parameter("Patient", "_id"), found.parameter("Patient", "name")) == ({"name": "_id"}, {})
    assert (found.keeps_versions("Patient"), found.keeps_versions("Observation")) == (True, False)
    assert found.has_smart
