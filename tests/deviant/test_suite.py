"""The suite on servers whose faults are known: a right one passes, and the tables tell how the others are found."""

from collections.abc import Iterator

import pytest
from deviant.matrix import PAGE, TITLES, figures, read_table, with_tables
from deviant.proxy.mutations import FAULTS as MUTATIONS
from deviant.switches import FAULTS
from judged_city import judged_city, results_at

from conformance.contract.requirements import load_requirements
from conformance.results import Result
from conformance.target import Target
from conformance.verdict import Verdict

LEVELS = {one.id: one.level for one in load_requirements()}
LEAST_DETECTION = 0.98
"""Source: issue of the suite, numbers: at least 98 % of the faults are caught at their clause."""

ACCEPTED_OMISSIONS = 45
"""So many results at most may say that something does not apply to the reference; each says why."""


@pytest.fixture(scope="module")
def right() -> Iterator[Target]:
    """The reference city OS as it is."""
    with judged_city() as target:
        yield target


@pytest.fixture(scope="module")
def results(right: Target) -> list[Result]:
    """Everything but what takes long, judged once."""
    return results_at(right, slow=False, jobs=4)


def test_the_reference_keeps_everything(results: list[Result]) -> None:
    """No failure, nothing unknown, and a reason in both languages for whatever is no pass."""
    wrong = [(one.name, one.verdict.value, one.message.en) for one in results if one.verdict in _WRONG]
    assert wrong == []
    assert all(one.message.en and one.message.ja for one in results if one.verdict is not Verdict.PASS)
    assert sum(one.verdict is Verdict.OMIT for one in results) <= ACCEPTED_OMISSIONS


_WRONG = (Verdict.FAIL, Verdict.WARN, Verdict.SKIP, Verdict.ERROR, Verdict.CONFIG)


def test_every_requirement_that_a_check_judges_is_judged(results: list[Result]) -> None:
    """By a pass of the reference, but for those that do not apply to it."""
    passed = {one.requirement.id for one in results if one.verdict is Verdict.PASS}
    unproven = {one.requirement.id for one in results if one.requirement.way == "check"} - passed
    assert len(unproven) <= 15, sorted(unproven)


@pytest.mark.parametrize("table", TITLES)
def test_the_tables_tell_of_every_fault(table: str) -> None:
    """No fault that exists is left out of the last sweep, and its breaks are those of the fault today."""
    rows = {row.name: set(row.breaks) for row in read_table(table)}
    known = (
        {name: set(fault.breaks) for name, fault in FAULTS.items()}
        if table == "reference"
        else {one.name: set(one.breaks) for one in MUTATIONS}
    )
    assert rows == known


@pytest.mark.parametrize("table", TITLES)
def test_the_tables_show_what_is_demanded(table: str) -> None:
    """At least 98 % are caught at every clause that they break, and all that break a SHALL."""
    rows = read_table(table)
    assert figures(rows)["detection"] >= LEAST_DETECTION
    missed = [row.name for row in rows if any(LEVELS[name] == "SHALL" for name in set(row.breaks) - set(row.found))]
    assert missed == []


def test_the_page_shows_the_tables() -> None:
    """The page in the docs is what the files say."""
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page
