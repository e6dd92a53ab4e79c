"""A broken city OS is caught and its fault named; a faultless one is not accused of anything."""

from collections.abc import Mapping

import pytest
from deviant.doubles import (
    Fails,
    drops_check_ins,
    forgets_reports,
    ignores_consent,
    invents_people,
    loses_check_outs,
    miscounts,
    takes_drills_for_disasters,
    tells_everybody,
)
from small_city import SmallCity, Wrap, in_process, small_people

from reference_api.consent import Decide
from scenarios.record import FindingKind
from twin.population import Population
from twin.town import Town

LOST, GHOST, LEAK = FindingKind.LOST, FindingKind.GHOST, FindingKind.LEAK
FAULTS: Mapping[str, tuple[Wrap, set[FindingKind]]] = {
    "drops every tenth check-in": (drops_check_ins, {FindingKind.HEADCOUNT, LOST}),
    "loses check-outs": (loses_check_outs, {FindingKind.HEADCOUNT, GHOST}),
    "counts one shelter wrongly": (miscounts, {FindingKind.HEADCOUNT}),
    "invents people": (invents_people, {GHOST}),
    "forgets safety reports": (forgets_reports, {LOST}),
    "pushes beyond the districts": (tells_everybody, {FindingKind.RECIPIENT}),
}


@pytest.fixture(scope="module")
def people() -> tuple[Town, Population]:
    """A small town."""
    return small_people()


def test_the_reference_city_os_is_not_accused(people: tuple[Town, Population]) -> None:
    """A morning of drill and disaster against the reference leaves nothing to find, and nothing failed."""
    city = SmallCity.over(*people, in_process(*people))
    city.live()
    assert city.oracle.findings == ()
    assert not city.recorder.errors
    assert city.state.headcount().sum() == 40


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_named_by_its_kind_and_no_other(people: tuple[Town, Population], fault: str) -> None:
    """The kinds found are exactly those of the fault."""
    wrap, kinds = FAULTS[fault]
    city = SmallCity.over(*people, in_process(*people, wrap=wrap))
    city.live()
    assert city.kinds() == kinds


@pytest.mark.parametrize("decide", [ignores_consent, takes_drills_for_disasters])
def test_a_broken_consent_decision_is_a_leak(people: tuple[Town, Population], decide: Decide) -> None:
    """Whoever is shown what neither consent nor law opens is named as a leak, and as nothing else."""
    city = SmallCity.over(*people, in_process(*people, decide=decide))
    city.live()
    assert city.kinds() == {LEAK}
    assert {one.operation for one in city.oracle.findings} >= {"listCheckIns", "listSafetyReports"}


def test_a_leak_is_told_by_who_saw_what(people: tuple[Town, Population]) -> None:
    """Names and numbers of a register that nobody opened are told as shown to an association."""
    city = SmallCity.over(*people, in_process(*people, decide=ignores_consent))
    city.live()
    told = {one.subject.en for one in city.oracle.findings}
    assert {"name shown to an association", "phone number shown to an association"} <= told


@pytest.mark.parametrize(
    ("status", "media_type", "said"),
    [(500, "text/html", "status 500"), (200, "text/html", "malformed 200"), (503, "application/json", "status 503")],
)
def test_a_city_os_that_fails_for_a_while_is_named(
    people: tuple[Town, Population], status: int, media_type: str, said: str
) -> None:
    """What is asked meanwhile stays unanswered; who came meanwhile is missing afterwards; nothing is invented."""
    failure = Fails(status, media_type)
    city = SmallCity.over(*people, in_process(*people, wrap=failure))
    city.begin()
    failure.failing = True
    city.evacuate()
    city.check(1200.0)
    assert {one.actual for one in city.oracle.findings} == {said}
    assert city.kinds() == {FindingKind.UNANSWERED}
    failure.failing = False
    city.tell()
    city.check(2000.0)
    assert city.kinds() == {FindingKind.UNANSWERED, FindingKind.HEADCOUNT, LOST}
    lost = {person for one in city.oracle.findings if one.kind is LOST for person in one.people}
    assert lost == set(range(0, city.population.people, 5))


def test_the_same_difference_is_told_once(people: tuple[Town, Population]) -> None:
    """Asking again and again finds nothing new where nothing changed."""
    city = SmallCity.over(*people, in_process(*people, wrap=drops_check_ins))
    city.live()
    once = city.oracle.findings
    city.check(3700.0)
    assert city.oracle.findings == once


def test_recipients_are_counted_by_the_twin(people: tuple[Town, Population]) -> None:
    """Of a message to one district, whoever lives in the other one is extra."""
    faithful = SmallCity.over(*people, in_process(*people)).notify(0.0, [0])
    spoilt = SmallCity.over(*people, in_process(*people, wrap=tells_everybody)).notify(0.0, [0])
    assert faithful.should == faithful.reached > 0
    assert (faithful.missed, faithful.extra) == (0, 0)
    assert (spoilt.should, spoilt.reached, spoilt.missed) == (faithful.should, faithful.should, 0)
    assert spoilt.extra > 0
