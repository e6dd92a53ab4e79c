"""Invariants of datatypes and of every element."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from reference_api.fhir.validation.moments import is_not_after
from reference_api.fhir.validation.narrative import has_content, is_harmless
from reference_api.fhir.validation.presence import has, has_choice
from reference_api.fhir.validation.root import Root

_UCUM = "http://unitsofmeasure.org"


def _ele_1(node: Any, _root: Root) -> bool:
    return len(node) > ("id" in node)


def _ext_1(node: Any, _root: Root) -> bool:
    return ("extension" in node) != has_choice(node, "value")


def _ref_1(node: Any, root: Root) -> bool:
    url = node.get("reference", "")
    return not url.startswith("#") or root.contains(url[1:])


def _per_1(node: Any, _root: Root) -> bool:
    start, end = node.get("start"), node.get("end")
    return start is None or end is None or is_not_after(start, end) is not False


def _rng_2(node: Any, _root: Root) -> bool:
    low, high = node.get("low", {}), node.get("high", {})
    if "value" not in low or "value" not in high:
        return True
    is_one_unit = all(low.get(name) == high.get(name) for name in ("system", "code", "unit"))
    return not is_one_unit or bool(low["value"] <= high["value"])


def _rat_1(node: Any, _root: Root) -> bool:
    has_numerator = "numerator" in node
    return has_numerator == ("denominator" in node) and (has_numerator or "extension" in node)


def _att_1(node: Any, _root: Root) -> bool:
    return not has(node, "data") or has(node, "contentType")


def _cpt_2(node: Any, _root: Root) -> bool:
    return not has(node, "value") or has(node, "system")


def _qty_3(node: Any, _root: Root) -> bool:
    return not has(node, "code") or has(node, "system")


def _sqty_1(node: Any, _root: Root) -> bool:
    return not has(node, "comparator")


def _is_ucum(node: Any) -> bool:
    return bool(node.get("system", _UCUM) == _UCUM)


def _dis_1(node: Any, _root: Root) -> bool:
    return (has(node, "code") or not has(node, "value")) and _is_ucum(node)


def _age_1(node: Any, root: Root) -> bool:
    return _dis_1(node, root) and ("value" not in node or node["value"] > 0)


def _cnt_3(node: Any, root: Root) -> bool:
    return _dis_1(node, root) and node.get("code", "1") == "1" and "." not in str(node.get("value", ""))


def _drt_1(node: Any, _root: Root) -> bool:
    return not has(node, "code") or (_is_ucum(node) and has(node, "value"))


def _exp_1(node: Any, _root: Root) -> bool:
    return has(node, "expression") or has(node, "reference")


def _drq(node: Any, _root: Root) -> bool:
    return has(node, "path") != has(node, "searchParam")


def _trd_1(node: Any, _root: Root) -> bool:
    return "data" not in node or not has_choice(node, "timing")


def _trd_2(node: Any, _root: Root) -> bool:
    return "condition" not in node or "data" in node


def _trd_3(node: Any, _root: Root) -> bool:
    kind = node.get("type", "")
    if kind == "named-event":
        return has(node, "name")
    if kind == "periodic":
        return has_choice(node, "timing")
    return not kind.startswith("data-") or "data" in node


def _txt_1(node: Any, _root: Root) -> bool:
    return is_harmless(node)


def _txt_2(node: Any, _root: Root) -> bool:
    return has_content(node)


PREDICATES: Mapping[str, Callable[[Any, Root], bool]] = MappingProxyType(
    {
        "age-1": _age_1,
        "att-1": _att_1,
        "cnt-3": _cnt_3,
        "cpt-2": _cpt_2,
        "dis-1": _dis_1,
        "drq-1": _drq,
        "drq-2": _drq,
        "drt-1": _drt_1,
        "ele-1": _ele_1,
        "exp-1": _exp_1,
        "ext-1": _ext_1,
        "per-1": _per_1,
        "qty-3": _qty_3,
        "rat-1": _rat_1,
        "ref-1": _ref_1,
        "rng-2": _rng_2,
        "sqty-1": _sqty_1,
        "trd-1": _trd_1,
        "trd-2": _trd_2,
        "trd-3": _trd_3,
        "txt-1": _txt_1,
        "txt-2": _txt_2,
    }
)
