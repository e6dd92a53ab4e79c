"""The checks of profile core-rest pass at the right server, and each fault fails the requirements that it breaks."""

import pytest
from deviant.switches import FAULTS
from judged_city import judged_city, results_at

OURS = {name: fault for name, fault in FAULTS.items() if any(one.startswith("REST-") for one in fault.breaks)}

GENERATED = "REST-017"


def test_the_right_server_passes() -> None:
    """No check of the profile fails, warns or is skipped at the reference city OS."""
    with judged_city() as target:
        results = results_at(target, *(f"REST-{number:03}" for number in range(1, 49)), slow=False, jobs=2)
    wrong = {one.name: one.message.en for one in results if one.verdict.value not in ("pass", "omit")}
    assert not wrong
    omitted = {one.requirement.id for one in results} - {
        one.requirement.id for one in results if one.verdict.value == "pass"
    }
    assert omitted == {"REST-016", "REST-027", "REST-039", "REST-040"}


@pytest.mark.parametrize(("quota", "judged_by"), [(600, "REST-027"), (1600, "REST-027.large_quota")])
def test_refusals_are_asked_for_where_the_quota_can_be_met(quota: int, judged_by: str) -> None:
    """With either quota, the right server refuses in the end and says when to come again; large ones take long."""
    with judged_city(subject_quota=quota) as target:
        verdicts = {one.name: one.verdict.value for one in results_at(target, "REST-027")}
    assert verdicts == {"REST-027": "omit", "REST-027.large_quota": "omit"} | {judged_by: "pass"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_fault_is_caught(name: str) -> None:
    """Every requirement of the profile that a fault breaks fails or warns; what is generated, where nothing else does.

    Generated requests take seconds for each fault: where another requirement shows the fault, they are left out.
    """
    broken = [one for one in OURS[name].breaks if one.startswith("REST-")]
    wanted = [one for one in broken if one != GENERATED] or broken
    with judged_city(name) as target:
        results = results_at(target, *wanted, slow=False)
    for requirement in wanted:
        verdicts = {one.name: one.verdict.value for one in results if one.requirement.id == requirement}
        assert {"fail", "warn"} & set(verdicts.values()), verdicts
