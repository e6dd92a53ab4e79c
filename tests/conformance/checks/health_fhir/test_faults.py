"""Faults of the FHIR server are caught where they are, and nowhere else; the right server passes all."""

import pytest
from deviant.switches import FAULTS
from judged_city import judged_city, results_at

from conformance.contract.requirements import load_requirements
from conformance.results import Result

OURS = tuple(one.id for one in load_requirements() if one.profile == "health-fhir")
CONCERNED = sorted(name for name, fault in FAULTS.items() if set(fault.breaks) & set(OURS))


def _broken(results: list[Result]) -> set[str]:
    return {one.requirement.id for one in results if one.verdict.value in ("fail", "warn")}


def _told(results: list[Result]) -> list[str]:
    return [f"{one.name} {one.verdict.value} {one.message.en}" for one in results if one.verdict.value != "pass"]


def test_the_right_server_passes() -> None:
    """Every requirement of the profile is kept by the reference, and none is left out."""
    with judged_city(profiles=("health-fhir",)) as target:
        results = results_at(target)
    assert _told(results) == []
    assert {one.requirement.id for one in results} == set(OURS)


@pytest.mark.parametrize("name", CONCERNED)
def test_a_fault_is_caught_at_its_requirement_alone(name: str) -> None:
    """A reference with that one switch on fails where the fault says, and at no other requirement of the profile."""
    with judged_city(name, profiles=("health-fhir",)) as target:
        results = results_at(target)
    assert _broken(results) == set(FAULTS[name].breaks) & set(OURS), _told(results)
    assert not [one.name for one in results if one.verdict.value in ("skip", "error", "config")], _told(results)
