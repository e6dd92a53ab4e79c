"""FHIR packages (npm form): what is in one, and where it came from."""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Package:
    """One package; ``resources`` are its conformance resources by canonical URL."""

    source: dict[str, str]
    resources: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Definitions:
    """The conformance resources of several packages together, by canonical URL."""

    resources: dict[str, dict[str, Any]]

    def structure(self, name: str) -> dict[str, Any]:
        """The StructureDefinition of an R4 type by its name, or of a profile by its URL."""
        return self.resources[name if "/" in name else STRUCTURES + name]

    def snapshot(self, name: str) -> list[dict[str, Any]]:
        """All elements of a type or profile."""
        elements: list[dict[str, Any]] = self.structure(name)["snapshot"]["element"]
        return elements


def read_package(path: Path) -> Package:
    """Read a package file.

    Raises:
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        documents = {member.name: _document(archive, member) for member in archive if _is_document(member.name)}
    manifest = documents["package/package.json"]
    source = {
        "package": manifest["name"],
        "version": manifest["version"],
        "sha256": hashlib.sha256(content).hexdigest(),
        "license": manifest.get("license", "not stated"),
    }
    resources = {
        document["url"]: document for document in documents.values() if "resourceType" in document and "url" in document
    }
    return Package(source, resources)


def _is_document(name: str) -> bool:
    return name.startswith("package/") and name.count("/") == 1 and name.endswith(".json") and "/." not in name


def _document(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    stream = archive.extractfile(member)
    if stream is None:
        return {}
    document: dict[str, Any] = json.loads(stream.read().decode("utf-8-sig"))
    return document
