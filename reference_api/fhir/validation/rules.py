"""The rules of a profile as checks of sound JSON of its type.

Every rule is compiled once. A rule of an item gets ``(item, root)``; a rule of a member gets the object that has it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conformance.contract.fhir.tables import Rule
from reference_api.fhir.validation.finding import Finding, Findings, placed
from reference_api.fhir.validation.invariants import finding_of, predicates_of
from reference_api.fhir.validation.issue import CODE_INVALID, REQUIRED, STRUCTURE, VALUE
from reference_api.fhir.validation.references import points_to
from reference_api.fhir.validation.root import Root
from reference_api.fhir.validation.slices import described, matcher
from reference_api.fhir.validation.terminology import member_of

ItemRule = Callable[[Any, Root], Findings]
ProfileRule = Callable[[str], ItemRule | None]
"""Gives the rule of another profile by its URL."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles rules; ``profile_rule`` finds the profiles that they name, ``label`` names the profile in findings."""

    profile_rule: ProfileRule
    label: str

    def item(self, rule: Rule) -> ItemRule | None:
        """The check of one value, or None if the rule demands nothing of it."""
        tests = [test for test in (self._values(rule), self._coded(rule), self._pointing(rule)) if test]
        tests += [self._member(name, child) for name, child in rule.elements.items()]
        tests += self._invariants(rule)
        tests += [self._profiled(rule)] if rule.profiles else []
        return _all_of(tests) if tests else None

    def finding(self, code: str, details: str) -> Finding:
        """A finding that names the profile."""
        return Finding(code, f"{self.label}: {details}")

    def _values(self, rule: Rule) -> ItemRule | None:
        wanted = rule.fixed
        if wanted is None:
            return None
        return lambda item, _root: None if item == wanted else [self.finding(VALUE, f"this is {wanted}")]

    def _coded(self, rule: Rule) -> ItemRule | None:
        holds = member_of(rule.binding) if rule.binding else None
        if holds is None:
            return None
        details = f"the code is of the value set {rule.binding}"
        return lambda item, _root: None if holds(item) else [self.finding(CODE_INVALID, details)]

    def _pointing(self, rule: Rule) -> ItemRule | None:
        if not rule.targets:
            return None
        names, details = frozenset(rule.targets), f"this reference is to one of: {', '.join(rule.targets)}"

        def checked(item: Any, root: Root) -> Findings:
            is_reference = type(item) is dict and "reference" in item
            return None if not is_reference or points_to(item, root, names) else [self.finding(STRUCTURE, details)]

        return checked

    def _invariants(self, rule: Rule) -> list[ItemRule]:
        def test(key: str, holds: Callable[[Any, Root], bool]) -> ItemRule:
            return lambda item, root: None if holds(item, root) else [finding_of(key)]

        return [test(key, holds) for key, holds in predicates_of(rule.invariants)]

    def _profiled(self, rule: Rule) -> ItemRule:
        """The profiles of datatypes; which of a choice's types a value has is told by the member rule."""
        found = [self.profile_rule(url) for url in rule.profiles.values()]
        return _all_of([one for one in found if one])

    def _member(self, name: str, rule: Rule) -> ItemRule:
        if name.endswith("[x]"):
            return self._choice(name.removesuffix("[x]"), rule)
        place, check, slices = "." + (rule.choice or name), self.item(rule), self._slices(rule)

        def checked(owner: Any, root: Root) -> Findings:
            value = owner.get(name)
            items = value if type(value) is list else () if value is None else (value,)
            found = self._counted(rule, len(items) or ("_" + name in owner), place)
            if check is not None:
                for index, item in enumerate(items):
                    if item is not None and (more := check(item, root)):
                        found = placed(found, more, f"{place}[{index}]" if type(value) is list else place)
            return placed(found, slices(items, root), place) if slices else found

        return checked

    def _counted(self, rule: Rule, count: int, place: str) -> Findings:
        if count < rule.min:
            return [self.finding(REQUIRED, f"at least {rule.min} of this element").under(place)]
        if rule.max is not None and count > rule.max:
            return [self.finding(STRUCTURE, f"at most {rule.max} of this element").under(place)]
        return None

    def _choice(self, title: str, rule: Rule) -> ItemRule:
        place, start = "." + title, len(title)
        allowed = frozenset(title + kind[0].upper() + kind[1:] for kind in rule.types)
        check, profiles = self.item(_without_profiles(rule)), self._by_member(title, rule)

        def checked(owner: Any, root: Root) -> Findings:
            for name in owner:
                if name.startswith(title) and name[start : start + 1].isupper():
                    break
            else:
                return self._counted(rule, int(any(key.startswith("_" + title) for key in owner)), place)
            if allowed and name not in allowed:
                return [self.finding(STRUCTURE, f"a value of type {', '.join(rule.types)}").under(place)]
            found = placed(None, check(owner[name], root), place) if check else None
            profiled = profiles.get(name)
            return placed(found, profiled(owner[name], root), place) if profiled else found

        return checked

    def _by_member(self, title: str, rule: Rule) -> dict[str, ItemRule]:
        found = {title + kind[0].upper() + kind[1:]: self.profile_rule(url) for kind, url in rule.profiles.items()}
        return {name: check for name, check in found.items() if check}

    def _slices(self, rule: Rule) -> ItemRule | None:
        """The check of all entries of a list against the slices; None where there are none."""
        if rule.slicing is None or not rule.slices:
            return None
        parts = [_Slice(self, name, rule.slicing.by, part) for name, part in rule.slices.items()]

        def checked(items: Any, root: Root) -> Findings:
            found: Findings = None
            counts = dict.fromkeys(rule.slices, 0)
            for index, item in enumerate(items):
                for part in parts:
                    if part.matches(item):
                        counts[part.name] += 1
                        more = part.check(item, root) if part.check else None
                        found = placed(found, more, f"[{index}]") if more else found
                        break
            for part in parts:
                found = placed(found, part.counted(counts[part.name]), "")
            return found

        return checked


class _Slice:
    """One slice: which entries are of it, how many there may be, what is demanded of each."""

    __slots__ = ("check", "compiler", "matches", "name", "rule", "told_by")

    def __init__(self, compiler: Compiler, name: str, by: tuple[str, ...], rule: Rule) -> None:
        self.compiler = compiler
        self.name = name
        self.rule = rule
        self.matches = matcher(by, rule)
        self.told_by = described(by, rule)
        self.check = compiler.item(rule)

    def counted(self, count: int) -> Findings:
        """Whether there are as many entries as the slice allows."""
        if count < self.rule.min:
            return [
                self.compiler.finding(REQUIRED, f"at least {self.rule.min} with {self.told_by} (slice {self.name})")
            ]
        if self.rule.max is not None and count > self.rule.max:
            return [
                self.compiler.finding(STRUCTURE, f"at most {self.rule.max} with {self.told_by} (slice {self.name})")
            ]
        return None


def _all_of(tests: list[ItemRule]) -> ItemRule:
    if len(tests) == 1:
        return tests[0]

    def checked(item: Any, root: Root) -> Findings:
        found: Findings = None
        for test in tests:
            more = test(item, root)
            if more:
                found = placed(found, more, "")
        return found

    return checked


def _without_profiles(rule: Rule) -> Rule:
    return Rule(
        fixed=rule.fixed,
        targets=rule.targets,
        binding=rule.binding,
        invariants=rule.invariants,
        elements=rule.elements,
    )
