"""Tables of profiles from their differentials: what each demands beyond its parent, as a tree of rules."""

from collections.abc import Iterable
from typing import Any

from conformance.contract.fhir.generation.packages import STRUCTURES, Definitions
from conformance.contract.fhir.generation.types import Table, invariant

_JP = "http://jpfhir.jp/fhir/core/StructureDefinition/"

PROFILES = (
    *(
        STRUCTURES + name
        for name in ("vitalsigns", "bodyheight", "bodyweight", "bp", "bodytemp", "oxygensat", "resprate", "heartrate")
    ),
    *(
        _JP + name
        for name in (
            "JP_Patient",
            "JP_Observation_VitalSigns",
            "JP_Observation_BodyMeasurement",
            "JP_Observation_LabResult",
            "JP_DiagnosticReport_LabResult",
            "JP_MedicationRequest",
            "JP_MedicationStatement",
            "JP_Consent",
        )
    ),
    STRUCTURES + "data-absent-reason",
)
"""The contract's profiles; those that they rest on come with them."""


def tables(definitions: Definitions) -> dict[str, dict[str, Table]]:
    """Tables of the profiles and of every profile and extension that they name, and the invariants they add."""
    profiles: dict[str, Table] = {}
    invariants: dict[str, Table] = {}
    waiting = list(PROFILES)
    while waiting:
        url = waiting.pop()
        if url in profiles or url not in definitions.resources:
            continue
        profiles[url] = _table(definitions, url)
        invariants.update(_invariants(definitions, url))
        waiting += [profiles[url].get("base", ""), *sorted(_named(profiles[url]["rules"]))]
    return {"profiles": dict(sorted(profiles.items())), "invariants": dict(sorted(invariants.items()))}


def _named(rule: Table) -> set[str]:
    children = [*rule.get("elements", {}).values(), *rule.get("slices", {}).values()]
    return {url for child in children for url in _named(child)} | set(rule.get("profiles", {}).values())


def _table(definitions: Definitions, url: str) -> Table:
    structure = definitions.structure(url)
    table: Table = {"type": structure["type"]}
    base = structure["baseDefinition"]
    if definitions.structure(base).get("derivation") == "constraint":
        table["base"] = base
    return {**table, "rules": _rules(definitions, structure)}


def _rules(definitions: Definitions, structure: dict[str, Any]) -> Table:
    root: Table = {}
    parent = {element["id"]: element for element in definitions.snapshot(structure["baseDefinition"])}
    choices = _choices(parent.values())
    for element in _merged(structure):
        facets = _facets(definitions, structure, element, _inherited(definitions, parent, element))
        if facets:
            _place(root, element["id"], facets, choices)
    return root


