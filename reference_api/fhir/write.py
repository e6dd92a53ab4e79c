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
from reference_api.fhir.drafting import check_references, draft
from reference_api.fhir.find import find_one
from reference_api.fhir.negotiation import (
    check_if_match,
    preferences,
    read_body,
    version_headers,
    version_reply,
)
from reference_api.fhir.outcome import FHIR_JSON, refused
from reference_api.fhir.read import Opened, open_resource, served_type
from reference_api.fhir.search.criteria import MIRRORED
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


def stored_type(name: str) -> str:
    """The resource type of a path that is to be written.

    Raises:
        ApiError: not-found, or method-not-allowed for a type that is kept elsewhere.
    """
    if served_type(name) in MIRRORED:
        raise ApiError(
            "method-not-allowed", f"{name} is read-only here: it shows what the city OS keeps", headers={"allow": "GET"}
        )
    return name


async def create(services: Services, call: Call) -> Reply:
    """A new resource, unless ``If-None-Exist`` finds it."""
    resource_type = stored_type(call.parameters["type"])
    asker = await open_asker(services, call)
    accepted = await draft(asker, resource_type, read_body(call), CREATE, new_id())
    async with services.store.transaction():
        written = await write_new(asker, accepted, call.headers.get("if-none-exist"))
        await check_references(asker, accepted)
    return written_reply(call, asker, written)


async def update(services: Services, call: Call) -> Reply:
    """The next version of a resource."""
    resource_type, logical_id = stored_type(call.parameters["type"]), call.parameters["id"]
    asker = await open_asker(services, call)
    resource = read_body(call)
    check_id(resource, logical_id)
    accepted = await draft(asker, resource_type, resource, UPDATE, logical_id)
    async with services.store.transaction():
        written = await write_next(asker, accepted, call.headers.get("if-match"))
        await check_references(asker, accepted)
    return written_reply(call, asker, written)


async def update_conditionally(services: Services, call: Call) -> Reply:
    """The next version of the one resource that the query finds, or a new resource."""
    resource_type = stored_type(call.parameters["type"])
    asker = await open_asker(services, call)
    resource = read_body(call)
    async with services.store.transaction():
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
    resource_type, logical_id = stored_type(call.parameters["type"]), call.parameters["id"]
    asker = await open_asker(services, call)
    async with services.store.transaction():
        headers = await remove(asker, resource_type, logical_id, call.headers.get("if-match"))
        await check_unreferenced(asker, resource_type, logical_id)
    return Reply(204, headers=headers)


def new_id() -> str:
    """A logical id that nobody has."""
    return str(uuid.uuid4())


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
        return UPDATE, found
    if "id" in resource:
        raise ApiError("not-found", "nothing matches, and ids are the server's to give")
    return CREATE, new_id()


async def write_new(asker: Asker, accepted: Draft, if_none_exist: str | None) -> Written:
    """Write a new resource, or find the one that matches already; within a transaction."""
    if if_none_exist is not None:
        found = await find_one(asker, accepted.resource_type, if_none_exist)
        if found is not None:
            opened = await open_stored(asker, accepted.resource_type, found, CREATE)
            return Written(200, opened.version)
    return Written(201, await stored.insert(asker.services.store, accepted, asker.call.now_s))


async def write_next(asker: Asker, accepted: Draft, if_match: str | None) -> Written:
    """Write the next version of a resource, also of a deleted one; within a transaction."""
    opened = await open_stored(asker, accepted.resource_type, accepted.indexed.logical_id, UPDATE)
    head = opened.head
    if head is None:
        raise ApiError("not-found")
    check_if_match(if_match, head.version)
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
    check_if_match(if_match, head.version)
    if head.is_deleted:
        return version_headers(opened.version)
    await stored.delete(asker.services.store, head, asker.call.now_s)
    return {"etag": f'W/"{head.version + 1}"'}


async def check_unreferenced(asker: Asker, resource_type: str, logical_id: str) -> None:
    """Refuse to leave references behind that lead nowhere.

    Raises:
        ApiError: conflict.
    """
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
