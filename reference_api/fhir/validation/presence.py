"""Whether an element is there, in JSON: a primitive one also by what is said about it (``_name``)."""

from collections.abc import Iterator, Mapping
from typing import Any


def has(node: Mapping[str, Any], name: str) -> bool:
    """FHIRPath ``name.exists()``."""
    return name in node or "_" + name in node


def has_choice(node: Mapping[str, Any], name: str) -> bool:
    """FHIRPath ``name.exists()`` of a choice (``value[x]``)."""
    start = len(name)
    for key in node:
        if key.startswith(name) and key[start : start + 1].isupper():
            return True
        if key.startswith("_" + name) and key[start + 1 : start + 2].isupper():
            return True
    return False


def many(node: Mapping[str, Any], name: str) -> list[Any]:
    """The entries of an element that repeats; none if it is not there."""
    found: list[Any] = node.get(name, [])
    return found


def walk(node: Any) -> Iterator[tuple[str, Any]]:
    """All values below a node with the names of their members, in no particular order."""
    waiting: list[tuple[str, Any]] = [("", node)]
    while waiting:
        name, one = waiting.pop()
        if type(one) is dict:
            waiting.extend(one.items())
        elif type(one) is list:
            waiting.extend((name, entry) for entry in one)
        else:
            yield name, one


def are_distinct(values: list[Any]) -> bool:
    """FHIRPath ``isDistinct()``."""
    return len(set(values)) == len(values)
