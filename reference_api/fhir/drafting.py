"""Drafting: from what a client sends to what may be written: valid, of a patient in reach, without loose ends."""

from collections.abc import Iterator, Mapping
from typing import Any

from reference_api.disclosure import speaks_for_person
from reference_api.errors import ApiError
from reference_api.fhir import stored
from reference_api.fhir.categories import category_of
from reference_api.fhir.compartment import Asker
from reference_api.fhir.consent_wishes import read_wish
from reference_api.fhir.outcome import not_valid, refused
from reference_api.fhir.patients import CITY_OS_ID
from reference_api.fhir.search.criteria import MIRRORED, all_hold
from reference_api.fhir.search.parameters import index, parameters_of
from reference_api.fhir.search.references import account_of, patient_id, read_reference
from reference_api.fhir.smart import UPDATE
from reference_api.fhir.stored import Draft
from reference_api.fhir.validation import validate

SUBJECT = "subject"
"""Element that names the patient, where the type has no other one."""

_PATIENT_ELEMENTS: Mapping[str, str] = {"Patient": "identifier", "Consent": "patient"}
"""Elements of other types. A Patient is known by its id, which the server gives, and by its city-OS ID."""


async def draft(asker: Asker, resource_type: str, resource: Mapping[str, Any], letter: str, logical_id: str) -> Draft:
    """The resource as it may be written under an id, for an interaction (letter of a SMART scope).

    Raises:
        ApiError: malformed-request, validation or insufficient-scope. A patient who is out of reach or does not consent
            is answered like one who is not there.
    """
    if resource.get("resourceType") != resource_type:
        raise refused("malformed-request", "structure", f"The body is no {resource_type}", "resourceType")
    grants = await asker.grants(resource_type, letter)
    check_valid(resource)
    if resource_type == "Consent":
        _check_speaks(asker)
    if resource_type == "Patient":
        _check_own_patient(resource)
    account = _patient(resource, asker.base_url, logical_id)
    indexed = index(resource, logical_id, account, asker.base_url)
    category = category_of(resource_type, indexed.tokens)
    reaching = [grant for grant in grants if grant.accounts is None or account in grant.accounts]
    if not reaching or not await asker.permits(account, category):
        raise (
            ApiError("not-found") if (resource_type, letter) == ("Patient", UPDATE) else _unknown_patient(resource_type)
        )
    if not any(all_hold(grant.criteria, indexed) for grant in reaching):
        raise ApiError("insufficient-scope", "the scope is restricted to other resources than this one")
    references = frozenset(_local_references(resource, asker.base_url)) - {("Patient", patient_id(account))}
    wish = read_wish(resource, f"Patient/{patient_id(account)}") if resource_type == "Consent" else None
    return Draft(resource, indexed, category, references, wish)


def check_valid(resource: Mapping[str, Any]) -> None:
    """Refuse what breaks the rules of R4, HL7's vital signs or JP Core.

    Raises:
        ApiError: validation.
    """
    issues = [issue for issue in validate(resource) if issue.is_error]
    if issues:
        raise not_valid(issues)


def _check_speaks(asker: Asker) -> None:
    """Refuse a consent that is not the person's own word."""
    if not speaks_for_person(asker.call.token):
        raise ApiError("insufficient-scope", "a person agrees by themselves only, by an app of the city")


def _check_own_patient(resource: Mapping[str, Any]) -> None:
    """Refuse a city-OS ID of a Patient that is no mirror of the account which has it."""
    if any(one.get("system") == CITY_OS_ID for one in resource.get("identifier", ())):
        raise refused(
            "validation",
            "business-rule",
            "City-OS IDs are the city's to give: create a Patient with one to find the Patient who has it",
            "Patient.identifier",
        )


def _patient(resource: Mapping[str, Any], base_url: str, own_id: str) -> int:
    """The account of the patient; whether there is one is not judged."""
    resource_type = resource["resourceType"]
    if resource_type == "Patient":
        kind, logical_id = "Patient", own_id
    else:
        element = _PATIENT_ELEMENTS.get(resource_type, SUBJECT)
        reference = resource.get(element, {}).get("reference")
        if reference is None:
            raise refused("validation", "required", "A literal reference to a Patient is required", element)
        kind, logical_id = read_reference(reference, base_url)
    account = account_of(logical_id) if kind == "Patient" else None
    if account is None and resource_type == "Patient":
        raise ApiError("not-found")
    if account is None:
        raise _unknown_patient(resource_type)
    return account


def _unknown_patient(resource_type: str) -> ApiError:
    if resource_type == "Patient":
        details = "A person's token reaches that person's Patient only: give the city-OS ID to find it"
    else:
        details = "There is no such Patient here"
    return refused("validation", "not-found", details, _PATIENT_ELEMENTS.get(resource_type, SUBJECT))


def _local_references(resource: Mapping[str, Any], base_url: str) -> Iterator[tuple[str, str]]:
    """Type and id of what a resource refers to on this server.

    Raises:
        ApiError: validation, for a relative reference that can lead nowhere.
    """
    for reference in literal_references(resource):
        if reference.startswith("#"):
            continue
        kind, logical_id = read_reference(reference.partition("/_history/")[0], base_url)
        if kind:
            yield kind, logical_id
        elif "://" not in reference:
            raise _loose_end()


def literal_references(value: Any) -> Iterator[str]:
    """Every literal reference in a resource."""
    if type(value) is dict:
        for name, inner in value.items():
            if name == "reference" and type(inner) is str:
                yield inner
            elif type(inner) is dict or type(inner) is list:
                yield from literal_references(inner)
    elif type(value) is list:
        for inner in value:
            yield from literal_references(inner)


async def check_references(asker: Asker, accepted: Draft) -> None:
    """Refuse references that lead nowhere, or to another patient's data; after writing, within the transaction.

    Raises:
        ApiError: validation.
    """
    account = accepted.indexed.account
    if account < 0 and accepted.resource_type != "Patient":
        patient = await stored.find(asker.services.store, "Patient", patient_id(account))
        if patient is None or patient.is_deleted:
            raise _unknown_patient(accepted.resource_type)
    for kind, logical_id in accepted.references:
        if kind in MIRRORED or not parameters_of(kind):
            raise _loose_end()
        head = await stored.find(asker.services.store, kind, logical_id)
        if head is None or head.is_deleted or head.account != account:
            raise _loose_end()


def _loose_end() -> ApiError:
    return refused(
        "validation",
        "not-found",
        "A reference leads to nothing of this patient here: contain it, or use an identifier or an absolute URL",
    )
