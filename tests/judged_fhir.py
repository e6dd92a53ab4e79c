"""FHIR servers that are no city OS, judged by the profile health-fhir and its parts."""

from conformance.plan import FhirPart, Plan, TargetPart
from conformance.results import Result
from conformance.runner import Choice, plan_run, results_of, run_planned
from conformance.survey import survey
from conformance.wire import Line

PROFILES = ("health-fhir", "health-fhir/vital-signs", "health-fhir/jp-core")


def judged(base: str, *names: str, profiles: tuple[str, ...] = PROFILES, seed: int = 1) -> list[Result]:
    """Results of the named requirements, of all profiles where none is named."""
    line = Line(timeout_s=10.0)
    try:
        target = survey(Plan(TargetPart(profiles, fhir=base), fhir=FhirPart("open")), line, {})
        rows = plan_run(target, Choice(names=names))
        return results_of(run_planned(target, rows, seed=seed, jobs=1))
    finally:
        line.close()
