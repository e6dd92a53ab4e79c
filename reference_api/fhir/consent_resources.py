"""Consents: the consent records of the city OS as FHIR shows them, to the person and to nobody else.

Each event of a record (given, renewed, withdrawn ...) makes a version.
"""

from typing import Any, NamedTuple

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.clock import instant
from reference_api.fhir.compartment import Asker
from reference_api.fhir.consent_codes import (
    ACCESS,
    CONSENT_CODES,
    CONSENT_DOCUMENT,
    CONSENT_MODE,
    OPT_IN,
    PRIVACY,
    RECIPIENT,
)
from reference_api.fhir.search.references import patient_id
from reference_api.store.protocol import Row

EXPIRED, OVER = "expired", "-expired"
"""State of a record whose time is over, and what the id of that version ends with."""

_CONSENT = (
    "SELECT c.id, c.record_id, c.purpose, c.categories, c.recipients, c.modes, c.state, c.valid_from_s,"
    " c.valid_until_s, c.updated_at_s, c.version, a.id FROM consent c JOIN account a ON a.sub = c.subject"
)


class ConsentRow(NamedTuple):
    """A record as it is or was at one version; times are Unix seconds, lists of codes are separated by blanks."""

    key: int
    record_id: str
    purpose: str
    categories: str
    recipients: str
    modes: str
    state: str
    valid_from_s: float | None
    valid_until_s: float | None
    updated_at_s: float
    version_id: str
    account: int


_STATES = {"requested": "proposed", "deferred": "proposed", "unknown": "draft", "refused": "rejected"}
"""Consent.status of states of ISO/IEC TS 27560 that are neither valid nor over."""


async def records(asker: Asker, after: int, count: int) -> list[ConsentRow]:
    """At most ``count`` of the subject's own records after a row: what somebody agreed to is shown to nobody else."""
    if asker.own is None or not asker.is_the_person:
        return []
    rows = await asker.services.store.all(
        f"{_CONSENT} WHERE a.id = ? AND c.id > ? ORDER BY c.id LIMIT ?", (asker.own, after, count)
    )
    return [_at_time(_kept(row), asker.call.now_s) for row in rows]


async def record_versions(asker: Asker, record_id: str) -> list[ConsentRow]:
    """What one of the subject's own records was at each of its events, the newest first; none if there is no such."""
    found = await asker.services.store.one(f"{_CONSENT} WHERE a.id = ? AND c.record_id = ?", (asker.own, record_id))
    if found is None:
        return []
    record = _kept(found)
    events = await asker.services.store.all(
        "SELECT state, at_s, valid_until_s FROM consent_event WHERE consent_id = ? ORDER BY id", (record.key,)
    )
    present = _at_time(record, asker.call.now_s)
    versions = [
        record._replace(
            state=state,
            updated_at_s=at_s,
            valid_until_s=record.valid_until_s if until_s is None else until_s,
            version_id=str(number),
        )
        for number, (state, at_s, until_s) in enumerate(events, 1)
    ]
    return versions[::-1] if versions and present.version_id == versions[-1].version_id else [present, *versions[::-1]]


def _kept(row: Row) -> ConsentRow:
    return ConsentRow(*row)._replace(version_id=str(row[10]))


def _at_time(row: ConsentRow, now_s: float) -> ConsentRow:
    """The record as it is now: its end makes a version of its own, since a version never changes."""
    over_s = row.valid_until_s
    if over_s is None or over_s > now_s or row.state not in load_consent_catalogue().valid_states:
        return row
    return row._replace(state=EXPIRED, updated_at_s=over_s, version_id=row.version_id + OVER)


def consent_resource(row: ConsentRow) -> dict[str, Any]:
    """A Consent from a record."""
    bounds = (("start", row.valid_from_s), ("end", row.valid_until_s))
    period = {name: instant(at_s) for name, at_s in bounds if at_s is not None}
    is_valid = row.state in load_consent_catalogue().valid_states
    provision = {
        "extension": [{"url": CONSENT_MODE, "valueCode": mode} for mode in row.modes.split()],
        "type": "deny" if row.state == "refused" else "permit",
        **({"period": period} if period else {}),
        "actor": [
            {
                "role": {"coding": [{"system": RECIPIENT[0], "code": RECIPIENT[1]}]},
                "reference": {"identifier": {"system": CONSENT_CODES + "recipient", "value": code}},
            }
            for code in row.recipients.split()
        ],
        "action": [{"coding": [{"system": ACCESS[0], "code": ACCESS[1]}]}],
        "purpose": _codings("purpose", row.purpose),
        "class": _codings("category", row.categories),
    }
    return {
        "resourceType": "Consent",
        "id": row.record_id,
        "status": "active" if is_valid else _STATES.get(row.state, "inactive"),
        "scope": {"coding": [{"system": PRIVACY[0], "code": PRIVACY[1]}]},
        "category": [{"coding": [{"system": CONSENT_DOCUMENT[0], "code": CONSENT_DOCUMENT[1]}]}],
        "patient": {"reference": f"Patient/{patient_id(row.account)}"},
        "dateTime": instant(row.updated_at_s),
        "policyRule": {"coding": [{"system": OPT_IN[0], "code": OPT_IN[1]}]},
        "provision": provision,
    }


def _codings(kind: str, codes: str) -> list[dict[str, str]]:
    return [{"system": CONSENT_CODES + kind, "code": code} for code in codes.split()]
