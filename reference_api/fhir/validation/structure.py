"""The R4 types as checks of JSON: members, cardinality, primitive rules, required bindings, invariants.

Each type is compiled into a plan, all at the first need; plans are known by name, since types nest in themselves
(Extension in Extension, Identifier in Reference in Identifier).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from conformance.contract.fhir.tables import Element, Types, load_types
from reference_api.fhir.validation.finding import Check, Finding, Findings, added, has_error, placed, structure
from reference_api.fhir.validation.invariants import Predicate, finding_of, predicates_of
from reference_api.fhir.validation.issue import EXTENSION, NOT_SUPPORTED, REQUIRED, STRUCTURE, WARNING
from reference_api.fhir.validation.leaves import leaf
from reference_api.fhir.validation.lists import list_of, primitives
from reference_api.fhir.validation.profiles import broken_profiles, extension_rule
from reference_api.fhir.validation.references import reference_to, resource_types
from reference_api.fhir.validation.root import Root

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}", re.ASCII)


class Plan:
    """How an object of one type is checked.

    ``members`` has the check of each JSON member; ``places`` its FHIRPath; ``required`` the members of which one must
    be there; ``choices`` the members of which no two types may be there.
    """

    __slots__ = ("choices", "invariants", "members", "name", "places", "required")

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[str, Check] = {}
        self.places: dict[str, str] = {}
        self.required: list[tuple[str, tuple[str, ...]]] = []
        self.choices: list[tuple[str, frozenset[str]]] = []
        self.invariants: list[tuple[str, Predicate]] = []

    def check(self, value: Any, _owner: Any, root: Root) -> Findings:
        """What is wrong with a value that should be of this type."""
        if type(value) is not dict:
            return structure(f"This is an object of type {self.name}")
        found: Findings = None
        members = self.members
        for name, item in value.items():
            check = members.get(name)
            if check is None:
                found = added(found, self._unknown(name))
            elif more := check(item, value, root):
                found = placed(found, more, self.places[name])
        found = self._incomplete(value, found)
        if found is not None and has_error(found):
            return found
        for key, holds in self.invariants:
            if not holds(value, root):
                found = added(found, finding_of(key))
        return found

    def _unknown(self, name: str) -> Finding:
        return Finding(STRUCTURE, f"{self.name} has no such element", "." + name if _NAME.fullmatch(name) else "")

    def _incomplete(self, value: dict[str, Any], found: Findings) -> Findings:
        for place, names in self.required:
            if names[0] not in value and not any(name in value for name in names):
                found = added(found, Finding(REQUIRED, "This element is required", place))
        for place, names_of_types in self.choices:
            if len({name.lstrip("_") for name in names_of_types.intersection(value)}) > 1:
                found = added(found, Finding(STRUCTURE, "A choice has a value of one type only", place))
        return found


def check_resource(value: Any, root: Root, profiles: Sequence[str] = ()) -> Findings:
    """What is wrong with a resource: as of its type first, then as of its profiles.

    ``root`` is the resource itself, or the one that contains it.
    """
    name = value.get("resourceType") if type(value) is dict else None
    if type(name) is not str:
        return [Finding(REQUIRED, "A resource names its type", ".resourceType")]
    plan = _plans().get(name)
    if plan is None or "resourceType" not in plan.members:
        return [_unknown_type(name, is_root=value is root.resource)]
    found = plan.check(value, None, root)
    if found is not None and has_error(found):
        return found
    return placed(found, broken_profiles(value, root, profiles), "")


def _unknown_type(name: str, *, is_root: bool) -> Finding:
    if name not in resource_types():
        return Finding(STRUCTURE, "R4 has no such resource type", ".resourceType")
    if is_root:
        return Finding(NOT_SUPPORTED, "The contract has no tables of this resource type", ".resourceType")
    return Finding(NOT_SUPPORTED, "Not checked: the contract has no tables of this resource type", "", WARNING)


@cache
def _plans() -> Mapping[str, Plan]:
    tables = load_types()
    plans = {name: Plan(name) for name in tables.types}
    for name, plan in plans.items():
        _fill(plan, tables, plans)
        if tables.types[name].resource:
            plan.members["resourceType"] = lambda _value, _owner, _root: None
    return plans


def _fill(plan: Plan, tables: Types, plans: Mapping[str, Plan]) -> None:
    for name, element in _all_elements(tables, plan.name).items():
        title = name.removesuffix("[x]")
        names = [json_name for kind in element.types for json_name in _json_names(tables, name, kind)]
        for kind in element.types:
            _add_members(plan, tables, plans, (name, element, kind))
        plan.places.update(dict.fromkeys(names, "." + title))
        if element.min:
            plan.required.append(("." + title, tuple(names)))
        if name != title:
            plan.choices.append(("." + title, frozenset(names)))
    keys = [key for type_name in _line(tables, plan.name) for key in tables.types[type_name].invariants]
    plan.invariants = predicates_of(keys)


def _line(tables: Types, name: str) -> Iterator[str]:
    """The type and what it is derived from, the root first."""
    base = tables.types[name].base
    if base is not None:
        yield from _line(tables, base)
    yield name


def _all_elements(tables: Types, name: str) -> dict[str, Element]:
    elements: dict[str, Element] = {}
    for type_name in _line(tables, name):
        elements.update(tables.types[type_name].elements)
    return elements


def _json_names(tables: Types, name: str, kind: str) -> tuple[str, ...]:
    title = name.removesuffix("[x]")
    if title != name:
        stands_for = kind if kind in tables.primitives else tables.types[kind].stands_for or kind
        title += stands_for[0].upper() + stands_for[1:]
    return (title, "_" + title) if kind in tables.primitives else (title,)


def _add_members(plan: Plan, tables: Types, plans: Mapping[str, Plan], member: tuple[str, Element, str]) -> None:
    name, element, kind = member
    title = _json_names(tables, name, kind)[0]
    if kind not in tables.primitives:
        one = _object_check(plans, name, element, kind)
        plan.members[title] = one if element.max == 1 else list_of(one, element.max)
        return
    one, about = leaf(kind, element), plans["Element"].check
    plan.members[title] = one if element.max == 1 else primitives("_" + title, one, element.max)
    # R4 gives no extensions to ids, to the URL of an extension, and to XHTML.
    if name != "id" and kind != "xhtml" and (plan.name, name) != ("Extension", "url"):
        plan.members["_" + title] = about if element.max == 1 else primitives(title, about, element.max)


def _object_check(plans: Mapping[str, Plan], name: str, element: Element, kind: str) -> Check:
    if kind == "Resource":
        return _contained if name == "contained" else _entry
    check: Check = plans[kind].check
    if kind == "Extension":
        check = _modifier_extension(check) if name == "modifierExtension" else _extension(check)
    if kind == "Reference" and element.targets:
        check = reference_to(element.targets, check)
    return _with_invariants(check, element.invariants) if element.invariants else check


def _contained(value: Any, _owner: Any, root: Root) -> Findings:
    return check_resource(value, root)


def _entry(value: Any, _owner: Any, _root: Root) -> Findings:
    return check_resource(value, Root(value))


def _extension(check: Check) -> Check:
    def checked(value: Any, owner: Any, root: Root) -> Findings:
        found = check(value, owner, root)
        if found:
            return found
        rule = extension_rule(value["url"])
        return rule(value, root) if rule else None

    return checked


def _modifier_extension(check: Check) -> Check:
    """An extension that changes the meaning of its element: whoever does not know it must not take the resource."""

    def checked(value: Any, owner: Any, root: Root) -> Findings:
        found = check(value, owner, root)
        return found or [Finding(EXTENSION, "The contract has no modifier extension of this URL", ".url")]

    return checked


def _with_invariants(check: Check, keys: Sequence[str]) -> Check:
    predicates = predicates_of(keys)

    def checked(value: Any, owner: Any, root: Root) -> Findings:
        if found := check(value, owner, root):
            return found
        return [finding_of(key) for key, holds in predicates if not holds(value, root)]

    return checked
