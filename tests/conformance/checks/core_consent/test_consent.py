"""Consent: the reference is right, and every fault is found at its requirement.

That a fault tells against no other requirement is seen by `make deviance`, which asks all of them.
"""

from collections.abc import Iterator

import pytest
from deviant.switches import FAULTS
from judged_city import judged_city

from conformance.results import Result
from conformance.runner import Choice, plan_run, results_of, run_planned
from conformance.target import Target

IDS = tuple(f"CONS-{number:03d}" for number in range(1, 29) if number != 26)
SLOW_TO_FAIL = {"withdrawal-not-told"}
"""Faults whose clause is waited for a minute: tried by hand, and by the table of all faults."""


def results_at(target: Target, *names: str) -> list[Result]:
    """Results of the checks of single rules: walks have tests of their own."""
    rows = [row for row in plan_run(target, Choice(names=names)) if "walk" not in row.name]
    return results_of(run_planned(target, rows, seed=1, jobs=1))


@pytest.fixture(scope="module")
def city() -> Iterator[Target]:
    """The reference city OS as it should be."""
    with judged_city() as target:
        yield target


def test_the_right_server_passes(city: Target) -> None:
    """Every check of single rules passes at the reference; none is skipped or left out."""
    results = results_at(city, *IDS)
    assert {one.name: one.message.en for one in results if one.verdict.value != "pass"} == {}
    assert {one.requirement.id for one in results} == set(IDS)


def _cases() -> list[tuple[str, tuple[str, ...]]]:
    return [
        (name, tuple(one for one in fault.breaks if one in IDS))
        for name, fault in FAULTS.items()
        if set(fault.breaks) & set(IDS) and name not in SLOW_TO_FAIL
    ]


@pytest.mark.parametrize(("fault", "breaks"), _cases(), ids=[name for name, _ in _cases()])
def test_a_fault_is_found_where_it_is(fault: str, breaks: tuple[str, ...]) -> None:
    """A broken server fails at the requirements that it breaks."""
    with judged_city(fault) as target:
        results = results_at(target, *breaks)
    wrong = {one.requirement.id for one in results if one.verdict.value in {"fail", "warn", "error", "config"}}
    assert wrong == set(breaks), {one.name: one.message.en for one in results if one.verdict.value == "fail"}
