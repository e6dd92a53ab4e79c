"""Reads the packages, writes the three table files."""

from pathlib import Path
from typing import Any

from conformance.contract.fhir.generation import profiles, types
from conformance.contract.fhir.generation.layout import layout
from conformance.contract.fhir.generation.packages import Definitions, Package, read_package
from conformance.contract.fhir.generation.terminology import expansions

R4_PACKAGE = "hl7.fhir.r4.core-4.0.1.tgz"
JP_PACKAGE = "jpfhir.jp.core.r4-2.0.0-dev.tgz"


def write_tables(packages: Path, out: Path) -> None:
    """Write ``types.json``, ``profiles.json`` and ``valuesets.json`` into ``out``.

    Raises:
        OSError: a package cannot be read or a file cannot be written.
        ValueError: a package is not under CC0-1.0.
    """
    r4, jp = (_free(read_package(packages / name)) for name in (R4_PACKAGE, JP_PACKAGE))
    definitions = Definitions({**jp.resources, **r4.resources})
    base, demanded = types.tables(definitions), profiles.tables(definitions)
    bound = _bindings(base) | _bindings(demanded["profiles"]) | {"http://hl7.org/fhir/ValueSet/resource-types"}
    valuesets = {**expansions(definitions, bound), "strengths_unchecked": ["extensible", "preferred", "example"]}
    _write(out / "types.json", {"sources": [r4.source], **base}, open_levels=4)
    _write(out / "profiles.json", {"sources": [r4.source, jp.source], **demanded}, open_levels=4)
    _write(out / "valuesets.json", {"sources": [r4.source, jp.source], **valuesets}, open_levels=2)


def _free(package: Package) -> Package:
    if package.source["license"] != "CC0-1.0":
        raise ValueError(
            f"{package.source['package']} is under {package.source['license']}: only CC0-1.0 is derived from"
        )
    return package


def _bindings(value: Any) -> set[str]:
    if not isinstance(value, dict):
        return set()
    own = {value["binding"]} if isinstance(value.get("binding"), str) else set()
    return own.union(*(_bindings(item) for item in value.values()))


def _write(path: Path, tables: dict[str, Any], *, open_levels: int) -> None:
    path.write_text(layout(tables, open_levels=open_levels) + "\n", encoding="utf-8")
