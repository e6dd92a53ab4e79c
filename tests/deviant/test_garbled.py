"""Garbled answers: no answer breaks a check down, and no address in one draws credentials to another host."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from deviant.garbling import WAYS, Garbler, garbled_city
from judged_city import plan_for
from servers.dead import dead_server

from conformance.contract.exchange import SECRET_MEMBERS, Exchange
from conformance.results import Result
from conformance.runner import Choice, Planned, plan_run, run_planned
from conformance.survey import survey
from conformance.target import Target
from conformance.verdict import Verdict
from conformance.wire import Line

LONG = (".walk", ".sequences", ".generated", ".stateful", ".alone", ".addresses", ".members")
"""Parts of checks that send hundreds of requests."""

SHARES = 6
"""Of how many parts each run takes one, so that all together ask every check once."""

LIMIT_S = 20.0
"""Longest time of one part. Source: none; a run of the right city OS takes a sixth of a minute. Confidence C."""


@contextmanager
def garbled_target(garbler: Garbler) -> Iterator[Target]:
    """A city OS that the suite has surveyed before it began to garble; nothing is waited for."""
    with garbled_city(garbler) as url:
        line = Line(timeout_s=5.0)
        line.waits = lambda _: False  # type: ignore[method-assign]  # patience is not what is tested
        try:
            target = survey(plan_for(url), line, {})
            garbler.on = True
            yield target
        finally:
            line.close()


def rows_at(target: Target, share: int) -> list[Planned]:
    """A part of all checks that send no hundreds of requests."""
    rows = [row for row in plan_run(target, Choice()) if row.check is not None and not row.name.endswith(LONG)]
    return rows[share::SHARES]


def results_in_time(target: Target, rows: Sequence[Planned], seed: int) -> Iterator[Result]:
    """Results one after the other until the time is over."""
    end_s = time.monotonic() + LIMIT_S
    for result in run_planned(target, rows, seed=seed, jobs=1):
        yield result
        if time.monotonic() > end_s:
            return


def broke_down(result: Result) -> bool:
    """Whether it is an error other than of the network."""
    lost = any(one.fault for one in result.exchanges) or "cannot be asked" in result.message.en
    return result.verdict is Verdict.ERROR and not lost and "given up" not in result.message.en


@pytest.mark.parametrize("seed", range(SHARES))
def test_no_answer_breaks_a_check_down(seed: int) -> None:
    """One in eight answers is spoilt in some way: every check ends with a verdict on the server, in time."""
    with garbled_target(Garbler(seed, every=8, ways=WAYS, steady=seed % 2 == 1)) as target:
        begin_s = time.monotonic()
        wrong = [
            f"{one.name}: {one.message.en}"
            for one in results_in_time(target, rows_at(target, seed), seed)
            if broke_down(one)
        ]
        assert time.monotonic() - begin_s < 2 * LIMIT_S
    assert wrong == []


def leaks(exchange: Exchange) -> list[str]:
    """Credentials in a request: headers, members of forms and of JSON, by their names."""
    headers = [name for name in ("authorization", "cookie", "dpop") if name in exchange.request_headers]
    body = exchange.request_body
    return headers + [name for name in SECRET_MEMBERS if f"{name}=" in body or f'"{name}"' in body]


def test_no_address_in_an_answer_draws_credentials_elsewhere() -> None:
    """Locations, links and forms lead to another host: it is asked nothing that bears a token, cookie or password."""
    with dead_server("object") as elsewhere:
        foreign = elsewhere.replace("127.0.0.1", "localhost")
        garbler = Garbler(1, every=1, ways=[lambda answer, _: answer], foreign=foreign)
        with garbled_target(garbler) as target:
            names = ("FHIR-018", "FHIR-022", "FHIR-037", "OIDC-002", "OIDC-016", "OIDC-077", "REST-022", "REST-035")
            rows = plan_run(target, Choice(names=names))
            results = list(run_planned(target, [row for row in rows if row.check], jobs=1))
    wrong = [
        f"{result.name}: {one.method} {one.url}: {leaks(one)}"
        for result in results
        for one in result.exchanges
        if urlsplit(one.url).hostname == "localhost" and leaks(one)
    ]
    assert wrong == []
    assert any("no credentials are sent there" in one.message.en for one in results)
    assert not any(broke_down(one) for one in results)
