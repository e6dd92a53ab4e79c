"""Entries of a batch or transaction: what each asks for, and what it is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import msgspec

from reference_api.clock import instant
from reference_api.errors import ApiError
from reference_api.fhir.compartment import Asker
from reference_api.fhir.drafting import draft
from reference_api.fhir.find import read_pairs, search_bundle
from reference_api.fhir.negotiation import is_strict, is_unchanged, preferences
from reference_api.fhir.outcome import refused
from reference_api.fhir.read import open_resource, served_type
from reference_api.fhir.smart import CREATE, DELETE, READ, UPDATE
from reference_api.fhir.stored import Draft, Version
from reference_api.fhir.write import (
    Written,
    check_changeable,
    check_id,
    condition_target,
    existing,
    found_again,
    new_id,
    remove,
    write_new,
    write_next,
)

FOUND = "found"


@dataclass(frozen=True, slots=True)
class Entry:
    """One interaction.

    ``logical_id`` is empty for a type; ``headers`` are those that HTTP would have, in lower case. ``interaction`` is
    what it comes to once its conditions are looked up: create, update, delete or read (letters of SMART scopes), or
    ``FOUND`` for a create that finds its resource there.
    """

    number: int
    method: str
    resource_type: str
    logical_id: str
    query: str
    full_url: str
    resource: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    interaction: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry that may be performed; ``draft`` is what it writes, None if it writes no resource."""

    entry: Entry
    draft: Draft | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The answer to an entry."""

    status: str
    version: Version | None = None
    location: str = ""
    resource: Mapping[str, Any] | None = None
    outcome: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    with_content: bool = False

    def entry(self, base_url: str) -> dict[str, Any]:
        """The answer as an entry of the response."""
        response: dict[str, Any] = {"status": self.status}
        if self.location:
            response["location"] = self.location
        version = self.version
        if version is not None:
            response["etag"] = version.etag
            if version.updated_at_s is not None:
                response["lastModified"] = instant(version.updated_at_s)
        elif "etag" in self.headers:
            response["etag"] = self.headers["etag"]
        if self.outcome is not None:
            response["outcome"] = self.outcome
        entry: dict[str, Any] = {"response": response}
        if version is not None and version.content is not None and self.with_content:
            entry["fullUrl"] = f"{base_url}/{version.resource_type}/{version.logical_id}"
            entry["resource"] = msgspec.Raw(version.content)
        elif self.resource is not None:
            entry["resource"] = self.resource
        return entry


_HEADERS = (
    ("ifMatch", "if-match"),
    ("ifNoneMatch", "if-none-match"),
    ("ifModifiedSince", "if-modified-since"),
    ("ifNoneExist", "if-none-exist"),
)


def read_entry(raw: Any, number: int, methods: Sequence[str]) -> Entry:
    """An entry as it was sent.

    Raises:
        ApiError: malformed-request or not-found.
    """
    request = raw.get("request") if isinstance(raw, dict) else None
    if not isinstance(request, dict) or request.get("method") not in methods:
        raise refused("malformed-request", "value", f"Methods are {', '.join(methods)}", "request.method")
    url = request.get("url")
    if not isinstance(url, str):
        raise refused("malformed-request", "required", "An entry has a URL", "request.url")
    path, _, query = url.partition("?")
    resource_type, _, logical_id = path.strip("/").partition("/")
    resource = raw.get("resource")
    if request["method"] in ("POST", "PUT") and not isinstance(resource, dict):
        raise refused("malformed-request", "required", "An entry that writes has a resource", "resource")
    headers = {name: value for member, name in _HEADERS if isinstance(value := request.get(member), str)}
    full_url = raw.get("fullUrl")
    return Entry(
        number,
        request["method"],
        served_type(resource_type),
        unquote(logical_id),
        query,
        full_url if isinstance(full_url, str) else "",
        resource if isinstance(resource, dict) else None,
        headers,
    )


async def identify(asker: Asker, entry: Entry) -> Entry:
    """The entry with the id it is about and the interaction it comes to, by what is there now.

    Raises:
        ApiError: as the interaction by itself.
    """
    if entry.method == "GET":
        return replace(entry, interaction=READ)
    if entry.method == "DELETE":
        if not entry.logical_id:
            raise ApiError("method-not-allowed", "a delete names the resource's id")
        check_changeable(entry.resource_type, entry.logical_id, DELETE)
        return replace(entry, interaction=DELETE)
    resource = entry.resource or {}
    if entry.method == "POST":
        found = await existing(asker, entry.resource_type, resource, entry.headers.get("if-none-exist"))
        logical_id = found or new_id(asker, entry.resource_type)
        return replace(entry, logical_id=logical_id, interaction=FOUND if found else CREATE)
    if entry.logical_id:
        check_changeable(entry.resource_type, entry.logical_id, UPDATE)
        check_id(resource, entry.logical_id)
        return replace(entry, interaction=UPDATE)
    interaction, logical_id = await condition_target(asker, resource, entry.resource_type, entry.query)
    return replace(entry, logical_id=logical_id, interaction=interaction)


async def plan(asker: Asker, entry: Entry) -> Planned:
    """An identified entry with its resource accepted.

    Raises:
        ApiError: as the interaction by itself.
    """
    if entry.interaction not in (CREATE, UPDATE):
        return Planned(entry)
    resource = entry.resource or {}
    return Planned(entry, await draft(asker, entry.resource_type, resource, entry.interaction, entry.logical_id))


async def perform(asker: Asker, planned: Planned) -> Done:
    """Do what was planned; within a transaction unless it only reads."""
    entry, accepted = planned.entry, planned.draft
    if entry.interaction == READ:
        return await _get(asker, entry)
    if entry.interaction == FOUND:
        return _done(asker, await found_again(asker, entry.resource_type, entry.logical_id))
    if accepted is None:
        headers = await remove(asker, entry.resource_type, entry.logical_id, entry.headers.get("if-match"))
        return Done("204 No Content", headers=headers)
    if entry.interaction == CREATE:
        return _done(asker, await write_new(asker, accepted, None))
    return _done(asker, await write_next(asker, accepted, entry.headers.get("if-match")))


def _done(asker: Asker, written: Written) -> Done:
    status = "201 Created" if written.status == 201 else "200 OK"
    return Done(
        status,
        written.version,
        written.location(asker.base_url),
        with_content=preferences(asker.call.headers).get("return") == "representation",
    )


async def _get(asker: Asker, entry: Entry) -> Done:
    if not entry.logical_id:
        found = await search_bundle(
            asker, entry.resource_type, read_pairs(entry.query), strict=is_strict(asker.call.headers)
        )
        return Done("200 OK", resource=found)
    opened = await open_resource(asker, entry.resource_type, entry.logical_id, READ)
    await asker.log([(opened.account, opened.category)])
    if is_unchanged(entry.headers, opened.version):
        return Done("304 Not Modified", opened.version)
    return Done("200 OK", opened.version, with_content=True)
