"""What was measured, and what it is worth."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from load_values import measured

from scenarios.errors import MissingData
from scenarios.load.errors import InvalidObjectives
from scenarios.load.objectives import LoadMode, read_objectives
from scenarios.load.verdict import Outcome, first_refusals, judge, latency_of

CONTRACT = read_objectives()


@given(st.lists(st.floats(1e-6, 3000.0), min_size=1, max_size=300))
def test_percentiles_are_those_of_the_sorted_times(times_s: list[float]) -> None:
    """A percentile is the value below or at which that share of the times lies, to a thousandth."""
    found, ordered = latency_of(times_s), sorted(times_s)
    for share, value_ms in ((0.5, found.p50_ms), (0.95, found.p95_ms), (0.99, found.p99_ms), (1.0, found.max_ms)):
        exact_ms = 1000 * ordered[math.ceil(share * len(ordered)) - 1]
        assert value_ms == pytest.approx(exact_ms, rel=2e-3, abs=2e-3)


def test_no_times_have_no_latency() -> None:
    """Nothing measured is nothing, not an error."""
    assert latency_of([]).max_ms == 0.0


def test_a_good_service_holds_and_a_slow_one_does_not() -> None:
    """95 % of P0 within a second in a disaster, by the contract."""
    for slow, outcome in ((4, Outcome.HELD), (6, Outcome.BROKEN)):
        rows = [measured(number, done_s=1.5 if number < slow else 0.1) for number in range(100)]
        assert judge(rows, CONTRACT, LoadMode.DISASTER, 60.0).outcome is outcome


def test_a_thousandth_of_failures_is_allowed_in_a_disaster() -> None:
    """P0 succeeds in 99.9 % of calls."""
    for failed, outcome in ((1, Outcome.HELD), (2, Outcome.BROKEN)):
        rows = [measured(number, status=500 if number < failed else 201) for number in range(1000)]
        assert judge(rows, CONTRACT, LoadMode.DISASTER, 60.0).outcome is outcome


def test_what_may_be_put_off_is_no_failure_if_it_says_when_to_come_again() -> None:
    """P2 is put off in a disaster with 503 and Retry-After; without it, and in normal times, it fails."""
    for puts_off, mode, outcome in (
        (True, LoadMode.DISASTER, Outcome.HELD),
        (False, LoadMode.DISASTER, Outcome.BROKEN),
        (True, LoadMode.NORMAL, Outcome.BROKEN),
    ):
        rows = [measured(n, operation="getUser", status=503, puts_off=puts_off) for n in range(50)]
        rows += [measured(n, operation="getUser", status=200) for n in range(50, 100)]
        assert judge(rows, CONTRACT, mode, 60.0).outcome is outcome


def test_one_refused_first_report_breaks_the_contract() -> None:
    """The first safety report of a person is never answered 429 or 503; a later one may be."""
    first = [measured(number, actor=f"citizen:{number}") for number in range(2000)]
    later = measured(3000, actor="citizen:5", due_s=9.0, ready_s=9.0, sent_s=9.0, done_s=9.1, status=503)
    assert first_refusals([*first, later]) == 0
    assert judge([*first, later], CONTRACT, LoadMode.DISASTER, 60.0).outcome is Outcome.HELD
    refused = measured(3001, actor="citizen:new", status=429)
    assert judge([*first, refused], CONTRACT, LoadMode.DISASTER, 60.0).outcome is Outcome.BROKEN


def test_a_generator_that_lagged_gives_no_verdict() -> None:
    """Above its limit the generator has measured itself, however good the target looks."""
    rows = [measured(number, sent_s=0.2 if number < 2 else 0.0, done_s=0.3) for number in range(100)]
    verdict = judge(rows, CONTRACT, LoadMode.DISASTER, 60.0)
    assert (verdict.lagged, verdict.outcome) == (True, Outcome.NONE)


def test_a_target_that_never_answers_gives_no_verdict() -> None:
    """Unreachable is not bad."""
    rows = [measured(number, status=0, fault="refused") for number in range(10)]
    assert judge(rows, CONTRACT, LoadMode.NORMAL, 60.0).outcome is Outcome.NONE


def test_what_the_oracle_found_breaks_a_verdict() -> None:
    """A fast service that loses reports does not hold."""
    assert judge([measured()], CONTRACT, LoadMode.NORMAL, 60.0, wrong=1).outcome is Outcome.BROKEN


def test_errors_are_told_by_kind(tmp_path: Path) -> None:
    """Statuses and faults are counted apart."""
    rows = [measured(0, status=500), measured(1, status=0, fault="timeout"), measured(2, status=500), measured(3)]
    verdict = judge(rows, CONTRACT, LoadMode.NORMAL, 2.0)
    assert (dict(verdict.operations[0].errors), verdict.operations[0].rate) == ({"500": 2, "timeout": 1}, 2.0)


def test_a_users_file_judges_operations_too(tmp_path: Path) -> None:
    """Objectives of one's own, in the form of those that ship."""
    own = tmp_path / "own.toml"
    own.write_text('[generator]\nlag_p99_ms = 5\n[[objective]]\noperation = "reportSafety"\np50_ms = 50\n', "utf-8")
    verdict = judge([measured()], read_objectives(own), LoadMode.NORMAL, 1.0)
    assert [(one.subject, one.figure, one.held) for one in verdict.judgements] == [("reportSafety", "p50_ms", False)]
    assert verdict.lag_limit_ms == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("objective = 1", "Expected `array`"),
        ("[[objective]]\nclass = 'P9'\n[[objective]]\np95_ms = 1", "objective 1: class is one of P0, P1, P2, P3"),
        ("[[objective]]\nclass = 'P0'\nsuccess = 99.9", "objective 1: success is a share from 0 to 1"),
        ("[[objective]]\nclass = 'P0'\np95_ms = -1", "objective 1: a time is above 0 ms"),
        ("[[objective]]\nclass = 'P0'\np95 = 1", "unknown field `p95`"),
        ("[[", "Invalid initial character"),
    ],
)
def test_bad_objectives_are_told(tmp_path: Path, text: str, words: str) -> None:
    """What is wrong, and where."""
    own = tmp_path / "own.toml"
    own.write_text(text, "utf-8")
    with pytest.raises(InvalidObjectives) as told:
        read_objectives(own)
    assert words in str(told.value)


def test_objectives_that_are_not_there_are_told(tmp_path: Path) -> None:
    """A file must be there."""
    with pytest.raises(MissingData):
        read_objectives(tmp_path / "none.toml")
