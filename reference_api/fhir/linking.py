"""Linking the entries of a transaction: references among them, and references by condition.

A resource that is created gets its id before anything is written, and whatever refers to it by its ``fullUrl``
(usually ``urn:uuid:``) is made to refer to that id; ``Type?query`` becomes the one resource that the query finds.
Source: HL7 FHIR R4 4.0.1, http.html, transaction: replacing references, conditional references.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference_api.fhir.compartment import Asker
from reference_api.fhir.drafting import literal_references
from reference_api.fhir.entries import Entry, identify
from reference_api.fhir.find import find_one
from reference_api.fhir.outcome import refused
from reference_api.fhir.read import served_type
from reference_api.fhir.smart import CREATE, DELETE, UPDATE


async def link_entries(asker: Asker, entries: Sequence[Entry], at: Callable[[int], int]) -> list[Entry]:
    """The entries with ids for what they create and with references that lead there; ``at`` is told which is at work.

    Raises:
        ApiError: malformed-request for an entry that is there twice; precondition-failed for a condition that does not
            find exactly one resource.
    """
    known: dict[str, str] = {}
    identified = [await identify(asker, entry) for entry in entries if at(entry.number) >= 0]
    _refuse_overlaps(identified, at)
    for entry in identified:
        if entry.full_url and entry.resource is not None:
            at(entry.number)
            if entry.full_url in known:
                raise refused("malformed-request", "duplicate", "Two entries have one fullUrl", "fullUrl")
            known[entry.full_url] = f"{entry.resource_type}/{entry.logical_id}"
    linked: list[Entry] = []
    for entry in identified:
        at(entry.number)
        if entry.resource is not None:
            await _find_conditional(asker, entry.resource, known)
            linked.append(replace(entry, resource=_replaced(entry.resource, known)))
        else:
            linked.append(entry)
    return linked


def _refuse_overlaps(entries: Sequence[Entry], at: Callable[[int], int]) -> None:
    """Refuse a transaction that changes one resource twice, or creates two on one condition."""
    changed: set[tuple[str, str]] = set()
    for entry in entries:
        at(entry.number)
        names = [entry.logical_id] if entry.interaction in (CREATE, UPDATE, DELETE) else []
        names += [f"?{entry.headers['if-none-exist']}"] if "if-none-exist" in entry.headers else []
        for name in names:
            identity = (entry.resource_type, name)
            if identity in changed:
                raise refused("malformed-request", "duplicate", "A resource is written twice")
            changed.add(identity)


async def _find_conditional(asker: Asker, resource: Mapping[str, Any], known: dict[str, str]) -> None:
    for reference in literal_references(resource):
        if "?" in reference and "://" not in reference and reference not in known:
            resource_type, _, query = reference.partition("?")
            found = await find_one(asker, served_type(resource_type), query)
            if found is None:
                raise refused("precondition-failed", "not-found", "A conditional reference finds nothing")
            known[reference] = f"{resource_type}/{found}"


def _replaced(value: Any, known: Mapping[str, str]) -> Any:
    """A copy in which references that are known lead to what they stand for."""
    if type(value) is dict:
        return {
            name: known.get(inner, inner) if name == "reference" and type(inner) is str else _replaced(inner, known)
            for name, inner in value.items()
        }
    if type(value) is list:
        return [_replaced(inner, known) for inner in value]
    return value
