"""Runner: checks run once each, in any order, side by side or alone; whatever they do becomes a result."""

import threading
from collections.abc import Callable, Iterator

import httpx2
import pytest

from conformance.check import Check, load_checks
from conformance.context import Context
from conformance.contract.requirements import load_requirements
from conformance.outcomes import Violation
from conformance.plan import Plan, TargetPart
from conformance.results import Result
from conformance.runner import PUT_OFF, Choice, Planned, plan_run, results_of, run_planned
from conformance.target import Target
from conformance.wire import Line

REQUIREMENTS = [one for one in load_requirements() if one.level == "SHALL" and one.way == "check"]


@pytest.fixture
def target() -> Iterator[Target]:
    """A target that answers 204 to everything."""
    line = Line(transport=httpx2.MockTransport(lambda _: httpx2.Response(204)))
    yield Target(Plan(TargetPart(("core-oidc",), issuer="http://op.example", city_os="http://op.example")), line)
    line.close()


def planned(*functions: Callable[[Context], None], alone: bool = False) -> list[Planned]:
    """Rows for functions, each of a requirement of its own."""
    pairs = zip(REQUIREMENTS, functions, strict=False)
    return [Planned(one, Check(one.id, one.id, function, alone=alone)) for one, function in pairs]


def run(target: Target, rows: list[Planned], jobs: int = 1) -> list[Result]:
    """Results in order of name."""
    return results_of(run_planned(target, rows, jobs=jobs))


def test_a_check_that_demands_nothing_is_an_error_of_the_suite(target: Target) -> None:
    """It cannot fail, so that its pass would mean nothing."""
    (result,) = run(target, planned(lambda _: None))
    assert (result.verdict, "cannot fail" in result.message.en) == ("error", True)


def test_a_demand_inside_a_control_alone_is_no_demand(target: Target) -> None:
    """A control is a precondition, not the proof."""

    def only_controlled(ctx: Context) -> None:
        with ctx.control("it answers"):
            ctx.expect("status", expected=204, actual=ctx.wire.get("http://op.example").status)

    assert run(target, planned(only_controlled))[0].verdict == "error"


def test_a_refusal_without_a_control_is_an_error_of_the_suite(target: Target) -> None:
    """A server that refuses everything must not pass."""
    (result,) = run(target, planned(lambda ctx: ctx.refused("wrong", True, expected=1, actual=1)))  # noqa: FBT003
    assert (result.verdict, "positive control" in result.message.en) == ("error", True)


def test_a_control_that_fails_means_skip(target: Target) -> None:
    """Nothing is known then, not even that the wrong was refused."""

    def probing(ctx: Context) -> None:
        with ctx.control("the right password"):
            ctx.expect("status", expected=200, actual=204)
        ctx.refused("wrong", True, expected=1, actual=1)  # noqa: FBT003 - the outcome is given

    (result,) = run(target, planned(probing))
    assert (result.verdict, result.message.en) == (
        "skip",
        "positive control failed: the right password: status: expected 200, got 204",
    )


def test_a_violation_tells_what_was_expected_and_seen(target: Target) -> None:
    """The result holds both, and the exchanges before it."""

    def looking(ctx: Context) -> None:
        ctx.expect_status("answer", ctx.wire.get("http://op.example/x"), 200)

    (result,) = run(target, planned(looking))
    assert (result.verdict, result.expected, result.actual) == ("fail", "200", "204")
    assert [one.url for one in result.exchanges] == ["http://op.example/x"]


def test_whatever_a_check_raises_becomes_its_result(target: Target) -> None:
    """A defect in one check stops no other."""

    def defective(_: Context) -> None:
        raise ZeroDivisionError

    good = planned(defective, lambda ctx: ctx.expect("x", expected=1, actual=1))
    assert [one.verdict for one in run(target, good)] == ["error", "pass"]


def test_what_a_check_changed_is_undone_whatever_happens(target: Target) -> None:
    """The last change is undone first."""
    undone: list[int] = []

    def changing(ctx: Context) -> None:
        ctx.afterwards(lambda: undone.append(1))
        ctx.afterwards(lambda: undone.append(2))
        raise Violation("x", expected=1, actual=2)

    run(target, planned(changing))
    assert undone == [2, 1]


