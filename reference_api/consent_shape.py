"""Consent records as they are shown: the members of ISO/IEC TS 27560:2023 under the contract's names."""

from collections.abc import Mapping, Sequence

import msgspec

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.clock import instant
from reference_api.consent_records import StoredConsent
from reference_api.consent_requests import DAY_S
from reference_api.notices import controller_of, notice, notice_uri
from reference_api.services import Services
from reference_api.store.protocol import Row


async def histories(services: Services, records: Sequence[StoredConsent]) -> Mapping[int, list[Row]]:
    """Events of each record (at most a page of them) in order: type, state, time, entity, method, evidence."""
    found: dict[int, list[Row]] = {record.number: [] for record in records}
    if records:
        marks = ", ".join("?" * len(records))
        rows = await services.store.all(
            "SELECT consent_id, type, state, at_s, entity_id, method, evidence FROM consent_event"
            f" WHERE consent_id IN ({marks}) ORDER BY id",
            list(found),
        )
        for row in rows:
            found[row[0]].append(row[1:])
    return found


def shape(
    services: Services, record: StoredConsent, history: Sequence[Row], known_as: str, now_s: float
) -> dict[str, object]:
    """The record as the contract's schema ConsentRecord; ``known_as`` is the person's subject towards who reads it."""
    catalogue = load_consent_catalogue()
    rules = catalogue.record
    return {
        "record_id": record.record_id,
        "schema_version": catalogue.schema_version,
        "pii_principal_id": known_as,
        "controller": _controller(services, record.language),
        "notice": {
            "uri": notice_uri(services.settings, record.purpose),
            "hash": record.notice_hash or notice(services.settings, record.purpose, record.language).hash,
            "language": record.language,
        },
        "legal_basis": "consent",
        "purpose": record.purpose,
        "data_categories": record.categories.split(),
        "recipients": record.recipients.split(),
        "modes": record.modes.split(),
        "actions": record.actions.split(),
        "client_id": record.client_id,
        "state": record.state_at(now_s),
        "valid_from": None if record.valid_from_s is None else instant(record.valid_from_s),
        "valid_until": None if record.valid_until_s is None else instant(record.valid_until_s),
        "validity_duration": _duration(record),
        "retention_period": f"P{catalogue.purposes[record.purpose].retention_days}D",
        "storage_location": rules.storage_location,
        "jurisdiction": rules.jurisdiction,
        "withdrawal_method": rules.withdrawal_method.format(consent_id=record.record_id),
        "events": [_event(row, record.subject, known_as) for row in history],
        "updated_at": instant(record.updated_at_s),
    }


def _controller(services: Services, language: str) -> dict[str, str]:
    party = controller_of(services.settings)
    name, address = party.party_name, party.party_address
    return {
        "party_id": services.settings.municipality,
        "party_type": party.party_type,
        "party_name": name.ja if language == "ja" else name.en,
        "party_address": address.ja if language == "ja" else address.en,
        "party_contact": party.party_contact,
    }


def _duration(record: StoredConsent) -> str | None:
    """How long it runs in all, as ISO 8601 has durations, in whole days upwards; None where it has no end."""
    if record.valid_until_s is None:
        return None
    start_s = record.updated_at_s if record.valid_from_s is None else record.valid_from_s
    return f"P{max(0, -int((start_s - record.valid_until_s) // DAY_S))}D"


def _event(row: Row, subject: str, known_as: str) -> dict[str, object]:
    kind, state, at_s, entity_id, method, evidence = row
    return {
        "type": kind,
        "state": state,
        "time": instant(at_s),
        "entity_id": known_as if entity_id == subject else entity_id,
        "method": method,
        "evidence": msgspec.json.decode(evidence),
    }
