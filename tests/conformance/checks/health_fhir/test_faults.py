"""Faults of the FHIR server are caught where they are, and nowhere else; the right server passes all."""

import pytest
from deviant.switches import FAULTS
from judged_city import judged_city, results_at

from conformance.city.caller import City
from conformance.contract.requirements import load_requirements
from conformance.fhir.server import FhirServer
from conformance.results import Result
from conformance.wire import Wire

OURS = tuple(one.id for one in load_requirements() if one.profile == "health-fhir")
CONCERNED = sorted(name for name, fault in FAULTS.items() if set(fault.breaks) & set(OURS))


def _broken(results: list[Result]) -> set[str]:
    return {one.requirement.id for one in results if one.verdict.value in ("fail", "warn")}


def _told(results: list[Result]) -> list[str]:
    return [f"{one.name} {one.verdict.value} {one.message.en}" for one in results if one.verdict.value != "pass"]


def test_the_right_server_passes_again_and_again() -> None:
    """The reference keeps every requirement, also in another order after a first run, which leaves no records."""
    with judged_city(profiles=("health-fhir",)) as target:
        runs = [results_at(target, seed=seed) for seed in (1, 2)]
        city = City(target, Wire(target.line))
        server = FhirServer(target, city.wire, city)
        left = [one["id"] for kind in ("Patient", "Observation", "MedicationRequest") for one in server.found(kind)]
    for results in runs:
        assert _told(results) == []
        assert {one.requirement.id for one in results} == set(OURS)
    assert [number for number in left if not number.startswith("a")] == []


@pytest.mark.parametrize("name", CONCERNED)
def test_a_fault_is_caught_at_its_requirement_alone(name: str) -> None:
    """A reference with that one switch on fails where the fault says, and at no other requirement of the profile."""
    with judged_city(name, profiles=("health-fhir",)) as target:
        results = results_at(target)
    assert _broken(results) == set(FAULTS[name].breaks) & set(OURS), _told(results)
    assert not [one.name for one in results if one.verdict.value in ("skip", "error", "config")], _told(results)
