"""A trace is judged passively: nothing wrong at the reference, each fault at its clause, in little memory."""

import io
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from judged_city import judged_city, results_at

from conformance.contract.exchange import Exchange, ExchangeLog
from conformance.errors import PlanError
from conformance.results import Result, Run
from conformance.trace import judge_trace
from conformance.trace_sights import REMEMBERED, Trace, operation_at

SEEN_THERE = (
    "REST-002",
    "REST-005",
    "REST-007",
    "REST-013",
    "REST-014",
    "REST-015",
    "REST-022",
    "REST-023",
    "REST-026",
)

FAULTS = {
    "R-05": "REST-001",
    "no-challenge-at-apis": "REST-002",
    "etag-constant": "REST-005",
    "R-10": "REST-007",
    "code-as-integer": "REST-013",
    "R-11": "REST-014",
    "ratelimit-old-triple-headers": "REST-015",
    "deprecation-as-true": "REST-016",
    "R-03": "REST-022",
    "R-08": "REST-023",
    "R-14": "REST-027",
    "cached-for-an-hour": "REST-041",
}
"""Faults that can be seen in traffic, and the requirement that each breaks."""


def file_of(exchanges: Sequence[Exchange]) -> io.BytesIO:
    """A trace as a simulation writes it."""
    file = io.BytesIO()
    log = ExchangeLog(file)
    for number, exchange in enumerate(exchanges):
        log.add(msgspec.structs.replace(exchange, number=number))
    return file


def judged(exchanges: Sequence[Exchange]) -> Run:
    """What is found in exchanges."""
    return judge_trace(file_of(exchanges), target="trace", suite="citytwin")


def said(results: Sequence[Result]) -> list[Exchange]:
    """What checks exchanged, in the order of time."""
    return sorted((one for result in results for one in result.exchanges), key=lambda one: one.at_s)


def failed(run: Run) -> set[str]:
    """Requirements that fail or warn."""
    return {one.name for one in run.results if one.verdict.value in ("fail", "warn")}


def test_nothing_is_wrong_with_the_reference() -> None:
    """What the suite's own checks exchange with the reference, wrong requests too, shows no fault, and much is seen."""
    with judged_city() as target:
        run = judged(said(results_at(target, *SEEN_THERE, "DIS-008", "DIS-012", "OIDC-038", slow=False)))
    assert failed(run) == set()
    passed = {one.name for one in run.results if one.verdict.value == "pass"}
    assert {*SEEN_THERE, "REST-001", "REST-017", "REST-021", "OIDC-038", "DIS-037"} <= passed


@pytest.mark.parametrize(("fault", "requirement"), FAULTS.items())
def test_a_deviant_server_fails_at_its_clause(fault: str, requirement: str) -> None:
    """A fault that shows in traffic fails at the requirement it breaks; beside it only the documented form."""
    with judged_city(fault) as target:
        run = judged(said(results_at(target, requirement, slow=False)))
    assert requirement in failed(run)
    assert failed(run) <= {requirement, "REST-017"}
    (result,) = (one for one in run.results if one.name == requirement)
    assert 1 <= len(result.exchanges) <= 3
    assert result.expected != result.actual


def answer(number: int, **changed: object) -> Exchange:
    """An answer about the shelters' state."""
    given = {
        "operation_id": "x",
        "method": "GET",
        "url": "https://city.example/base/v1/shelters/S1/status",
        "status": 200,
        "response_headers": {"content-type": "application/json"},
        "response_body": '{"id": "S1", "status": "open", "headcount": 0, "updated_at": null}',
    }
    return Exchange(number=number, at_s=float(number), actor="a", **{**given, **changed})  # type: ignore[arg-type]


def check_in(number: int, state: str = "in", **changed: object) -> Exchange:
    """A check-in that was answered."""
    body = f'{{"id": "{number}", "shelter_id": "S1", "state": "{state}", "transferred_from": null}}'
    url = "https://city.example/base/v1/shelters/S1/check-ins"
    return answer(number, method="POST", url=url, response_body=body, **{"status": 201, **changed})


def batch(number: int) -> Exchange:
    """Check-ins that were uploaded together, of which the answer does not tell all."""
    return answer(number, method="POST", url="https://city.example/base/v1/check-ins/batch", response_body="{}")


