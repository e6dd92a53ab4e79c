"""Invariants of resources and their backbone elements, and of the profile of vital signs."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from conformance.contract.fhir.tables import load_types
from reference_api.fhir.validation.presence import are_distinct, has, has_choice, many, walk
from reference_api.fhir.validation.root import Root

_SORTED = msgspec.json.Encoder(order="sorted")
_COMPUTER_NAME = re.compile(r"[A-Z][A-Za-z0-9_]{0,254}", re.ASCII)


def _dom_2(node: Any, _root: Root) -> bool:
    return "contained" not in node or not any("contained" in one for one in node["contained"])


def _dom_3(node: Any, _root: Root) -> bool:
    if "contained" not in node:
        return True
    named = {text for name, text in walk(node) if type(text) is str and name in _pointing_members()}
    return all("#" + one["id"] in named or _points_out(one) for one in node["contained"] if "id" in one)


@cache
def _pointing_members() -> frozenset[str]:
    """Members that may name a contained resource: of a Reference, and of the types canonical, uri and url."""
    kinds = {"canonical", "uri", "url"}
    elements = [pair for table in load_types().types.values() for pair in table.elements.items()]
    named = {title.removesuffix("[x]"): kinds.intersection(row.types) for title, row in elements}
    choices = {title + kind[0].upper() + kind[1:] for title, found in named.items() for kind in found}
    return frozenset({"reference", *choices, *(title for title, found in named.items() if found)})


def _points_out(contained: Any) -> bool:
    """Whether a contained resource refers to its container."""
    return any(text == "#" for _, text in walk(contained) if type(text) is str)


def _dom_4(node: Any, _root: Root) -> bool:
    return not _contained_meta_has(node, "versionId") and not _contained_meta_has(node, "lastUpdated")


def _dom_5(node: Any, _root: Root) -> bool:
    return not _contained_meta_has(node, "security")


def _contained_meta_has(node: Any, name: str) -> bool:
    metas = [one["meta"] for one in node.get("contained", ()) if type(one.get("meta")) is dict]
    return any(has(meta, name) for meta in metas)


def _obs_3(node: Any, _root: Root) -> bool:
    return has(node, "low") or has(node, "high") or has(node, "text")


def _obs_6(node: Any, _root: Root) -> bool:
    return "dataAbsentReason" not in node or not has_choice(node, "value")


def _obs_7(node: Any, _root: Root) -> bool:
    if "component" not in node or not has_choice(node, "value"):
        return True
    codings = {_compared(coding) for coding in many(node["code"], "coding")}
    parts = (coding for one in node["component"] for coding in many(one["code"], "coding"))
    return not any(_compared(coding) in codings for coding in parts)


def _compared(coding: Any) -> bytes:
    """A value that is equal for equal codings, whatever the order of their members."""
    return _SORTED.encode(coding)


def _vs_1(node: Any, _root: Root) -> bool:
    return type(node) is not str or len(node) >= 8


def _vs_2(node: Any, root: Root) -> bool:
    return "component" in node or "hasMember" in node or _vs_3(node, root)


def _vs_3(node: Any, _root: Root) -> bool:
    return "dataAbsentReason" in node or has_choice(node, "value")


def _pat_1(node: Any, _root: Root) -> bool:
    return any(name in node for name in ("name", "telecom", "address", "organization"))


def _org_1(node: Any, _root: Root) -> bool:
    return "identifier" in node or has(node, "name")


def _is_not_home(node: Any, _root: Root) -> bool:
    return bool(node.get("use") != "home")


def _ppc_1(node: Any, _root: Root) -> bool:
    return "policy" in node or "policyRule" in node


def _ppc(code: str) -> Callable[[Any, Root], bool]:
    """The expressions compare with the system ``something``, as they were published."""

    def holds(node: Any, _root: Root) -> bool:
        codings = many(node["scope"], "coding")
        return "patient" in node or ("something", code) not in [(one.get("system"), one.get("code")) for one in codings]

    return holds


def _cpb_0(node: Any, _root: Root) -> bool:
    return "name" not in node or _COMPUTER_NAME.fullmatch(node["name"]) is not None


def _cpb_1(node: Any, _root: Root) -> bool:
    return "rest" in node or "messaging" in node or "document" in node


def _cpb_2(node: Any, _root: Root) -> bool:
    return has(node, "description") or "software" in node or "implementation" in node


def _cpb_3(node: Any, _root: Root) -> bool:
    return node.get("kind", "instance") == "instance" or not any("endpoint" in one for one in many(node, "messaging"))


def _cpb_7(node: Any, _root: Root) -> bool:
    return are_distinct(
        [one["profile"] + one["mode"] for one in many(node, "document") if {"profile", "mode"} <= one.keys()]
    )


def _cpb_9(node: Any, _root: Root) -> bool:
    return are_distinct([one["type"] for one in many(node, "resource") if "type" in one])


def _cpb_12(node: Any, _root: Root) -> bool:
    return are_distinct([one["name"] for one in many(node, "searchParam") if "name" in one])


def _cpb_14(node: Any, _root: Root) -> bool:
    return node.get("kind") != "instance" or "implementation" in node


def _cpb_15(node: Any, _root: Root) -> bool:
    return node.get("kind") != "capability" or ("implementation" not in node and "software" in node)


def _cpb_16(node: Any, _root: Root) -> bool:
    return node.get("kind") != "requirements" or ("implementation" not in node and "software" not in node)


PREDICATES: Mapping[str, Callable[[Any, Root], bool]] = MappingProxyType(
    {
        "cpb-0": _cpb_0,
        "cpb-1": _cpb_1,
        "cpb-2": _cpb_2,
        "cpb-3": _cpb_3,
        "cpb-7": _cpb_7,
        "cpb-9": _cpb_9,
        "cpb-12": _cpb_12,
        "cpb-14": _cpb_14,
        "cpb-15": _cpb_15,
        "cpb-16": _cpb_16,
        "dom-2": _dom_2,
        "dom-3": _dom_3,
        "dom-4": _dom_4,
        "dom-5": _dom_5,
        "obs-3": _obs_3,
        "obs-6": _obs_6,
        "obs-7": _obs_7,
        "org-1": _org_1,
        "org-2": _is_not_home,
        "org-3": _is_not_home,
        "pat-1": _pat_1,
        "ppc-1": _ppc_1,
        "ppc-2": _ppc("patient-privacy"),
        "ppc-3": _ppc("research"),
        "ppc-4": _ppc("adr"),
        "ppc-5": _ppc("treatment"),
        "vs-1": _vs_1,
        "vs-2": _vs_2,
        "vs-3": _vs_3,
    }
)
