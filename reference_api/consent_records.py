"""Consent records: kept, and changed by events."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from conformance.contract.catalogue import load_consent_catalogue
from reference_api import events
from reference_api.clock import instant
from reference_api.consent_requests import term_s
from reference_api.errors import ApiError
from reference_api.notices import notice
from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.grants import revoke_grants_of_consent
from reference_api.services import Services
from reference_api.store.protocol import Row

MAX_RECORDS = 1000
"""Records of one person, whatever their state: a bound against exhaustion, since each decision reads them all.

Source: none; thirteen purposes renewed every year for a lifetime. Confidence C.
"""
FIRST_EVENTS: Mapping[str, str] = {"given": "give", "refused": "refuse", "requested": "request"}
"""The event that makes a record, by the state it is made in."""
COLUMNS = (
    "id, record_id, subject, purpose, categories, recipients, modes, state, valid_from_s, valid_until_s, actions,"
    " locations, client_id, language, notice_hash, updated_at_s, version"
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Through whom a record came to its state.

    ``client_id`` is the client that asked the person, or that staff used; None where the person came by themselves.
    ``method`` is one of the catalogue; ``evidence`` says what staff saw; ``language`` is that of the notice shown.
    """

    client_id: str | None = None
    method: str = "self"
    evidence: Mapping[str, str] = field(default_factory=dict)
    language: str = "ja"

    def entity(self, subject: str) -> str:
        """Who acted: the person, or the client that staff used."""
        return subject if self.method == "self" or self.client_id is None else self.client_id


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """A record as it is kept; times are Unix seconds, lists of codes are separated by blanks."""

    number: int
    record_id: str
    subject: str
    purpose: str
    categories: str
    recipients: str
    modes: str
    state: str
    valid_from_s: float | None
    valid_until_s: float | None
    actions: str
    locations: str
    client_id: str | None
    language: str
    notice_hash: str
    updated_at_s: float
    version: int

    def state_at(self, now_s: float) -> str:
        """The state it shows: one that counts is expired once its time is over."""
        over = self.valid_until_s is not None and self.valid_until_s <= now_s
        return "expired" if over and self.state in load_consent_catalogue().valid_states else self.state

    def etag(self, now_s: float) -> str:
        """Strong entity tag of the record as it shows now."""
        return f'"{self.version}-{self.state_at(now_s)}"'


def stored(row: Row) -> StoredConsent:
    """A row of ``COLUMNS``."""
    return StoredConsent(*row)


async def record_consent(
    services: Services, subject: str, detail: ConsentDetail, origin: Origin, now_s: float, *, state: str = "given"
) -> str:
    """Keep a valid detail as a record of the person (local ID) and give its id. Call it in a transaction.

    ``state`` is given, refused or requested. The person hears of what others recorded for them.

    Raises:
        ApiError: conflict, if the person has absurdly many records.
    """
    row = await services.store.one("SELECT count(*) FROM consent WHERE subject = ?", (subject,))
    if row is not None and row[0] >= MAX_RECORDS:
        raise ApiError("conflict", f"a person has {MAX_RECORDS} consent records at most")
    kept = _new(services, subject, detail, origin, now_s, state)
    marks = ", ".join("?" * len(kept))
    inserted = await services.store.one(
        f"INSERT INTO consent ({COLUMNS.removeprefix('id, ')}) VALUES ({marks}) RETURNING {COLUMNS}", kept
    )
    record = stored(_found(inserted))
    await _append(services, record, FIRST_EVENTS[state], origin)
    if origin.method != "self" or state == "requested":
        await _tell_person(services, record, origin, now_s)
    return record.record_id


def _new(
    services: Services, subject: str, detail: ConsentDetail, origin: Origin, now_s: float, state: str
) -> tuple[object, ...]:
    return (
        str(uuid.uuid4()),
        subject,
        detail.purpose,
        " ".join(detail.datatypes),
        " ".join(detail.recipients),
        " ".join(detail.modes),
        state,
        now_s,
        term_s(detail, now_s),
        " ".join(detail.actions),
        " ".join(detail.locations),
        origin.client_id,
        origin.language,
        notice(services.settings, detail.purpose, origin.language).hash,
        now_s,
        1,
    )


async def move(
    services: Services, record: StoredConsent, event: str, origin: Origin, now_s: float, *, until_s: float | None = None
) -> StoredConsent:
    """Let an event of the catalogue happen to a record. Call it in a transaction that read the record.

    ``until_s`` is when it then ends, if that changes. A withdrawal ends tokens that rested on it alone, and those who
    were given data are told.

    Raises:
        ApiError: conflict, if the event does not lead from the record's state.
    """
    rule = load_consent_catalogue().events[event]
    if record.state not in rule.sources:
        raise ApiError("conflict", f"the record is {record.state_at(now_s)}")
    changed = stored(
        _found(
            await services.store.one(
                "UPDATE consent SET state = ?, valid_until_s = ?, updated_at_s = ?, version = version + 1 WHERE id = ?"
                f" RETURNING {COLUMNS}",
                (rule.target, record.valid_until_s if until_s is None else until_s, now_s, record.number),
            )
        )
    )
    await _append(services, changed, event, origin)
    if event == "withdraw":
        await revoke_grants_of_consent(services, record.record_id, now_s)
        await _tell_recipients(services, changed, now_s)
    return changed


async def _append(services: Services, record: StoredConsent, event: str, origin: Origin) -> None:
    await services.store.run(
        "INSERT INTO consent_event (consent_id, type, state, at_s, entity_id, method, evidence, valid_until_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.number,
            event,
            record.state,
            record.updated_at_s,
            origin.entity(record.subject),
            origin.method,
            msgspec.json.encode(origin.evidence).decode(),
            record.valid_until_s,
        ),
    )


async def _tell_person(services: Services, record: StoredConsent, origin: Origin, now_s: float) -> None:
    """The apps that act for citizens are told what was recorded or asked in the person's name (need N3)."""
    apps = [one for one in await events.receivers(services, "consent-recorded") if one.role == "citizen_app"]
    payload = {**_told(record), "state": record.state, "method": origin.method, "recorded_at": instant(now_s)}
    await events.tell(services, "consent-recorded", apps, payload, now_s, sub=record.subject)


async def _tell_recipients(services: Services, record: StoredConsent, now_s: float) -> None:
    """Whoever the record let see data, and who asked for it, must stop (contract C4)."""
    row = await services.store.one("SELECT neighbourhood FROM account WHERE sub = ?", (record.subject,))
    named = set(record.recipients.split())
    if row is not None and "association" in named:
        named.add(f"association:{row[0]}")
    towards = [
        one
        for one in await events.receivers(services, "consent-withdrawn")
        if one.client_id == record.client_id or not named.isdisjoint((one.recipient, f"service:{one.client_id}"))
    ]
    payload = {**_told(record), "withdrawn_at": instant(now_s)}
    await events.tell(services, "consent-withdrawn", towards, payload, now_s, sub=record.subject)


def _told(record: StoredConsent) -> dict[str, object]:
    return {
        "consent_id": record.record_id,
        "purpose": record.purpose,
        "data_categories": record.categories.split(),
        "recipients": record.recipients.split(),
        "modes": record.modes.split(),
    }


def _found(row: Row | None) -> Row:
    if row is None:
        raise ApiError("not-found")
    return row