def _choices(elements: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The elements that are choices, by the JSON member of each of their types (``valueQuantity``: ``value``)."""
    members: dict[str, str] = {}
    for element in elements:
        title = element["path"].rpartition(".")[2]
        for kind in element.get("type", ()) if title.endswith("[x]") else ():
            members[title.removesuffix("[x]") + kind["code"][0].upper() + kind["code"][1:]] = title.removesuffix("[x]")
    return members


def _merged(structure: dict[str, Any]) -> list[dict[str, Any]]:
    """The differential, with the choices that the snapshot narrows because their slices are closed."""
    known = {element["id"] for element in structure["differential"]["element"]}
    narrowed = [
        {"id": element["id"], "path": element["path"], "type": element["type"]}
        for element in structure["snapshot"]["element"]
        if element["id"].endswith("[x]") and element["id"] not in known
    ]
    return [*structure["differential"]["element"], *narrowed]


def _inherited(definitions: Definitions, parent: dict[str, dict[str, Any]], element: dict[str, Any]) -> dict[str, Any]:
    """The element as the parent has it, or as its datatype defines it, or nothing."""
    if element["id"] in parent:
        return parent[element["id"]]
    if "sliceName" in element and not element["path"].endswith("[x]"):
        return {}
    if element["path"] in parent:
        return parent[element["path"]]
    owner, _, member = element["path"].rpartition(".")
    kinds = parent.get(owner, {}).get("type", ())
    if len(kinds) != 1 or STRUCTURES + kinds[0]["code"] not in definitions.resources:
        return {}
    path = f"{kinds[0]['code']}.{member}"
    return next((found for found in definitions.snapshot(kinds[0]["code"]) if found["path"] == path), {})


def _facets(
    definitions: Definitions, structure: dict[str, Any], element: dict[str, Any], inherited: dict[str, Any]
) -> Table:
    facets = _cardinality(element, inherited) if element["path"] != structure["type"] else {}
    facets.update(_types(element, inherited))
    facets.update(_targets(definitions, element, inherited))
    facets.update(_values(element))
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and binding.get("valueSet") != inherited.get("binding", {}).get(
        "valueSet"
    ):
        facets["binding"] = binding["valueSet"].partition("|")[0]
    known = {constraint["key"] for constraint in inherited.get("constraint", ())}
    keys = [constraint["key"] for constraint in element.get("constraint", ()) if constraint["key"] not in known]
    if keys:
        facets["invariants"] = keys
    facets.update(_slicing(element))
    return facets


def _cardinality(element: dict[str, Any], inherited: dict[str, Any]) -> Table:
    found: Table = {}
    if element.get("min", 0) > inherited.get("min", 0):
        found["min"] = element["min"]
    if element.get("max", "*") not in ("*", inherited.get("max", "*")):
        found["max"] = int(element["max"])
    return found


def _types(element: dict[str, Any], inherited: dict[str, Any]) -> Table:
    found: Table = {}
    codes = [kind["code"] for kind in element.get("type", ())]
    if (
        element["path"].endswith("[x]")
        and "sliceName" not in element
        and 0 < len(codes) < len(inherited.get("type", ()))
    ):
        found["types"] = codes
    profiles = {kind["code"]: kind["profile"][0] for kind in element.get("type", ()) if "profile" in kind}
    before = {kind["code"]: kind["profile"][0] for kind in inherited.get("type", ()) if "profile" in kind}
    if profiles and profiles != before:
        found["profiles"] = profiles
    return found


def _targets(definitions: Definitions, element: dict[str, Any], inherited: dict[str, Any]) -> Table:
    targets = _target_types(definitions, element)
    return {"targets": targets} if targets and targets != _target_types(definitions, inherited) else {}


def _target_types(definitions: Definitions, element: dict[str, Any]) -> list[str]:
    urls = [url for kind in element.get("type", ()) for url in kind.get("targetProfile", ())]
    return sorted({definitions.structure(url)["type"] for url in urls})


def _values(element: dict[str, Any]) -> Table:
    """The fixed value; of a primitive value a pattern is no less.

    Raises:
        ValueError: a pattern of a complex type, for which the tables have no form.
    """
    found: Table = {}
    for key, value in element.items():
        if key.startswith("pattern") and isinstance(value, dict):
            raise ValueError(f"{element['id']} has a pattern of a complex type: the tables have no form for it")
        if key.startswith(("fixed", "pattern")):
            found["fixed"] = value
    return found


def _slicing(element: dict[str, Any]) -> Table:
    """The paths whose values tell the slices; slices by type are told by their JSON member instead.

    Raises:
        ValueError: the slicing is closed, for which the tables have no form.
    """
    slicing = element.get("slicing", {})
    by = [one["path"] for one in slicing.get("discriminator", ()) if one["type"] != "type"]
    if by and slicing["rules"] == "closed":
        raise ValueError(f"{element['id']} is sliced into a closed list: the tables have no form for it")
    return {"slicing": {"by": by}} if by else {}


def _place(root: Table, identity: str, facets: Table, choices: dict[str, str]) -> None:
    node = root
    for segment in identity.split(".")[1:]:
        name, _, part = segment.partition(":")
        choice = choices.get(name)
        if part and name.endswith("[x]"):
            # A slice of a choice by its type is the JSON member of that type.
            choice, name, part = name.removesuffix("[x]"), part, ""
        node = node.setdefault("elements", {}).setdefault(name, {})
        if choice:
            node["choice"] = choice
        if part:
            if name == "extension":
                node.setdefault("slicing", {"by": ["url"]})
            node = node.setdefault("slices", {}).setdefault(part, {})
    node.update(facets)
    if "profiles" in facets and "Extension" in facets["profiles"]:
        node.setdefault("elements", {}).setdefault("url", {})["fixed"] = facets["profiles"]["Extension"]


def _invariants(definitions: Definitions, url: str) -> dict[str, Table]:
    elements = definitions.structure(url)["differential"]["element"]
    return {rule["key"]: invariant(rule) for element in elements for rule in element.get("constraint", ())}
