"""Dead servers: nothing that is demanded of them passes, and a run ends in time."""

import time

import pytest
from servers.dead import WAYS, dead_server

from conformance.errors import NetworkError
from conformance.plan import FhirPart, Plan, TargetPart
from conformance.results import Result
from conformance.runner import Choice, plan_run, results_of, run_planned
from conformance.survey import survey
from conformance.verdict import Verdict
from conformance.wire import Line

PROFILES = ("core-oidc", "core-rest", "core-consent", "disaster", "lgwan-bridge", "health-fhir")
ENVIRON = {"CITYTWIN_CLIENT_ID": "rp", "CITYTWIN_CLIENT_SECRET": "s", "CITYTWIN_USER": "u", "CITYTWIN_PASSWORD": "p"}
TIMEOUT_S = 0.5
LIMIT_S = 60.0
"""Longest time of a run against a dead server. Source: none; a CI job that hangs shows nothing. Confidence C."""


def judged(url: str, timeout_s: float) -> list[Result]:
    """Results of everything against a server that is called all that there is."""
    line = Line(timeout_s)
    plan = Plan(TargetPart(PROFILES, issuer=url, city_os=url, fhir=f"{url}/fhir"), fhir=FhirPart("open"))
    try:
        target = survey(plan, line, ENVIRON)
        return results_of(run_planned(target, plan_run(target, Choice()), jobs=4))
    finally:
        line.close()


@pytest.mark.parametrize("way", sorted({*WAYS} - {"hanging", "endless", "closing", "babbling"}))
def test_what_answers_nothing_of_use_passes_no_must(way: str) -> None:
    """An empty 200, a 401 to everything, a 500, a page, a circle of redirects: no SHALL is kept by it."""
    begin_s = time.monotonic()
    with dead_server(way) as url:
        results = judged(url, 5.0)
    passed = [one.name for one in results if one.verdict is Verdict.PASS and one.requirement.level == "SHALL"]
    assert passed == []
    assert any(one.verdict is Verdict.FAIL for one in results)
    assert time.monotonic() - begin_s < LIMIT_S


@pytest.mark.parametrize("way", ["hanging", "endless", "closing", "babbling"])
def test_what_never_answers_stops_a_run_before_it_begins(way: str) -> None:
    """Silence, a body without end, what is no HTTP: the network failed, and that is told at once."""
    begin_s = time.monotonic()
    with dead_server(way) as url, pytest.raises(NetworkError, match=url.rpartition("/")[2]):
        judged(url, TIMEOUT_S)
    assert time.monotonic() - begin_s < LIMIT_S
