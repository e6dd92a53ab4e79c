"""Form: whether a resource's members are lists, objects and plain values as R4's types say; not what they hold."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.fhir.tables import Element, load_types


def faults_of_form(resource: object) -> Iterator[str]:
    """Members of a resource that have another form than R4 gives them, each with its place."""
    if not isinstance(resource, Mapping) or not isinstance(resource.get("resourceType"), str):
        yield "no resource"
        return
    yield from _faults(resource, str(resource["resourceType"]), str(resource["resourceType"]))


def _faults(table: Mapping[str, Any], kind: str, place: str) -> Iterator[str]:
    for name, value in table.items():
        found = _element(kind, name)
        if found is not None:
            yield from _member_faults(value, *found, f"{place}.{name}")


def _member_faults(value: Any, element: Element, kind: str, place: str) -> Iterator[str]:
    if isinstance(value, list) != (element.max is None):
        wanted = "a list" if element.max is None else "one value"
        yield f"{place}: expected {wanted}, got {str(value)[:120]}"
        return
    for number, one in enumerate(value if isinstance(value, list) else [value]):
        here = f"{place}[{number}]" if isinstance(value, list) else place
        is_plain = kind in load_types().primitives
        if one is None or (isinstance(one, dict | list) if is_plain else not isinstance(one, dict)):
            yield f"{here}: expected {'a plain value' if is_plain else 'an object'}, got {str(one)[:120]}"
        elif isinstance(one, dict):
            inner = one.get("resourceType") if "resourceType" in one else kind
            yield from _faults(one, str(inner), here)


def _element(kind: str, name: str) -> tuple[Element, str] | None:
    """An element of a type and the type of its value; None where the tables do not know it."""
    types = load_types().types
    while kind in types:
        for known, element in types[kind].elements.items():
            if known == name and len(element.types) == 1:
                return element, element.types[0]
            for one in element.types if known.endswith("[x]") else ():
                if name == known.removesuffix("[x]") + one[0].upper() + one[1:]:
                    return element, one
        kind = types[kind].base or ""
    return None
