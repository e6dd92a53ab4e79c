"""Invariants of Bundle."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from reference_api.fhir.validation.presence import are_distinct, has, many
from reference_api.fhir.validation.root import Root

_REQUESTS = frozenset(("batch", "transaction", "history"))
_RESPONSES = frozenset(("batch-response", "transaction-response", "history"))


def _bdl_1(node: Any, _root: Root) -> bool:
    return not has(node, "total") or node.get("type") in ("searchset", "history")


def _bdl_2(node: Any, _root: Root) -> bool:
    return node.get("type") == "searchset" or not any("search" in one for one in many(node, "entry"))


def _bdl_3(node: Any, _root: Root) -> bool:
    return all(("request" in one) == (node.get("type") in _REQUESTS) for one in many(node, "entry"))


def _bdl_4(node: Any, _root: Root) -> bool:
    return all(("response" in one) == (node.get("type") in _RESPONSES) for one in many(node, "entry"))


def _bdl_5(node: Any, _root: Root) -> bool:
    return "resource" in node or "request" in node or "response" in node


def _bdl_7(node: Any, _root: Root) -> bool:
    named = [one for one in many(node, "entry") if "fullUrl" in one]
    return node.get("type") == "history" or are_distinct([one["fullUrl"] + _version(one) for one in named])


def _version(entry: Any) -> str:
    """Of an entry whose resource may be of a type that is not checked."""
    meta = entry.get("resource", {}).get("meta")
    found = meta.get("versionId") if isinstance(meta, dict) else None
    return found if isinstance(found, str) else ""


def _bdl_8(node: Any, _root: Root) -> bool:
    return "/_history/" not in node.get("fullUrl", "")


def _bdl_9(node: Any, _root: Root) -> bool:
    identifier = node.get("identifier", {})
    return node.get("type") != "document" or (has(identifier, "system") and has(identifier, "value"))


def _bdl_10(node: Any, _root: Root) -> bool:
    return node.get("type") != "document" or "timestamp" in node


def _starts_with(kind: str, resource_type: str) -> Callable[[Any, Root], bool]:
    """``type = kind implies entry.first().resource.is(resource_type)``."""

    def holds(node: Any, _root: Root) -> bool:
        entries = many(node, "entry")
        first = entries[0].get("resource") if entries else None
        return node.get("type") != kind or first is None or first.get("resourceType") == resource_type

    return holds


PREDICATES: Mapping[str, Callable[[Any, Root], bool]] = MappingProxyType(
    {
        "bdl-1": _bdl_1,
        "bdl-2": _bdl_2,
        "bdl-3": _bdl_3,
        "bdl-4": _bdl_4,
        "bdl-5": _bdl_5,
        "bdl-7": _bdl_7,
        "bdl-8": _bdl_8,
        "bdl-9": _bdl_9,
        "bdl-10": _bdl_10,
        "bdl-11": _starts_with("document", "Composition"),
        "bdl-12": _starts_with("message", "MessageHeader"),
    }
)
