"""Verdicts: the requirement's level decides, groups roll up in a stated order, exit codes follow."""

from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.requirements import Level, load_requirements
from conformance.errors import NetworkError, SuiteError
from conformance.outcomes import Misconfigured, NeedsReview, NotApplicable, Unmet, Violation
from conformance.verdict import ROLL_UP, Verdict, exit_code, judge, roll_up

SHALL = next(one for one in load_requirements() if one.level == "SHALL")
VERDICTS = st.lists(st.sampled_from(Verdict))


@pytest.mark.parametrize(("level", "verdict"), [("SHALL", "fail"), ("SHOULD", "warn"), ("MAY", "warn")])
def test_the_level_decides_between_fail_and_warn(level: str, verdict: str) -> None:
    """The same violation fails a SHALL and warns of anything less."""
    requirement = msgspec.structs.replace(SHALL, level=cast("Level", level))
    assert judge(requirement, Violation("x", expected=1, actual=2)).value == verdict


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (None, "pass"),
        (Unmet(""), "skip"),
        (NotApplicable(""), "omit"),
        (NeedsReview(""), "review"),
        (Misconfigured(""), "config"),
        (NetworkError(""), "error"),
        (SuiteError(""), "error"),
        (ZeroDivisionError(), "error"),
    ],
)
def test_each_outcome_has_its_verdict(outcome: Exception | None, verdict: str) -> None:
    """What a check could not find out is never a pass nor a fail."""
    assert judge(SHALL, outcome).value == verdict


def test_the_order_names_every_verdict_once() -> None:
    """No verdict is forgotten in the roll-up."""
    assert sorted(ROLL_UP) == sorted(Verdict)


@given(VERDICTS, VERDICTS)
def test_a_group_of_groups_is_the_group_of_all(first: list[Verdict], second: list[Verdict]) -> None:
    """Rolling up in steps says the same as at once, in any order."""
    whole = roll_up([*first, *second])
    assert whole == roll_up([roll_up(part) for part in (second, first) if part])


@given(VERDICTS)
def test_a_group_passes_only_if_nothing_in_it_is_wrong_or_unknown(verdicts: list[Verdict]) -> None:
    """Pass means at least one pass, and beside passes only what does not apply."""
    passes = set(verdicts) <= {Verdict.PASS, Verdict.OMIT} and Verdict.PASS in verdicts
    assert (roll_up(verdicts) is Verdict.PASS) == passes


@given(VERDICTS)
def test_exit_codes(verdicts: list[Verdict]) -> None:
    """1 for failures, whatever else there is; 2 for the suite or the network; 3 for the plan; 0 otherwise."""
    present = set(verdicts)
    expected = (
        1 if Verdict.FAIL in present else 2 if Verdict.ERROR in present else 3 if Verdict.CONFIG in present else 0
    )
    assert exit_code(verdicts) == expected
