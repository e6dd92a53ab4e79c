"""Patients without an account: a client's own record of somebody, seen by that client only.

Each has a negative number where the Patient of an account has the account's row.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from reference_api.consent import OWN
from reference_api.disclosure import Decisions
from reference_api.fhir.categories import PATIENT_CATEGORIES
from reference_api.fhir.search.references import MAX_DIGITS
from reference_api.store.protocol import Row, Store

OWN_RECORD: Decisions = dict.fromkeys(PATIENT_CATEGORIES, OWN)
"""The decisions on what a client wrote about its own Patient: it recorded itself what it asks for."""


def new_number() -> int:
    """A number that nobody has and nobody guesses."""
    return -1 - secrets.randbelow(10**MAX_DIGITS - 1)


async def keep_owner(store: Store, number: int, client_id: str) -> None:
    """Note whose record a Patient is; within the transaction that writes it."""
    await store.run(
        "INSERT INTO fhir_patient (account_id, client_id) VALUES (?, ?) ON CONFLICT (account_id) DO NOTHING",
        (number, client_id),
    )


async def owned(store: Store, client_id: str, numbers: Collection[int]) -> Mapping[int, Decisions]:
    """Those of the numbers that are a client's own Patients, with what it may have of them: everything."""
    if not numbers:
        return {}
    marks = ", ".join("?" * len(numbers))
    rows = await store.all(
        f"SELECT account_id FROM fhir_patient WHERE client_id = ? AND account_id IN ({marks})", (client_id, *numbers)
    )
    return {row[0]: OWN_RECORD for row in rows}


async def own_rows(
    store: Store, client_id: str, condition: tuple[str, Sequence[Any]], after: int, count: int
) -> list[Row]:
    """At most ``count`` of a client's own Patients after a row, of which a condition on row ``r`` holds.

    Row, number, logical id, version, time of the last change (Unix seconds), content.
    """
    where, values = condition
    return await store.all(
        "SELECT r.id, r.account_id, r.logical_id, r.version, r.updated_at_s, v.content FROM fhir_patient p"
        " JOIN fhir_resource r ON r.account_id = p.account_id AND r.type = 'Patient'"
        " JOIN fhir_version v ON v.resource_id = r.id AND v.version = r.version"
        f" WHERE p.client_id = ? AND r.deleted = 0 AND r.id > ? AND {where} ORDER BY r.id LIMIT ?",
        (client_id, after, *values, count),
    )


async def has_data(store: Store, number: int) -> bool:
    """Whether anything is kept of a patient but the Patient."""
    row = await store.one(
        "SELECT 1 FROM fhir_resource WHERE account_id = ? AND type <> 'Patient' AND deleted = 0", (number,)
    )
    return row is not None
