"""Create, update, delete, and their conditional forms.

Ids are the server's to give: an update of an id that is not there is answered like one that is out of reach, 404, so
that nobody learns which ids there are. Subjects must be Patients of this server, and every reference to another
resource of this server must lead to one of the same patient.
Source: HL7 FHIR R4 4.0.1, http.html, create, update, delete.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_api.call import Call, Reply
from reference_api.errors import ApiError
from reference_api.fhir import stored
from reference_api.fhir.compartment import Asker, open_asker
from reference_api.fhir.consent_changes import change_consent, create_consent
from reference_api.fhir.drafting import check_references, check_valid, draft
from reference_api.fhir.find import find_one
from reference_api.fhir.mirrors import linked_patient
from reference_api.fhir.negotiation import (
    check_if_match,
    preferences,
    read_body,
    version_headers,
    version_reply,
)
from reference_api.fhir.outcome import FHIR_JSON, refused
from reference_api.fhir.own_patients import has_data, keep_owner
from reference_api.fhir.read import Opened, open_resource, served_type
from reference_api.fhir.search.criteria import is_mirrored
from reference_api.fhir.search.references import account_of
from reference_api.fhir.smart import CREATE, DELETE, UPDATE
from reference_api.fhir.stored import Draft, Version
from reference_api.services import Services

_DONE = b'{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]}'
"""What ``Prefer: return=OperationOutcome`` asks for where nothing is to be said."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write led to."""

    status: int
    version: Version

    def location(self, base_url: str) -> str:
        """Where the version can be read."""
        version = self.version
        return f"{base_url}/{version.resource_type}/{version.logical_id}/_history/{version.version_id}"


def check_changeable(resource_type: str, logical_id: str, letter: str) -> None:
    """Refuse to change what belongs to the city: by its id alone, so that nobody learns which ids there are.

    Raises:
        ApiError: method-not-allowed.
    """
    if resource_type == "Patient" and is_mirrored(resource_type, logical_id):
        raise ApiError(
            "method-not-allowed",
            "this Patient shows an account: its data are the city's basic data, changed at the city",
            headers={"allow": "GET"},
        )
    if resource_type == "Consent" and letter == DELETE:
        raise ApiError(
            "method-not-allowed",
            "a consent record is not deleted: withdraw it by an update to status inactive",
            headers={"allow": "GET, PUT"},
        )


async def create(services: Services, call: Call) -> Reply:
    """A new resource, unless ``If-None-Exist`` finds it, or a city-OS ID the Patient who has it."""
    resource_type, condition = served_type(call.parameters["type"]), call.headers.get("if-none-exist")
    asker = await open_asker(services, call)
    resource = read_body(call)
    if resource_type == "Patient" and (found := await existing(asker, resource_type, resource, condition)):
        return written_reply(call, asker, await found_again(asker, resource_type, found))
    accepted = await draft(asker, resource_type, resource, CREATE, new_id(asker, resource_type))
    async with asker.writing():
        written = await write_new(asker, accepted, condition)
        await check_references(asker, accepted)
    return written_reply(call, asker, written)


async def existing(asker: Asker, resource_type: str, resource: Mapping[str, Any], condition: str | None) -> str | None:
    """Logical id of what a create finds: by its condition, or as the Patient of the account with a city-OS ID.

    Raises:
        ApiError: precondition-failed, malformed-request or validation.
    """
    found = None if condition is None else await find_one(asker, resource_type, condition)
    if found is None and resource_type == resource.get("resourceType") == "Patient":
        check_valid(resource)
        found = await linked_patient(asker, resource)
    return found


async def found_again(asker: Asker, resource_type: str, logical_id: str) -> Written:
    """What a create found instead of making it; shown, and therefore logged."""
    opened = await open_stored(asker, resource_type, logical_id, CREATE)
    await asker.log([(opened.account, opened.category)])
    return Written(200, opened.version)


async def update(services: Services, call: Call) -> Reply:
    """The next version of a resource."""
    resource_type, logical_id = served_type(call.parameters["type"]), call.parameters["id"]
    check_changeable(resource_type, logical_id, UPDATE)
    asker = await open_asker(services, call)
    resource = read_body(call)
    check_id(resource, logical_id)
    accepted = await draft(asker, resource_type, resource, UPDATE, logical_id)
    async with asker.writing():
        written = await write_next(asker, accepted, call.headers.get("if-match"))
        await check_references(asker, accepted)
    return written_reply(call, asker, written)


async def update_conditionally(services: Services, call: Call) -> Reply:
    """The next version of the one resource that the query finds, or a new resource."""
    resource_type = served_type(call.parameters["type"])
    asker = await open_asker(services, call)
    resource = read_body(call)
    async with asker.writing():
        target = await condition_target(asker, resource, resource_type, call.query_string)
        accepted = await draft(asker, resource_type, resource, *target)
        if target[0] == CREATE:
            written = await write_new(asker, accepted, None)
        else:
            written = await write_next(asker, accepted, call.headers.get("if-match"))
        await check_references(asker, accepted)
    return written_reply(call, asker, written)


