"""The lifelog items, read from ``lifelog.toml``, and Observations made of them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

Coding = dict[str, str]


@dataclass(frozen=True, slots=True)
class Component:
    """A part of an item that is measured together with others (blood pressure)."""

    ja: str
    en: str
    codes: tuple[Coding, ...]


@dataclass(frozen=True, slots=True)
class LifelogItem:
    """One item; ``units`` are UCUM codes, the usual one first; ``specimen`` is of a laboratory result."""

    ja: str
    en: str
    profiles: tuple[str, ...]
    categories: tuple[Coding, ...]
    codes: tuple[Coding, ...]
    units: tuple[str, ...]
    unit_text: str
    specimen: str | None
    components: Mapping[str, Component]


@cache
def load_lifelog() -> Mapping[str, LifelogItem]:
    """The eight items by key, such as ``body-height``."""
    data = tomllib.loads(files("conformance.contract.fhir").joinpath("lifelog.toml").read_text(encoding="utf-8"))
    return MappingProxyType({key: _item(row, data) for key, row in data["items"].items()})


def observation(key: str, values: Mapping[str, Any], *, subject: str, effective: str) -> dict[str, Any]:
    """An Observation that keeps every profile of the item.

    ``values`` are numbers by component, or one number under ``value``, in the item's usual unit; ``subject`` is a
    reference such as ``Patient/1``; ``effective`` is a FHIR dateTime.

    Raises:
        KeyError: there is no such item, or a component has no value.
    """
    item = load_lifelog()[key]
    resource: dict[str, Any] = {"resourceType": "Observation", "meta": {"profile": list(item.profiles)}}
    if item.specimen is not None:
        resource["contained"] = [{"resourceType": "Specimen", "id": "specimen", "type": {"text": item.specimen}}]
    resource |= {
        "status": "final",
        "category": [{"coding": [dict(category)]} for category in item.categories],
        "code": _concept(item.codes, item.ja),
        "subject": {"reference": subject},
        "effectiveDateTime": effective,
    }
    if item.specimen is not None:
        resource["specimen"] = {"reference": "#specimen"}
    if not item.components:
        return {**resource, "valueQuantity": _quantity(item, values["value"])}
    parts = item.components.items()
    return {**resource, "component": [_component(item, part, values[name]) for name, part in parts]}


def _component(item: LifelogItem, part: Component, value: Any) -> dict[str, Any]:
    return {"code": _concept(part.codes, part.ja), "valueQuantity": _quantity(item, value)}


def _concept(codes: tuple[Coding, ...], text: str) -> dict[str, Any]:
    return {"coding": [dict(code) for code in codes], "text": text}


def _quantity(item: LifelogItem, value: Any) -> dict[str, Any]:
    return {"value": value, "unit": item.unit_text, "system": "http://unitsofmeasure.org", "code": item.units[0]}


def _item(row: Mapping[str, Any], data: Mapping[str, Any]) -> LifelogItem:
    parts = row.get("components", {})
    return LifelogItem(
        ja=row["ja"],
        en=row["en"],
        profiles=tuple(data["profiles"][name] for name in row["profiles"]),
        categories=_codings(row["categories"], data),
        codes=_codings(row["codes"], data),
        units=tuple(row["units"]),
        unit_text=row["unit_text"],
        specimen=row.get("specimen"),
        components=MappingProxyType(
            {name: Component(part["ja"], part["en"], _codings(part["codes"], data)) for name, part in parts.items()}
        ),
    )


def _codings(rows: list[str], data: Mapping[str, Any]) -> tuple[Coding, ...]:
    pairs = (row.split(" ", 1) for row in rows)
    return tuple({"system": data["systems"][system], "code": code} for system, code in pairs)
