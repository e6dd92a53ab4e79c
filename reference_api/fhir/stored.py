"""Stored resources: the newest version with its index, and every version as it was written."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_api.clock import instant
from reference_api.fhir.consent_wishes import ConsentWish
from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.validation import encode
from reference_api.store.protocol import Row, Store

CREATED, UPDATED, DELETED = "POST", "PUT", "DELETE"
"""How a version came to be. Source: HL7 FHIR R4 4.0.1, Bundle.entry.request.method in a history."""

REFERENCE = "_reference"
"""Search parameter, of nobody's asking, under which every reference to another resource of this server is indexed."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest state of a resource; ``row`` is its number, ``account`` the patient's."""

    row: int
    account: int
    category: str
    version: int
    updated_at_s: float
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a resource. ``content`` is its JSON, None where it was deleted."""

    resource_type: str
    logical_id: str
    version_id: str
    updated_at_s: float | None
    content: bytes | None
    method: str = CREATED

    @property
    def etag(self) -> str:
        """Weak entity tag. Source: HL7 FHIR R4 4.0.1, http.html, versioning."""
        return f'W/"{self.version_id}"'


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource that has been accepted and is to be written.

    ``references`` are types and ids that must be here; ``wish`` is what a Consent asks the city OS to keep.
    """

    resource: Mapping[str, Any]
    indexed: Indexed
    category: str
    references: frozenset[tuple[str, str]] = frozenset()
    wish: ConsentWish | None = None

    @property
    def resource_type(self) -> str:
        """Its type."""
        return str(self.resource["resourceType"])


async def find(store: Store, resource_type: str, logical_id: str) -> Head | None:
    """The newest state, None if there never was such a resource."""
    row = await store.one(
        "SELECT id, account_id, category, version, updated_at_s, deleted FROM fhir_resource"
        " WHERE type = ? AND logical_id = ?",
        (resource_type, logical_id),
    )
    return None if row is None else Head(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


async def versions(
    store: Store, resource_type: str, logical_id: str, *, row: int, before: int, count: int
) -> list[tuple[int, Version]]:
    """At most ``count`` versions below number ``before``, the newest first."""
    rows = await store.all(
        "SELECT version, updated_at_s, method, content FROM fhir_version"
        " WHERE resource_id = ? AND version < ? ORDER BY version DESC LIMIT ?",
        (row, before, count),
    )
    return [(found[0], _version(resource_type, logical_id, found)) for found in rows]


def _version(resource_type: str, logical_id: str, row: Row) -> Version:
    number, updated_at_s, method, content = row
    return Version(
        resource_type, logical_id, str(number), updated_at_s, None if content is None else content.encode(), method
    )


async def read_version(store: Store, resource_type: str, logical_id: str, *, row: int, number: int) -> Version | None:
    """One version, None if there is none of that number."""
    found = await versions(store, resource_type, logical_id, row=row, before=number + 1, count=1)
    return found[0][1] if found and found[0][0] == number else None


async def insert(store: Store, draft: Draft, now_s: float) -> Version:
    """Write a new resource; within a transaction."""
    indexed = draft.indexed
    starts_s, ends_s = indexed.interval or (None, None)
    updated_at_s = round(now_s, 3)
    row = await store.one(
        "INSERT INTO fhir_resource (type, logical_id, account_id, category, version, updated_at_s, starts_s, ends_s)"
        " VALUES (?, ?, ?, ?, 1, ?, ?, ?) RETURNING id",
        (draft.resource_type, indexed.logical_id, indexed.account, draft.category, updated_at_s, starts_s, ends_s),
    )
    number = row[0] if row else 0
    return await _keep(store, number, draft, _Stamp(1, updated_at_s, CREATED))


async def supersede(store: Store, head: Head, draft: Draft, now_s: float) -> Version:
    """Write the next version of a resource; within a transaction."""
    starts_s, ends_s = draft.indexed.interval or (None, None)
    stamp = _Stamp(head.version + 1, round(now_s, 3), UPDATED)
    await store.run(
        "UPDATE fhir_resource SET category = ?, version = ?, updated_at_s = ?, deleted = 0, starts_s = ?, ends_s = ?"
        " WHERE id = ?",
        (draft.category, stamp.version, stamp.updated_at_s, starts_s, ends_s, head.row),
    )
    await store.run("DELETE FROM fhir_token WHERE resource_id = ?", (head.row,))
    return await _keep(store, head.row, draft, stamp)


async def delete(store: Store, head: Head, now_s: float) -> None:
    """Mark a resource as deleted; its versions stay. Within a transaction."""
    version, updated_at_s = head.version + 1, round(now_s, 3)
    await store.run(
        "UPDATE fhir_resource SET version = ?, updated_at_s = ?, deleted = 1 WHERE id = ?",
        (version, updated_at_s, head.row),
    )
    await store.run("DELETE FROM fhir_token WHERE resource_id = ?", (head.row,))
    await _keep_version(store, head.row, _Stamp(version, updated_at_s, DELETED), None)


@dataclass(frozen=True, slots=True)
class _Stamp:
    version: int
    updated_at_s: float
    method: str


async def _keep(store: Store, row: int, draft: Draft, stamp: _Stamp) -> Version:
    content = encode(_stamped(draft, stamp))
    await _keep_version(store, row, stamp, content.decode())
    tokens = [(row, *token) for token in draft.indexed.tokens]
    tokens += [(row, REFERENCE, kind, logical_id) for kind, logical_id in draft.references]
    await store.many("INSERT INTO fhir_token (resource_id, parameter, system, code) VALUES (?, ?, ?, ?)", tokens)
    return Version(
        draft.resource_type, draft.indexed.logical_id, str(stamp.version), stamp.updated_at_s, content, stamp.method
    )


async def _keep_version(store: Store, row: int, stamp: _Stamp, content: str | None) -> None:
    await store.run(
        "INSERT INTO fhir_version (resource_id, version, updated_at_s, method, content) VALUES (?, ?, ?, ?, ?)",
        (row, stamp.version, stamp.updated_at_s, stamp.method, content),
    )


def _stamped(draft: Draft, stamp: _Stamp) -> dict[str, Any]:
    """The resource with what only the server says of it. Source: HL7 FHIR R4 4.0.1, http.html, create and update."""
    resource = draft.resource
    meta = {
        **resource.get("meta", {}),
        "versionId": str(stamp.version),
        "lastUpdated": instant(stamp.updated_at_s),
    }
    first = {"resourceType": resource["resourceType"], "id": draft.indexed.logical_id, "meta": meta}
    return first | {name: value for name, value in resource.items() if name not in first}


async def is_referred_to(store: Store, resource_type: str, logical_id: str) -> bool:
    """Whether another resource refers to this one."""
    row = await store.one(
        "SELECT 1 FROM fhir_token WHERE code = ? AND parameter = ? AND system = ?",
        (logical_id, REFERENCE, resource_type),
    )
    return row is not None