async def delete(services: Services, call: Call) -> Reply:
    """No resource any more; its versions stay."""
    resource_type, logical_id = served_type(call.parameters["type"]), call.parameters["id"]
    check_changeable(resource_type, logical_id, DELETE)
    asker = await open_asker(services, call)
    async with asker.writing():
        headers = await remove(asker, resource_type, logical_id, call.headers.get("if-match"))
        await check_unreferenced(asker, resource_type, logical_id)
    return Reply(204, headers=headers)


def new_id(asker: Asker, resource_type: str) -> str:
    """A logical id that nobody has; that of a Patient tells that there is no account."""
    return asker.adopt() if resource_type == "Patient" else str(uuid.uuid4())


def check_id(resource: Mapping[str, Any], logical_id: str) -> None:
    """Refuse a body that is another resource than its URL names.

    Raises:
        ApiError: malformed-request.
    """
    if resource.get("id") != logical_id:
        raise refused("malformed-request", "value", "The id of the body is not the id of the URL", "id")


async def condition_target(
    asker: Asker, resource: Mapping[str, Any], resource_type: str, query: str
) -> tuple[str, str]:
    """What a conditional update does (create or update), and to which id.

    Raises:
        ApiError: precondition-failed, malformed-request, or not-found where the body names an id that nothing has.
    """
    found = await find_one(asker, resource_type, query)
    if found is not None:
        if "id" in resource:
            check_id(resource, found)
        check_changeable(resource_type, found, UPDATE)
        return UPDATE, found
    if "id" in resource:
        raise ApiError("not-found", "nothing matches, and ids are the server's to give")
    return CREATE, new_id(asker, resource_type)


async def write_new(asker: Asker, accepted: Draft, if_none_exist: str | None) -> Written:
    """Write a new resource, or find the one that matches already; within a transaction."""
    if if_none_exist is not None:
        found = await find_one(asker, accepted.resource_type, if_none_exist)
        if found is not None:
            return await found_again(asker, accepted.resource_type, found)
    if accepted.wish is not None:
        record_id = await create_consent(asker, accepted.wish)
        return Written(201, (await open_stored(asker, "Consent", record_id, CREATE)).version)
    if accepted.resource_type == "Patient":
        await keep_owner(asker.services.store, accepted.indexed.account, asker.call.token.client_id)
    return Written(201, await stored.insert(asker.services.store, accepted, asker.call.now_s))


async def write_next(asker: Asker, accepted: Draft, if_match: str | None) -> Written:
    """Write the next version of a resource, also of a deleted one; within a transaction."""
    opened = await open_stored(asker, accepted.resource_type, accepted.indexed.logical_id, UPDATE)
    check_if_match(if_match, opened.version.version_id)
    head = opened.head
    if accepted.wish is not None:
        await change_consent(asker, accepted.indexed.logical_id, accepted.wish)
        return Written(200, (await open_stored(asker, "Consent", accepted.indexed.logical_id, UPDATE)).version)
    if head is None:
        raise ApiError("not-found")
    if head.account != accepted.indexed.account:
        raise refused("validation", "business-rule", "A resource stays with its patient", "subject")
    version = await stored.supersede(asker.services.store, head, accepted, asker.call.now_s)
    return Written(201 if head.is_deleted else 200, version)


async def remove(asker: Asker, resource_type: str, logical_id: str, if_match: str | None) -> dict[str, str]:
    """Delete a resource, if it is not deleted already; the headers of the answer. Within a transaction."""
    opened = await open_stored(asker, resource_type, logical_id, DELETE)
    head = opened.head
    if head is None:
        raise ApiError("not-found")
    check_if_match(if_match, opened.version.version_id)
    if head.is_deleted:
        return version_headers(opened.version)
    await stored.delete(asker.services.store, head, asker.call.now_s)
    return {"etag": f'W/"{head.version + 1}"'}


async def check_unreferenced(asker: Asker, resource_type: str, logical_id: str) -> None:
    """Refuse to leave references behind that lead nowhere.

    Raises:
        ApiError: conflict.
    """
    account = account_of(logical_id) if resource_type == "Patient" else None
    if account is not None and await has_data(asker.services.store, account):
        raise refused("conflict", "conflict", "Data of this patient are here: delete them first")
    if await stored.is_referred_to(asker.services.store, resource_type, logical_id):
        raise refused("conflict", "conflict", "Another resource refers to this one")


async def open_stored(asker: Asker, resource_type: str, logical_id: str, letter: str) -> Opened:
    """A resource that the asker may change, also a deleted one."""
    return await open_resource(asker, resource_type, logical_id, letter, deleted_too=True)


def written_reply(call: Call, asker: Asker, written: Written) -> Reply:
    """What was written, with as much of it as the client prefers."""
    wanted = preferences(call.headers).get("return", "representation") if "prefer" in call.headers else ""
    headers = {**version_headers(written.version), "location": written.location(asker.base_url)}
    if wanted == "minimal":
        return Reply(written.status, headers=headers)
    if wanted == "OperationOutcome":
        return Reply(written.status, _DONE, headers, FHIR_JSON)
    return version_reply(written.version, written.status, headers)
