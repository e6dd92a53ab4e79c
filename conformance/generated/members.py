"""Members: walks a JSON value beside its schema, and finds the members that a schema says something about."""

from collections.abc import Callable, Iterator
from typing import Any

from conformance.generated.offer import resolved

Schema = dict[str, Any]
Found = tuple[str, Any]
"""Where a member stands (a JSON pointer), and its value."""

DEEP = 12
"""How deep a value is walked; the document's schemas are not that deep. Confidence C."""


def members_where(value: Any, schema: Schema, wanted: Callable[[Schema], bool], place: str = "") -> Iterator[Found]:
    """Members of a value whose schema is as wanted, wherever they stand."""
    seen: set[str] = set()
    for at, found in _walk(value, schema, wanted, place, DEEP):
        if at not in seen:
            seen.add(at)
            yield at, found


def _walk(value: Any, schema: Schema, wanted: Callable[[Schema], bool], place: str, depth: int) -> Iterator[Found]:
    found = resolved(schema)
    if depth == 0:
        return
    if wanted(found):
        yield place or "/", value
    for kind in ("allOf", "anyOf", "oneOf"):
        for part in found.get(kind, ()):
            yield from _walk(value, part, wanted, place, depth - 1)
    if isinstance(value, dict):
        yield from _in_object(value, found, wanted, place, depth)
    elif isinstance(value, list):
        yield from _in_array(value, found, wanted, place, depth)


def _in_object(
    value: dict[str, Any], schema: Schema, wanted: Callable[[Schema], bool], place: str, depth: int
) -> Iterator[Found]:
    known = schema.get("properties", {})
    others = schema.get("additionalProperties")
    for name, member in value.items():
        inner = known.get(name, others)
        if isinstance(inner, dict):
            yield from _walk(member, inner, wanted, f"{place}/{name}", depth - 1)


def _in_array(
    value: list[Any], schema: Schema, wanted: Callable[[Schema], bool], place: str, depth: int
) -> Iterator[Found]:
    first = schema.get("prefixItems", ())
    for number, member in enumerate(value):
        inner = first[number] if number < len(first) else schema.get("items")
        if isinstance(inner, dict):
            yield from _walk(member, inner, wanted, f"{place}/{number}", depth - 1)


def is_instant(schema: Schema) -> bool:
    """Whether a schema is that of a time."""
    return schema.get("format") == "date-time"


def is_point(schema: Schema) -> bool:
    """Whether a schema is that of a GeoJSON point."""
    known = schema.get("properties", {})
    return "coordinates" in known and known.get("type", {}).get("const") == "Point"


def is_municipality(schema: Schema) -> bool:
    """Whether a schema is that of a municipality's code."""
    return schema.get("pattern") == "^[0-9]{6}$"


def is_free_text(schema: Schema) -> bool:
    """Whether a schema is that of a text that somebody writes, and no code, name of a thing or time."""
    plain = schema.get("type") == "string" and not {"enum", "const", "format", "pattern"} & schema.keys()
    return plain and schema.get("maxLength", 0) >= 100


def replaced(value: Any, place: str, new: Any) -> Any:
    """The value with another member at a JSON pointer."""
    if place in ("", "/"):
        return new
    head, _, rest = place.removeprefix("/").partition("/")
    if isinstance(value, list):
        return [replaced(one, rest, new) if str(at) == head else one for at, one in enumerate(value)]
    return {**value, head: replaced(value.get(head), rest, new)}
