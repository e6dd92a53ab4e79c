"""Tables of R4 types from their snapshots: elements with cardinality, types, targets and bindings, and invariants."""

from typing import Any

from conformance.contract.fhir.generation.packages import STRUCTURES, Definitions

RESOURCES = (
    "Patient",
    "Observation",
    "DiagnosticReport",
    "MedicationRequest",
    "MedicationStatement",
    "Consent",
    "CapabilityStatement",
    "Bundle",
    "OperationOutcome",
    "Medication",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Specimen",
)
"""The contract's resource types, and those that are contained in or referred to by them."""

_SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"
_REGEX = STRUCTURES + "regex"
_FHIR_TYPE = STRUCTURES + "structuredefinition-fhir-type"

Table = dict[str, Any]


def tables(definitions: Definitions) -> dict[str, dict[str, Table]]:
    """Tables of the resources and of every datatype that they reach, the primitive types' patterns, the invariants."""
    types: dict[str, Table] = {}
    primitives: dict[str, Table] = {}
    invariants: dict[str, Table] = {}
    waiting = list(RESOURCES)
    while waiting:
        name = waiting.pop()
        if name in types or name in primitives:
            continue
        if definitions.structure(name)["kind"] == "primitive-type":
            primitives[name] = _primitive(definitions, name)
            continue
        own = _own_tables(definitions, name)
        types.update(own)
        waiting += sorted(_reached(own) - own.keys())
        invariants.update(_invariants(definitions, name))
    found = {"primitives": primitives, "types": types, "invariants": invariants}
    return {key: dict(sorted(value.items())) for key, value in found.items()}


def _reached(own: dict[str, Table]) -> set[str]:
    names = {name for table in own.values() for row in table["elements"].values() for name in row["types"]}
    return {name for name in names if "." not in name} | {table["base"] for table in own.values() if "base" in table}


def _primitive(definitions: Definitions, name: str) -> Table:
    value = next(element for element in definitions.snapshot(name) if element["path"] == f"{name}.value")
    pattern = _extension(value["type"][0], _REGEX)
    return {"pattern": pattern} if pattern else {}


def _extension(element: dict[str, Any], url: str) -> str | None:
    for extension in element.get("extension", ()):
        if extension["url"] == url:
            return next(str(value) for key, value in extension.items() if key.startswith("value"))
    return None


def _own_tables(definitions: Definitions, name: str) -> dict[str, Table]:
    structure = definitions.structure(name)
    root, *elements = structure["snapshot"]["element"]
    own = {name: _table(structure, root)}
    if structure.get("derivation") == "constraint":
        excluded = (element["path"] for element in elements if element["max"] == "0")
        return {name: {**own[name], "elements": {path.partition(".")[2]: {"max": 0, "types": []} for path in excluded}}}
    for element in elements:
        path = element["path"]
        if element["base"]["path"] != path:
            continue
        parent, _, member = path.rpartition(".")
        own[parent]["elements"][member] = row(element)
        if _is_backbone(element):
            own[path] = {"base": element["type"][0]["code"], **_keys(element), "elements": {}}
    return own


def _table(structure: dict[str, Any], root: dict[str, Any]) -> Table:
    table: Table = {}
    if base := structure.get("baseDefinition"):
        table["base"] = base.removeprefix(STRUCTURES)
    if structure["kind"] == "resource" and not structure["abstract"]:
        table["resource"] = True
    if structure["type"] != structure["name"]:
        table["stands_for"] = structure["type"]
    inherited = () if structure["name"] in ("Element", "Extension") else ("ele-1", "ext-1")
    return {**table, **_keys({**root, "path": structure["name"]}, inherited), "elements": {}}


def row(element: dict[str, Any]) -> Table:
    """One element: what is usual (0..1, no binding) is left out."""
    types = _types(element)
    found: Table = {}
    if element["min"]:
        found["min"] = element["min"]
    if element["max"] != "1":
        found["max"] = None if element["max"] == "*" else int(element["max"])
    found["types"] = types
    if targets := targets_of(element):
        found["targets"] = targets
    binding = element.get("binding", {})
    if binding.get("strength") == "required":
        found["binding"] = binding["valueSet"].partition("|")[0]
    if not _is_backbone(element):
        found.update(_keys(element))
    return found


def _is_backbone(element: dict[str, Any]) -> bool:
    codes = [kind["code"] for kind in element.get("type", ())]
    return codes in (["BackboneElement"], ["Element"])


def _types(element: dict[str, Any]) -> list[str]:
    if reference := element.get("contentReference"):
        return [reference.partition("#")[2]]
    if _is_backbone(element):
        return [element["path"]]
    if element["path"] == "Resource.id":
        # The snapshot says string; the page of Resource says id, and the errata of R4 agree.
        return ["id"]
    return [_type(kind) for kind in element["type"]]


def _type(kind: dict[str, Any]) -> str:
    if kind["code"] == _SYSTEM_STRING:
        return _extension(kind, _FHIR_TYPE) or "string"
    profiles = [url.removeprefix(STRUCTURES) for url in kind.get("profile", ())]
    return profiles[0] if profiles and kind["code"] == "Quantity" else str(kind["code"])


def targets_of(element: dict[str, Any]) -> list[str]:
    """Names of the types a reference may point to; none means any."""
    urls = [url for kind in element.get("type", ()) for url in kind.get("targetProfile", ())]
    return sorted({url.removeprefix(STRUCTURES) for url in urls} - {"Resource"})


def _keys(element: dict[str, Any], inherited: tuple[str, ...] = ("ele-1", "ext-1")) -> Table:
    keys = [constraint["key"] for constraint in _constraints(element) if constraint["key"] not in inherited]
    return {"invariants": keys} if keys else {}


def _constraints(element: dict[str, Any]) -> list[dict[str, Any]]:
    return [constraint for constraint in element.get("constraint", ()) if _is_own(element, constraint)]


def _is_own(element: dict[str, Any], constraint: dict[str, Any]) -> bool:
    source = constraint.get("source", "").removeprefix(STRUCTURES)
    return not source or source == element["path"]


def _invariants(definitions: Definitions, name: str) -> dict[str, Table]:
    found = [constraint for element in definitions.snapshot(name) for constraint in element.get("constraint", ())]
    return {constraint["key"]: invariant(constraint) for constraint in found}


def invariant(constraint: dict[str, Any]) -> Table:
    """An invariant's severity and expression."""
    return {"severity": constraint["severity"], "expression": constraint["expression"]}
