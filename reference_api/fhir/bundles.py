"""Bundles: lists of resources with links. Source: HL7 FHIR R4 4.0.1, bundle.html."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from reference_api.clock import instant
from reference_api.fhir.stored import CREATED, DELETED, Version


class Link(NamedTuple):
    """A link of a Bundle; ``query`` are pairs, or a mapping."""

    relation: str
    url: str
    query: Sequence[tuple[str, str]] | Mapping[str, str] = ()


def bundle(
    kind: str,
    entries: Sequence[Mapping[str, Any]],
    links: Sequence[Link] = (),
    *,
    now_s: float,
    total: int | None = None,
) -> dict[str, Any]:
    """A Bundle of a type; without ``total`` where that is not known."""
    resource: dict[str, Any] = {"resourceType": "Bundle", "meta": {"lastUpdated": instant(now_s)}, "type": kind}
    if total is not None:
        resource["total"] = total
    if links:
        resource["link"] = [{"relation": link.relation, "url": _url(link)} for link in links]
    if entries:
        resource["entry"] = list(entries)
    return resource


def _url(link: Link) -> str:
    return f"{link.url}?{urlencode(link.query)}" if link.query else link.url


def search_entry(base_url: str, version: Version, mode: str) -> dict[str, Any]:
    """An entry of a searchset; ``mode`` is match or include."""
    return {
        "fullUrl": f"{base_url}/{version.resource_type}/{version.logical_id}",
        "resource": msgspec.Raw(version.content or b"{}"),
        "search": {"mode": mode},
    }


def history_entry(base_url: str, version: Version) -> dict[str, Any]:
    """An entry of a history; one that was deleted has no resource."""
    place = f"{version.resource_type}/{version.logical_id}"
    status = {CREATED: "201 Created", DELETED: "204 No Content"}.get(version.method, "200 OK")
    response = {"status": status, "etag": version.etag}
    if version.updated_at_s is not None:
        response["lastModified"] = instant(version.updated_at_s)
    return {
        "fullUrl": f"{base_url}/{place}",
        **({} if version.content is None else {"resource": msgspec.Raw(version.content)}),
        "request": {
            "method": version.method,
            "url": version.resource_type if version.method == CREATED else place,
        },
        "response": response,
    }
