"""Mirrored resources: Patients and Consents, made of what the city OS keeps elsewhere whenever they are asked for."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reference_api.clock import instant
from reference_api.fhir.categories import CONTACT, PROFILE
from reference_api.fhir.compartment import Asker, Grant
from reference_api.fhir.consent_resources import consent_resource, records
from reference_api.fhir.patients import accounts, may_be_named, patient_resource
from reference_api.fhir.search.criteria import Criterion, all_hold
from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.parameters import index
from reference_api.fhir.search.references import IdTest
from reference_api.fhir.stored import Version
from reference_api.fhir.validation import encode
from reference_api.oidc.subjects import shown_sub
from reference_api.paging import MAX_LIMIT
from reference_api.store.protocol import Row

VERSION_DIGITS = 16
"""Of the hash that names a Patient's version. Source: none; two states of one account never meet. Confidence C."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A mirrored resource; ``key`` orders the resources of its type."""

    key: int
    indexed: Indexed
    version: Version
    category: str


async def fetch(
    asker: Asker, resource_type: str, grants: Sequence[Grant], criteria: Sequence[Criterion], after: int, count: int
) -> list[tuple[int, Mirrored | None]]:
    """At most ``count`` candidates after key ``after``; None for one not asked for, or not open to the asker."""
    shown: dict[int, Mirrored] = {}
    if resource_type == "Consent":
        rows = await records(asker, after, count)
        shown = {row[0]: _consent(asker, row) for row in rows}
    else:
        rows = await accounts(asker, grants, criteria, after, count)
        shown = await _patients(asker, [row for row in rows if may_be_named(row, criteria)])
    wanted = {
        key: mirrored
        for key, mirrored in shown.items()
        if any(grant.admits(mirrored.indexed) for grant in grants) and all_hold(criteria, mirrored.indexed)
    }
    return [(row[0], wanted.get(row[0])) for row in rows]


async def by_id(
    asker: Asker, resource_type: str, grants: Sequence[Grant], logical_ids: Sequence[str]
) -> list[Mirrored]:
    """The resources of these ids that the asker may have, in order of their key."""
    criteria = (tuple(IdTest(logical_id) for logical_id in logical_ids),)
    found: list[Mirrored] = []
    after = 0
    while True:
        rows = await fetch(asker, resource_type, grants, criteria, after, MAX_LIMIT)
        found += [mirrored for _, mirrored in rows if mirrored is not None]
        if len(rows) < MAX_LIMIT:
            return found
        after = rows[-1][0]


async def _patients(asker: Asker, rows: Sequence[Row]) -> dict[int, Mirrored]:
    """Accounts as Patients, without those whose basic data the asker may not have, and without what else it may not."""
    decided = await asker.decisions([row[0] for row in rows])
    shown: dict[int, Mirrored] = {}
    for row in rows:
        account = row[0]
        if decided[account][PROFILE].permit:
            resource = patient_resource(row, shown_sub(asker.services, asker.call.token, row[1]))
            if not decided[account][CONTACT].permit:
                del resource["telecom"]
            version_id = hashlib.sha256(encode(resource)).hexdigest()[:VERSION_DIGITS]
            shown[account] = _mirrored(asker, (account, account), resource, {"versionId": version_id}, None)
    return shown


def _consent(asker: Asker, row: Row) -> Mirrored:
    meta = {"versionId": str(row[10]), "lastUpdated": instant(row[9])}
    return _mirrored(asker, (row[0], row[11]), consent_resource(row), meta, row[9])


def _mirrored(
    asker: Asker, place: tuple[int, int], resource: dict[str, Any], meta: dict[str, str], updated_at_s: float | None
) -> Mirrored:
    """A resource by its ``place``: key and account."""
    key, account = place
    kind, logical_id = resource["resourceType"], resource["id"]
    content = encode({"resourceType": kind, "id": logical_id, "meta": meta} | resource)
    indexed = index(resource, logical_id, account, asker.base_url)
    return Mirrored(key, indexed, Version(kind, logical_id, meta["versionId"], updated_at_s, content), PROFILE)
