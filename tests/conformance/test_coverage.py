"""Coverage: each requirement has a check or a reason and an explanation, each module of the Foundation's a place."""

import re

from conformance.check import load_checks
from conformance.contract.requirements import load_requirements
from conformance.coverage import coverage, load_oidf_modules, modules_of
from conformance.explanations import load_explanations

PLANS = {"basic": 38, "config": 1, "dynamic": 23, "rp-initiated-logout": 11, "backchannel-logout": 2}
"""Modules of each certification plan. Source: conformance-suite 5.2.4."""

JAPANESE = re.compile(r"[ぁ-んァ-ン一-龥。]")


def test_every_requirement_has_a_check_or_a_reason() -> None:
    """What is to be checked is checked; the rest says why not."""
    assert [row.requirement.id for row in coverage() if row.is_gap] == []


def test_every_check_judges_a_requirement() -> None:
    """No check is of a requirement that is withdrawn or was never there."""
    known = {one.id for one in load_requirements()}
    assert [one.name for one in load_checks() if one.requirement not in known] == []


def test_every_check_says_what_it_does() -> None:
    """The first line of its docstring is shown to users."""
    assert [one.name for one in load_checks() if not one.summary.endswith(".")] == []


def test_the_modules_are_those_of_the_foundation() -> None:
    """70 distinct modules, each in its plans."""
    modules = load_oidf_modules()
    assert len(modules) == 70
    assert {plan: sum(plan in one.plans for one in modules.values()) for plan in PLANS} == PLANS
    assert all(re.fullmatch(r"oidcc-[A-Za-z0-9-]+", name) for name in modules)


def test_most_modules_are_mapped_and_the_rest_has_a_reason() -> None:
    """At least nine of ten; each other says why."""
    modules = load_oidf_modules()
    mapped = [name for name, one in modules.items() if one.by]
    assert len(mapped) >= 0.9 * len(modules)
    assert [name for name, one in modules.items() if bool(one.by) == (one.reason is not None)] == []


def test_what_modules_are_mapped_to_is_there() -> None:
    """Each name is a check, or a requirement that has one."""
    known = {one.name for one in load_checks()} | {one.requirement for one in load_checks()}
    named = {name for one in load_oidf_modules().values() for name in one.by}
    assert sorted(named - known) == []


def test_modules_are_found_by_requirement() -> None:
    """``explain`` shows them."""
    assert "oidcc-codereuse" in modules_of("OIDC-007")
    assert modules_of("LGW-001") == []


def test_every_judged_requirement_is_explained() -> None:
    """What is sent and expected, why, and where to mend it."""
    judged = {one.requirement for one in load_checks()}
    assert sorted(judged - load_explanations().keys()) == []


def test_explanations_are_in_both_languages() -> None:
    """Each of the four words has an English and a Japanese text."""
    rows = load_explanations().items()
    texts = [(name, text) for name, one in rows for text in (one.sends, one.expects, one.why, one.fix)]
    assert [name for name, text in texts if not text.en.strip() or not JAPANESE.search(text.ja)] == []


def test_explanations_are_of_requirements() -> None:
    """None is left over from a requirement that went."""
    assert sorted(load_explanations().keys() - {one.id for one in load_requirements()}) == []
