"""Walks: the reference keeps the model, and faults are told as short sequences of steps at their requirement."""

import pytest
from judged_city import judged_city, results_at

from conformance.machines import driving


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mismatches are made smaller for many times what it takes until the right one is told, for slow machines."""
    monkeypatch.setattr(driving, "SHRINK_S", 25.0)
    monkeypatch.setattr("conformance.checks.core_consent.walks.LIMIT_S", 120.0)


def test_the_reference_keeps_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk over the right server finds nothing, and is walked once for all of its requirements."""
    monkeypatch.setattr("conformance.checks.core_consent.walks.LIMIT_S", 6.0)
    with judged_city() as target:
        results = results_at(target, "CONS-001.walk", "CONS-004.walk")
    assert {one.name: one.verdict.value for one in results} == {"CONS-001.walk": "pass", "CONS-004.walk": "pass"}
    assert sorted(one.duration_s > 0.5 for one in results) == [False, True]


@pytest.mark.parametrize(
    ("fault", "requirement"),
    [
        ("C-05", "CONS-004"),
        ("disaster-consent-used-in-normal", "CONS-002"),
        ("consent-for-drill-counts-always", "CONS-025"),
        ("expiry-off-by-one", "CONS-005"),
        ("asked-is-given", "CONS-027"),
    ],
)
def test_a_fault_is_found_by_walking(fault: str, requirement: str) -> None:
    """What goes wrong after some steps is told at its requirement, with these steps; others are not known."""
    with judged_city(fault) as target:
        results = results_at(target, f"{requirement}.walk", "CONS-010.walk")
    verdicts = {one.name: one.verdict.value for one in results}
    assert verdicts == {f"{requirement}.walk": "fail", "CONS-010.walk": "skip"}
    assert "after: " in next(one.message.en for one in results if one.verdict.value == "fail")
