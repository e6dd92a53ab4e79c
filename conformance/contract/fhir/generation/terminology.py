"""Value sets of required bindings: their codes by system, or why they are not checked."""

from typing import Any

from conformance.contract.fhir.generation.packages import Definitions

OPEN_SYSTEMS = {
    "urn:ietf:bcp:13": "media types: an open register",
    "urn:ietf:bcp:47": "language tags: an open grammar",
    "urn:iso:std:iso:4217": "currencies: the package holds no list",
}
"""Code systems whose codes cannot be listed, with the reason."""


def expansions(definitions: Definitions, urls: set[str]) -> dict[str, dict[str, Any]]:
    """The value sets that are checked, as codes by system, and those that are not, with the reason."""
    checked: dict[str, dict[str, list[str]]] = {}
    unchecked: dict[str, str] = {}
    for url in sorted(urls):
        reason = _reason(definitions, url)
        if reason:
            unchecked[url] = reason
        else:
            checked[url] = _expansion(definitions, url)
    return {"checked": checked, "unchecked": unchecked}


def _reason(definitions: Definitions, url: str) -> str:
    if url not in definitions.resources:
        return "not in the packages"
    for include in definitions.resources[url]["compose"]["include"]:
        if reason := OPEN_SYSTEMS.get(include.get("system", "")):
            return reason
        if "filter" in include or "valueSet" in include:
            return "defined by a filter"
        if "concept" not in include and not _is_complete(definitions, include["system"]):
            return "its code system is not complete in the packages"
    return ""


def _is_complete(definitions: Definitions, system: str) -> bool:
    return bool(definitions.resources.get(system, {}).get("content") == "complete")


def _expansion(definitions: Definitions, url: str) -> dict[str, list[str]]:
    codes: dict[str, list[str]] = {}
    for include in definitions.resources[url]["compose"]["include"]:
        system = include["system"]
        listed = include.get("concept") or definitions.resources[system]["concept"]
        codes.setdefault(system, []).extend(_codes(listed))
    return codes


def _codes(concepts: list[dict[str, Any]]) -> list[str]:
    return [code for concept in concepts for code in (concept["code"], *_codes(concept.get("concept", [])))]
