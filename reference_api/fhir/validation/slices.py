"""Slices of a profile: which entries of a list belong to one, told by the values that it fixes at some paths."""

from collections.abc import Callable
from typing import Any

from conformance.contract.fhir.tables import Rule

Matches = Callable[[Any], bool]


def matcher(by: tuple[str, ...], rule: Rule) -> Matches:
    """Whether an entry has, at every path of ``by``, a value that the slice ``rule`` fixes there."""
    wanted = [pair for path in by for pair in _fixed_at(_parts(path), rule)]
    return _both([_reaching(parts, value) for parts, value in wanted])


def _both(tests: list[Matches]) -> Matches:
    if len(tests) == 1:
        return tests[0]
    first, others = tests[0], _both(tests[1:])
    return lambda item: first(item) and others(item)


def described(by: tuple[str, ...], rule: Rule) -> str:
    """The values that tell a slice, such as ``coding.code = vital-signs``."""
    wanted = [pair for path in by for pair in _fixed_at(_parts(path), rule)]
    return " and ".join(f"{'.'.join(parts) or '$this'} = {value}" for parts, value in wanted)


def _parts(path: str) -> tuple[str, ...]:
    return () if path == "$this" else tuple(path.split("."))


def _fixed_at(parts: tuple[str, ...], rule: Rule) -> list[tuple[tuple[str, ...], Any]]:
    node = rule
    for depth, name in enumerate(parts):
        if name not in node.elements:
            return _fixed_in_slices(parts, depth, node)
        node = node.elements[name]
        if node.slices and depth + 1 < len(parts):
            return _fixed_in_slices(parts, depth + 1, node)
    return _fixed_below(parts, node)


def _fixed_in_slices(parts: tuple[str, ...], depth: int, node: Rule) -> list[tuple[tuple[str, ...], Any]]:
    """A path through a sliced element (``code.coding.code`` of a component): what its required slices fix."""
    rest = parts[depth:]
    found = [pair for part in node.slices.values() if part.min for pair in _fixed_at(rest, part)]
    return [((*parts[:depth], *below), value) for below, value in found]


def _fixed_below(parts: tuple[str, ...], node: Rule) -> list[tuple[tuple[str, ...], Any]]:
    own = [(parts, node.fixed)] if node.fixed is not None else []
    return own + [pair for name, child in node.elements.items() for pair in _fixed_below((*parts, name), child)]


def _reaching(parts: tuple[str, ...], wanted: Any) -> Matches:
    """Whether one of the values at a path is the wanted one."""
    if not parts:
        return lambda value: bool(value == wanted)
    name, then = parts[0], _reaching(parts[1:], wanted)

    def matches(value: Any) -> bool:
        found = value.get(name) if type(value) is dict else None
        if type(found) is not list:
            return found is not None and then(found)
        for one in found:  # noqa: SIM110 - any() of a generator takes twice the time
            if then(one):
                return True
        return False

    return matches