def test_checks_that_are_alone_never_meet_others(target: Target) -> None:
    """While one of them runs, nothing else does."""
    busy, met = threading.Semaphore(0), []

    def present(ctx: Context) -> None:
        busy.release()
        ctx.expect("x", expected=1, actual=1)
        busy.acquire()

    def lonely(ctx: Context) -> None:
        met.append(busy.acquire(blocking=False))
        ctx.expect("x", expected=1, actual=1)

    rows = planned(*[present] * 6) + [
        Planned(one.requirement, Check(one.name, one.requirement.id, lonely, alone=True))
        for one in planned(*[lonely] * 12)[6:]
    ]
    assert {one.verdict.value for one in run(target, rows, jobs=4)} == {"pass"}
    assert met == [False] * 6


def test_results_do_not_depend_on_seed_or_jobs(target: Target) -> None:
    """Another order gives the same results."""
    rows = planned(*[lambda ctx: ctx.expect("x", expected=0, actual=0)] * 10)
    runs = [results_of(run_planned(target, rows, seed=seed, jobs=jobs)) for seed, jobs in ((1, 1), (2, 1), (1, 4))]
    verdicts = [[(one.name, one.verdict) for one in results] for results in runs]
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_every_check_is_of_a_requirement_that_a_check_judges() -> None:
    """No check hangs in the air, and each says what it does."""
    known = {one.id: one for one in load_requirements()}
    for one in load_checks():
        assert known[one.requirement].way == "check", one.name
        assert one.summary.endswith("."), one.name


def test_every_requirement_of_a_profile_has_a_row(target: Target) -> None:
    """A plan leaves nothing out without saying so."""
    rows = plan_run(target, Choice())
    wanted = {one.id for one in load_requirements() if one.profile == "core-oidc"}
    assert {row.requirement.id for row in rows} == wanted
    assert all(row.check or row.reason.en for row in rows)


def test_a_choice_of_one_part_leaves_other_choices_whole(target: Target) -> None:
    """A check by its name, a requirement by its id with all of its checks, in one choice."""
    part = next(one for one in load_checks() if one.requirement == "OIDC-011" and "." in one.name)
    whole = [one.name for one in load_checks() if one.requirement == "OIDC-001"]
    rows = plan_run(target, Choice(names=(part.name, "OIDC-001")))
    assert [row.name for row in rows] == sorted([part.name, *whole])


def test_a_service_that_asks_for_patience_is_not_accused() -> None:
    """What it puts off longer than a run waits is unknown; a 503 without Retry-After is an answer like any other."""
    for headers, verdict in (({"retry-after": "600"}, "skip"), ({}, "fail")):
        answer = httpx2.Response(503, headers=headers)
        line = Line(transport=httpx2.MockTransport(lambda _, answer=answer: answer))
        line.waits = lambda _: False  # type: ignore[method-assign]  # nothing is waited for
        busy = Target(Plan(TargetPart(("core-oidc",), issuer="http://op.example")), line)
        rows = planned(lambda ctx: ctx.expect_status("answer", ctx.wire.get("http://op.example/"), 200))
        assert run(busy, rows)[0].verdict.value == verdict


def test_what_was_put_off_is_why_nothing_is_said() -> None:
    """A check that stops because a step was put off says that the service is busy, and not what it missed."""
    answer = httpx2.Response(503, headers={"retry-after": "600"})
    line = Line(transport=httpx2.MockTransport(lambda _: answer))
    line.waits = lambda _: False  # type: ignore[method-assign]  # nothing is waited for
    busy = Target(Plan(TargetPart(("core-oidc",), issuer="http://op.example")), line)

    def stops(ctx: Context) -> None:
        ctx.wire.get("http://op.example/")
        ctx.skip("nobody is there", "誰もいない")

    assert run(busy, planned(stops))[0].message == PUT_OFF