def count(number: int, headcount: int) -> Exchange:
    """A shelter's state with a headcount."""
    return answer(
        number, response_body=f'{{"id": "S1", "status": "open", "headcount": {headcount}, "updated_at": null}}'
    )


@pytest.mark.parametrize(
    ("exchanges", "wrong"),
    [
        ([count(0, 0), check_in(1), check_in(2), count(3, 2)], False),
        ([count(0, 0), check_in(1), check_in(2), count(3, 1)], True),
        ([count(0, 5), check_in(1), check_in(1, status=200), count(3, 6)], False),
        ([count(0, 0), check_in(1, "out"), count(2, 0)], False),
        ([count(0, 0), check_in(1, status=0), count(2, 1)], False),
        ([count(0, 0), check_in(1, status=503), count(2, 1), check_in(3), count(4, 1)], True),
        ([count(0, -1)], True),
        ([count(0, 1), check_in(1, "out", status=200), count(2, 0)], False),
        ([count(0, 1), check_in(1, status=200), count(2, 1)], False),
        ([count(0, 0), check_in(1), batch(2), count(3, 4), check_in(1, "out", status=200), count(4, 3)], False),
        ([count(0, 0), batch(1), count(2, 4), check_in(3), check_in(3, "out", status=200), count(4, 5)], True),
    ],
)
def test_headcounts_follow_check_ins(exchanges: list[Exchange], wrong: bool) -> None:  # noqa: FBT001 - a table
    """A count that differs from check-ins minus check-outs fails; where it is open what happened nothing is said."""
    assert ("DIS-009" in failed(judged(exchanges))) is wrong


def test_what_is_not_seen_is_omitted() -> None:
    """Nothing passes that was not there."""
    verdicts = {one.verdict.value for one in judged([answer(0, method="BREW")]).results}
    assert verdicts == {"omit"}


def test_bodies_by_reference_are_read_where_they_stand() -> None:
    """A body that was written once comes back whole, however long ago, and few are kept in memory."""
    bodies = [f'{{"id": "S{n}", "x": "{"y" * 300}"}}' for n in range(REMEMBERED * 2)]
    exchanges = [answer(n, response_body=body) for n, body in enumerate([*bodies, *bodies])]
    trace = Trace(file_of(exchanges))
    assert [sight.body for sight in trace.sights()] == [*bodies, *bodies]
    assert len(trace._bodies) <= REMEMBERED


def test_progress_is_told() -> None:
    """The end is told with the number of exchanges and bytes read."""
    told: list[tuple[int, int]] = []
    file = file_of([answer(0), answer(1)])
    judge_trace(file, target="t", suite="s", progress=lambda read, size: told.append((read, size)))
    assert told == [(2, len(file.getvalue()))]


@pytest.mark.parametrize("content", [b"", b"\n", b"{}\n", b"[1, 2]\n", b"no json", b"\xff\xfe"])
def test_other_files_are_told_apart(content: bytes) -> None:
    """What holds no exchanges is a usage fault, told with its line."""
    with pytest.raises(PlanError, match="line 1"):
        judge_trace(io.BytesIO(content), target="t", suite="s")


def test_operations_are_found_below_any_base() -> None:
    """A service may stand below a path; a fixed path goes before one with parameters."""
    found = operation_at("GET", "/city/os/v1/shelters/status")
    assert found
    assert (found[0].operation_id, found[1]) == ("listShelterStatus", "/v1/shelters/status")
    assert operation_at("GET", "/somewhere") is None


def test_results_are_those_of_every_report() -> None:
    """A judged trace is a run as any other: each requirement has one result."""
    run = replace(judged([answer(0)]), seed=3)
    assert len({one.name for one in run.results}) == len(run.results)


def test_a_masked_secret_has_no_form() -> None:
    """What the recorder masked is not judged by its pattern."""
    body = (
        '{"device_code": "d", "user_code": "BCDF-GHJK", "verification_uri": "https://city.example/device", '
        '"verification_uri_complete": "https://city.example/device?user_code=BCDF-GHJK", '
        '"expires_in": 600, "interval": 5}'
    )
    run = judged([answer(0, method="POST", url="https://city.example/device_authorization", response_body=body)])
    assert failed(run) == set()
