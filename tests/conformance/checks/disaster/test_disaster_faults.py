"""The checks of disasters: they pass at the right city OS, and each fault fails where it breaks the contract."""

import deviant.faults
import pytest
from deviant.switches import FAULTS
from judged_city import judged_city, results_at

from conformance.check import load_checks

assert deviant.faults.AREAS

UNDER_LOAD = {"DIS-017"}
"""Seen under load only (citytwin load)."""

PREFIXES = ("DIS-", "LGW-")

BROKEN = sorted(
    (fault.name, requirement)
    for fault in FAULTS.values()
    for requirement in fault.breaks
    if requirement.startswith(PREFIXES) and requirement not in UNDER_LOAD
)

LONG = ("DIS-030",)
"""It waits for what does not come, half a minute long."""


def test_the_right_city_os_passes() -> None:
    """Nothing fails, is skipped or ends in an error of ours."""
    names = sorted({one.requirement for one in load_checks() if one.requirement.startswith(PREFIXES)})
    with judged_city() as target:
        results = results_at(target, *names, slow=False)
    wrong = {one.name: one.message.en for one in results if one.verdict.value not in ("pass", "omit")}
    assert wrong == {}
    assert len(results) > len(PREFIXES)


@pytest.mark.parametrize(("fault", "requirement"), [row for row in BROKEN if row[1] not in LONG])
def test_a_fault_fails_its_requirement(fault: str, requirement: str) -> None:
    """The requirement that the fault breaks fails (a SHOULD warns)."""
    with judged_city(fault) as target:
        results = results_at(target, requirement, slow=False)
    assert {one.verdict.value for one in results} & {"fail", "warn"}, [one.message.en for one in results]
