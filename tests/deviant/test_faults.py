"""The reference city OS passes its own deviance: each fault is really there when it is switched on, and only then."""

import deviant.faults
import deviant.observations
import pytest
from deviant.observing import OBSERVATIONS, open_city
from deviant.switches import FAULTS

from conformance.contract.requirements import load_requirements

assert deviant.faults.AREAS
assert deviant.observations.AREAS


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_there_when_it_is_switched_on_and_only_then(name: str) -> None:
    """The ordinary server does it right, the deviant one wrong; afterwards an ordinary one does it right again."""
    seen = OBSERVATIONS[name]
    with open_city() as city:
        assert seen.look(city) == seen.right
    with open_city(name) as city:
        assert seen.look(city) == seen.wrong
    with open_city() as city:
        assert seen.look(city) == seen.right


def test_every_fault_is_observed() -> None:
    """There is an observation of each fault, and of nothing else."""
    assert sorted(OBSERVATIONS) == sorted(FAULTS)


def test_faults_break_requirements() -> None:
    """Each fault says what the broken server does, and which requirements it breaks; these exist."""
    known = {requirement.id for requirement in load_requirements()}
    for fault in FAULTS.values():
        assert fault.text, fault.name
        assert fault.breaks, fault.name
        assert set(fault.breaks) <= known, (fault.name, set(fault.breaks) - known)
