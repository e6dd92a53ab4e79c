"""Requirements cover the contract, say what they demand in two languages, and point at what demands it."""

import re
from collections import Counter

import pytest

from conformance.contract.operations import load_operations
from conformance.contract.profiles import load_profiles
from conformance.contract.requirements import Requirement, clause_link, load_requirements, load_sources
from conformance.contract.rules import load_rules

REQUIREMENTS = load_requirements()
NEEDS = {f"N{number}" for number in range(1, 20)}
AREAS = {"OIDC", "REST", "CONS", "DIS", "LGW", "FHIR"}


def test_there_are_enough_and_each_id_is_there_once() -> None:
    """At least 150, in six areas, numbered without gaps (an id is withdrawn, never dropped)."""
    assert len(REQUIREMENTS) >= 150
    numbers: dict[str, list[int]] = {}
    for one in REQUIREMENTS:
        area, _, number = one.id.partition("-")
        assert re.fullmatch(r"[0-9]{3}", number), one.id
        numbers.setdefault(area, []).append(int(number))
    assert set(numbers) == AREAS
    for area, found in numbers.items():
        assert sorted(found) == list(range(1, len(found) + 1)), area


def test_every_operation_is_covered() -> None:
    """Each operation of the contract is spoken of by a requirement, and no requirement speaks of another."""
    spoken = {operation for one in REQUIREMENTS for operation in one.operations}
    assert spoken == {operation.operation_id for operation in load_operations()}


def test_every_need_of_towns_is_covered() -> None:
    """N1 to N19 each have a requirement."""
    assert {covered for one in REQUIREMENTS for covered in one.covers} >= NEEDS


def test_every_rule_is_covered() -> None:
    """Each rule of the contract's sections has a requirement, and no requirement names a rule that is not there."""
    rules = {point.id for rule in load_rules() for point in rule.points}
    sections = {rule.id for rule in load_rules()}
    covered = {name for one in REQUIREMENTS for name in one.covers}
    assert rules - sections <= covered
    assert {name for name in covered if not name.startswith("C8 ")} <= rules | sections | NEEDS


@pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: one.id)
def test_requirement_is_whole(one: Requirement) -> None:
    """It has a known profile, Japanese and English sentences, clauses that resolve, and how it is judged or why not."""
    assert one.profile in load_profiles()
    assert not load_profiles()[one.profile].slot
    assert re.search(r"[ぁ-んァ-ン一-龥]", one.ja)
    assert one.ja.endswith("。")
    assert one.en.endswith(".")
    assert not re.search(r"[ぁ-んァ-ン]", one.en)
    assert one.how.endswith((".", ")"))
    assert one.how_ja.endswith("。") is (one.way != "check")
    assert one.clauses
    for clause in one.clauses:
        assert clause_link(clause).startswith(("https://", "#"))


def test_sources_are_used_and_links_fit() -> None:
    """Every document is cited, and the link of a numbered section holds its number."""
    cited = Counter(clause.partition(" ")[0] for one in REQUIREMENTS for clause in one.clauses)
    assert set(cited) == set(load_sources())
    assert clause_link("RFC9110 8.8.3") == "https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3"
    assert clause_link("OIDCC 3.1.3.7").endswith("openid-connect-core-1_0.html#rfc.section.3.1.3.7")
    with pytest.raises(KeyError):
        clause_link("NOWHERE 1")


def test_public_requirements_are_few_enough_to_review() -> None:
    """What no check judges is the exception, and says why."""
    unjudged = [one for one in REQUIREMENTS if one.way != "check"]
    assert len(unjudged) <= len(REQUIREMENTS) // 20
