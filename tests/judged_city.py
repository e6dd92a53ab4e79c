"""The reference city OS, with a fault or without, served over HTTP and judged by the suite."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import click
import deviant.faults
from deviant.switches import FAULTS, deviant_app
from sandbox_city import small_seed
from serving import listening
from serving import served as over_http
from ward import with_hospital

from conformance.plan import ClientPart, FhirPart, PersonPart, Plan, ReceiverPart, TargetPart
from conformance.results import Result
from conformance.runner import Choice, plan_run, results_of, run_planned
from conformance.survey import survey
from conformance.target import Target
from conformance.wire import Line
from reference_api.app import create_app
from reference_api.clock import WallClock
from reference_api.inline import run_inline
from reference_api.seed import load_into
from reference_api.served import served as with_background
from reference_api.settings import Settings
from reference_api.store.sqlite import SqliteStore

assert deviant.faults.AREAS

PROFILES = ("core-oidc", "core-rest", "core-consent", "disaster", "lgwan-bridge", "health-fhir")


def plan_for(url: str, profiles: Sequence[str] = PROFILES) -> Plan:
    """A plan as ``citytwin conform init`` writes it for a city OS with a sandbox."""
    return Plan(
        TargetPart(tuple(profiles), issuer=url, city_os=url, fhir=f"{url}/fhir"),
        client=ClientPart("sandbox", client_id="example-service"),
        second_client=ClientPart("sandbox", client_id="example-second-service"),
        person=PersonPart("sandbox"),
        receiver=ReceiverPart("http://127.0.0.1:8765"),
        fhir=FhirPart("role"),
    )


def _quota(fault: str | None) -> int:
    """Requests a minute of a person: more than a run needs, but where a fault shows when they are used up."""
    needs_a_refusal = fault is not None and "REST-027" in FAULTS[fault].breaks
    return 600 if needs_a_refusal else 6000


@contextmanager
def served_city(fault: str | None = None, **changed: Any) -> Iterator[str]:
    """Address of a sandbox over the small town with a hospital; a deviant one if a fault is named."""
    store = SqliteStore(":memory:")
    run_inline(store.open())
    run_inline(load_into(store, with_hospital(small_seed(12)), sandbox=True))
    with listening() as (bound, url):
        usual = {"registration": True, "subject_quota": _quota(fault)}
        settings = Settings(issuer=url, sandbox=True, **(usual | changed))
        if fault is None:
            app = create_app(settings, store, WallClock())
            with over_http(with_background(app), bound, "on"):
                yield url
            return
        with ExitStack() as stack:
            deviant = stack.enter_context(deviant_app(fault, settings, store, WallClock()))
            stack.enter_context(over_http(with_background(deviant), bound, "on"))  # type: ignore[arg-type]  # passes on
            yield url


@contextmanager
def judged_city(fault: str | None = None, profiles: Sequence[str] = PROFILES, **changed: Any) -> Iterator[Target]:
    """The served city as the suite sees it."""
    with served_city(fault, **changed) as url:
        line = Line(timeout_s=5.0)
        try:
            yield survey(plan_for(url, profiles), line, {})
        finally:
            line.close()


def results_at(target: Target, *names: str, slow: bool = True, seed: int = 1, jobs: int = 1) -> list[Result]:
    """Results of the named requirements or checks, of everything where none is named."""
    rows = plan_run(target, Choice(names=names, slow=slow))
    return results_of(run_planned(target, rows, seed=seed, jobs=jobs))


def verdicts_at(target: Target, *names: str) -> dict[str, str]:
    """Verdicts by name of the result; what is wrong stands behind it."""
    return {one.name: f"{one.verdict.value} {one.message.en}".strip() for one in results_at(target, *names)}


def main() -> None:
    """``python -m judged_city [FAULT] [-- NAMES]``: judge the reference city OS and tell what is not a pass."""
    given = sys.argv[1:]
    fault = given.pop(0) if given and given[0] != "--" else None
    begin_s = time.monotonic()
    with judged_city(fault) as target:
        results = results_at(target, *given[1:])
    for one in results:
        if one.verdict.value != "pass" or given:
            click.echo(f"{one.name:28} {one.verdict.value:6} {one.duration_s:5.2f}s {one.message.en[:300]}")
    click.echo(f"{len(results)} results in {time.monotonic() - begin_s:.1f} s")


if __name__ == "__main__":
    main()
