"""Mirrored resources: Patients and Consents, made of what the city OS keeps elsewhere whenever they are asked for.

Searches find a client's own Patients, without accounts, after those of accounts.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reference_api.clock import instant
from reference_api.fhir.categories import CONTACT, PROFILE
from reference_api.fhir.compartment import Asker, Grant
from reference_api.fhir.consent_resources import ConsentRow, consent_resource, record_versions, records
from reference_api.fhir.outcome import refused
from reference_api.fhir.own_patients import own_rows
from reference_api.fhir.patients import CITY_OS_ID, accounts, may_be_named, patient_resource
from reference_api.fhir.search.criteria import Criterion, all_hold, condition
from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.parameters import index
from reference_api.fhir.search.references import IdTest
from reference_api.fhir.search.tokens import TokenTest
from reference_api.fhir.smart import CREATE, SEARCH
from reference_api.fhir.stored import UPDATED, Version
from reference_api.fhir.validation import encode
from reference_api.oidc.subjects import shown_sub
from reference_api.paging import MAX_LIMIT
from reference_api.store.protocol import Row

FIRST_OWN = 2**40
"""Keys of a client's own Patients begin after it. Source: none; more than accounts of any country. Confidence C."""

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
    rows: Sequence[Row]
    if resource_type == "Consent":
        kept = await records(asker, after, count)
        rows, shown = kept, {row.key: _consent(asker, row) for row in kept}
    else:
        rows = await accounts(asker, grants, criteria, after, count) if after < FIRST_OWN else []
        shown = await _patients(asker, [row for row in rows if may_be_named(row, criteria)])
    wanted = {
        key: mirrored
        for key, mirrored in shown.items()
        if any(grant.admits(mirrored.indexed) for grant in grants) and all_hold(criteria, mirrored.indexed)
    }
    found = [(row[0], wanted.get(row[0])) for row in rows]
    if resource_type == "Patient" and asker.own is None and len(found) < count:
        found += await _own_patients(asker, grants, criteria, max(0, after - FIRST_OWN), count - len(found))
    return found


async def _own_patients(
    asker: Asker, grants: Sequence[Grant], criteria: Sequence[Criterion], after: int, count: int
) -> list[tuple[int, Mirrored | None]]:
    """The client's own Patients, by keys that come after those of accounts."""
    asked, values = condition(criteria)
    opened = [grant.condition() for grant in grants]
    where = f"({' OR '.join(f'({text})' for text, _ in opened)}) AND {asked}"
    bound = [*(value for _, of_grant in opened for value in of_grant), *values]
    rows = await own_rows(asker.services.store, asker.call.token.client_id, (where, bound), after, count)
    return [(FIRST_OWN + row[0], _own(row)) for row in rows]


def _own(row: Row) -> Mirrored:
    key, number, logical_id, version, updated_at_s, content = row
    indexed = Indexed(logical_id, number, frozenset())
    return Mirrored(key, indexed, Version("Patient", logical_id, str(version), updated_at_s, content.encode()), PROFILE)


async def linked_patient(asker: Asker, resource: Mapping[str, Any]) -> str | None:
    """Logical id of the account's Patient that a Patient to be made is, by a city-OS ID; None if it has none.

    Raises:
        ApiError: insufficient-scope; validation, alike for an ID of nobody and of somebody whom the asker may not know.
    """
    named = [one for one in resource.get("identifier", ()) if one.get("system") == CITY_OS_ID]
    if not named:
        return None
    await asker.grants("Patient", CREATE)
    grants = await asker.grants("Patient", SEARCH)
    criteria = [(TokenTest("identifier", CITY_OS_ID, one.get("value", "")),) for one in named]
    found = [one for _, one in await fetch(asker, "Patient", grants, criteria, 0, 1) if one is not None]
    if not found:
        raise refused("validation", "not-found", "Nobody whom you may know has this city-OS ID", "Patient.identifier")
    return found[0].version.logical_id


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


def _consent(asker: Asker, row: ConsentRow) -> Mirrored:
    meta = {"versionId": row.version_id, "lastUpdated": instant(row.updated_at_s)}
    return _mirrored(asker, (row.key, row.account), consent_resource(row), meta, row.updated_at_s)


async def consent_versions(asker: Asker, logical_id: str) -> list[Version]:
    """Every version of one of the subject's own Consents, the newest first."""
    versions = [_consent(asker, row).version for row in await record_versions(asker, logical_id)]
    return [*(replace(version, method=UPDATED) for version in versions[:-1]), *versions[-1:]]


def _mirrored(
    asker: Asker, place: tuple[int, int], resource: dict[str, Any], meta: dict[str, str], updated_at_s: float | None
) -> Mirrored:
    """A resource by its ``place``: key and account."""
    key, account = place
    kind, logical_id = resource["resourceType"], resource["id"]
    content = encode({"resourceType": kind, "id": logical_id, "meta": meta} | resource)
    indexed = index(resource, logical_id, account, asker.base_url)
    return Mirrored(key, indexed, Version(kind, logical_id, meta["versionId"], updated_at_s, content), PROFILE)
