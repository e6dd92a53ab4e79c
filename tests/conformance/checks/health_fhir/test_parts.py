"""HL7 vital signs and JP Core are parts of the profile that a plan names; a city OS keeps them all."""

from judged_city import judged_city
from judged_fhir import judged
from servers.lax_fhir import lax_server

from conformance.contract.requirements import load_requirements
from conformance.runner import Choice, plan_run

OURS = {one.id: one.part for one in load_requirements() if one.profile == "health-fhir"}


def _ids(base: str, *profiles: str) -> set[str]:
    return {one.requirement.id for one in judged(base, profiles=profiles)}


def test_a_server_is_judged_by_the_parts_that_its_plan_names() -> None:
    """health-fhir alone is the R4 core."""
    with lax_server() as base:
        for part in ("", "health-fhir/vital-signs", "health-fhir/jp-core"):
            assert _ids(base, part or "health-fhir") == {name for name, given in OURS.items() if given == part}


def test_a_city_os_keeps_all_parts() -> None:
    """A city OS that declares health-fhir is judged by each requirement of it."""
    with judged_city(profiles=("health-fhir",)) as target:
        assert {row.requirement.id for row in plan_run(target, Choice())} == set(OURS)
