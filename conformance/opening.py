"""Opening: from a plan to a target that checks can be run against."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from conformance.plan import Plan
from conformance.survey import survey
from conformance.target import Target
from conformance.wire import Line


@contextmanager
def opened(plan: Plan, environ: Mapping[str, str]) -> Iterator[Target]:
    """The target of a plan, for as long as the block lasts.

    Raises:
        PlanError: Something that the plan names is not there.
        NetworkError: The target cannot be reached.
    """
    line = line_of(plan)
    try:
        yield survey(plan, line, environ)
    finally:
        line.close()


def line_of(plan: Plan, *, at_most_s: float = 120.0) -> Line:
    """The connection that a plan asks for; its certificates are trusted beside the system's.

    Raises:
        OSError: The file of certificates cannot be read, or holds none.
    """
    trusted = ssl.create_default_context()
    if plan.target.ca_file:
        trusted.load_verify_locations(plan.target.ca_file)
    return Line(min(plan.target.timeout_s, at_most_s), verify=trusted)


def fhir_token_of(plan: Plan, environ: Mapping[str, str]) -> str:
    """The bearer token that the plan gives for FHIR; empty where it gives none."""
    return environ.get(plan.fhir.token_env, "") if plan.fhir.access == "token" else ""
