"""The checks of some requirements at the right reference, and at each one with a fault that breaks one of them."""

from collections.abc import Iterable

from deviant.switches import FAULTS
from judged_city import judged_city, results_at

from conformance.target import Target
from conformance.verdict import Verdict, roll_up

RIGHT = (Verdict.PASS, Verdict.OMIT)


def broken(*ids: str) -> list[tuple[str, str]]:
    """Each fault that breaks one of the requirements, with that requirement."""
    return [(name, one) for name, fault in sorted(FAULTS.items()) for one in fault.breaks if one in ids]


def wrong_at(target: Target, ids: Iterable[str]) -> dict[str, str]:
    """What is no pass at a target by name, and requirements that no check passed."""
    results = results_at(target, *ids)
    wrong = {one.name: f"{one.verdict.value} {one.message.en}" for one in results if one.verdict not in RIGHT}
    passed = {one.requirement.id for one in results if one.verdict is Verdict.PASS}
    return wrong | {one: "no check passed" for one in ids if one not in passed}


def verdict_with(fault: str, requirement: str) -> str:
    """The verdict of a requirement at the reference with a fault."""
    with judged_city(fault) as target:
        return roll_up(one.verdict for one in results_at(target, requirement)).value
