"""Mirrored resources: Patients are the city OS's accounts, Consents its consent records, as FHIR shows them.

Both are read-only here: who lives in the city is the register's to say, and consent is given, changed and withdrawn
through the consents API, which keeps its history and receipts. Nothing is stored twice, so nothing can differ.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.clock import instant
from reference_api.fhir.categories import CONTACT, PROFILE
from reference_api.fhir.compartment import Asker, Grant
from reference_api.fhir.search.criteria import Criterion, all_hold
from reference_api.fhir.search.indexed import Indexed
from reference_api.fhir.search.parameters import index
from reference_api.fhir.search.references import IdTest, account_of, patient_id
from reference_api.fhir.search.tokens import TextTest, TokenTest, fold
from reference_api.fhir.stored import Version
from reference_api.fhir.validation import encode
from reference_api.oidc.subjects import local_sub, shown_sub
from reference_api.paging import MAX_LIMIT
from reference_api.store.protocol import Row

CITY_OS_ID = "https://citytwin.example/fhir/NamingSystem/city-os-id"
"""System of the identifier that a client knows a person by in the city OS. Source: none; ours. Confidence C."""

CONSENT_CODES = "https://citytwin.example/fhir/CodeSystem/consent-"
"""Systems of the consent catalogue's codes begin with it. Source: none; ours. Confidence C."""

CONSENT_MODE = "https://citytwin.example/fhir/StructureDefinition/consent-mode"
"""Extension: a mode (normal, drill, disaster) that the consent holds in. Source: none; ours. Confidence C."""

_REPRESENTATION = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
_KANJI, _KANA = "IDE", "SYL"
"""Source: JP Core 1.2.0, JP_Patient, name."""

_ACCOUNT = "SELECT id, sub, name, name_kana, birth_date, sex, address, phone, email FROM account"
_GENDERS = ("male", "female", "other")
_CONSENT = (
    "SELECT c.id, c.record_id, c.purpose, c.categories, c.recipients, c.modes, c.state, c.valid_from_s,"
    " c.valid_until_s, c.updated_at_s, c.version, a.id FROM consent c JOIN account a ON a.sub = c.subject"
)
_STATES = {"requested": "proposed", "deferred": "proposed", "unknown": "draft", "refused": "rejected"}
"""Consent.status of states of ISO/IEC TS 27560 that are neither valid nor over."""


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
    rows = await _ROWS[resource_type](asker, grants, criteria, after, count)
    found: list[tuple[int, Mirrored | None]] = []
    for row in rows:
        mirrored = None
        if _may_be_named(resource_type, row, criteria):
            mirrored = await show(asker, resource_type, row)
            open_to = any(grant.admits(mirrored.indexed) for grant in grants)
            mirrored = mirrored if open_to and all_hold(criteria, mirrored.indexed) else None
        found.append((row[0], mirrored))
    return found


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


async def show(asker: Asker, resource_type: str, row: Row) -> Mirrored:
    """A row as a resource, without what the asker may not have."""
    if resource_type == "Consent":
        return _mirrored(asker, row[0], row[11], consent_resource(row), str(row[10]), row[9])
    decided = (await asker.decisions((row[0],)))[row[0]]
    resource = patient_resource(row, shown_sub(asker.services, asker.call.token, row[1]))
    if not decided[CONTACT].permit:
        del resource["telecom"]
    version_id = hashlib.sha256(encode(resource)).hexdigest()[:16]
    return _mirrored(asker, row[0], row[0], resource, version_id, None)


def _mirrored(
    asker: Asker, key: int, account: int, resource: dict[str, Any], version_id: str, updated_at_s: float | None
) -> Mirrored:
    meta = {"versionId": version_id} | ({} if updated_at_s is None else {"lastUpdated": instant(updated_at_s)})
    kind, logical_id = resource["resourceType"], resource["id"]
    content = encode({"resourceType": kind, "id": logical_id, "meta": {**resource.pop("meta", {}), **meta}} | resource)
    indexed = index(resource, logical_id, account, asker.base_url)
    return Mirrored(key, indexed, Version(kind, logical_id, version_id, updated_at_s, content), PROFILE)


def patient_resource(row: Row, city_os_id: str) -> dict[str, Any]:
    """A Patient of JP Core from a row of accounts; the city-OS ID is the one that the asker knows."""
    account, _, name, name_kana, birth_date, sex, address, phone, email = row
    return {
        "resourceType": "Patient",
        "id": patient_id(account),
        "identifier": [{"system": CITY_OS_ID, "value": city_os_id}],
        "active": True,
        "name": [_name(name, _KANJI), _name(name_kana, _KANA)],
        "telecom": [
            {"system": system, "value": value} for system, value in (("phone", phone), ("email", email)) if value
        ],
        "gender": sex if sex in _GENDERS else "unknown",
        "birthDate": birth_date,
        "address": [{"text": address, "country": "JP"}],
    }


def _name(text: str, representation: str) -> dict[str, Any]:
    """A name as written; split where it has one blank, as Japanese names are: family name first."""
    parts = text.split()
    split = {"family": parts[0], "given": [parts[1]]} if len(parts) == 2 else {}
    return {
        "extension": [{"url": _REPRESENTATION, "valueCode": representation}],
        "use": "official",
        "text": text,
        **split,
    }


def consent_resource(row: Row) -> dict[str, Any]:
    """A Consent from a row of consent records."""
    (
        _,
        record_id,
        purpose,
        categories,
        recipients,
        modes,
        state,
        valid_from_s,
        valid_until_s,
        updated_at_s,
        _,
        account,
    ) = row
    bounds = (("start", valid_from_s), ("end", valid_until_s))
    period = {name: instant(at_s) for name, at_s in bounds if at_s is not None}
    is_valid = state in load_consent_catalogue().valid_states
    provision = {
        "extension": [{"url": CONSENT_MODE, "valueCode": mode} for mode in modes.split()],
        "type": "deny" if state == "refused" else "permit",
        **({"period": period} if period else {}),
        "actor": [
            {
                "role": {"coding": [{"system": _PARTICIPATION, "code": "IRCP"}]},
                "reference": {"identifier": {"system": CONSENT_CODES + "recipient", "value": code}},
            }
            for code in recipients.split()
        ],
        "action": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": "access"}]}],
        "purpose": _codings("purpose", purpose),
        "class": _codings("category", categories),
    }
    return {
        "resourceType": "Consent",
        "id": record_id,
        "status": "active" if is_valid else _STATES.get(state, "inactive"),
        "scope": {"coding": [{"system": _SCOPES, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{patient_id(account)}"},
        "dateTime": instant(updated_at_s),
        "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
        "provision": provision,
    }


_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"


def _codings(kind: str, codes: str) -> list[dict[str, str]]:
    return [{"system": CONSENT_CODES + kind, "code": code} for code in codes.split()]


async def _accounts(
    asker: Asker, grants: Sequence[Grant], criteria: Sequence[Criterion], after: int, count: int
) -> list[Row]:
    """Accounts that may be asked for, of those in reach whose basic data the asker may have."""
    texts, values = ["id > ?"], list[Any]([after])
    for column, wanted in _narrowed(asker, grants, criteria):
        texts.append(f"{column} IN ({', '.join('?' * len(wanted))})" if wanted else "1 = 0")
        values += sorted(wanted)
    rows = await asker.services.store.all(
        f"{_ACCOUNT} WHERE {' AND '.join(texts)} ORDER BY id LIMIT ?", (*values, count)
    )
    decided = await asker.decisions([row[0] for row in rows])
    # A person who may not be seen keeps a place in the list, so that paging goes on, but nothing else.
    return [row if decided[row[0]][PROFILE].permit else row[:1] for row in rows]


def _narrowed(asker: Asker, grants: Sequence[Grant], criteria: Sequence[Criterion]) -> list[tuple[str, set[Any]]]:
    """Columns of accounts with the values that can match: so that one person is not looked for among all."""
    narrowed: list[tuple[str, set[Any]]] = []
    reached = [grant.accounts for grant in grants]
    if None not in reached:
        narrowed.append(("id", {account for accounts in reached for account in accounts or ()}))
    for criterion in criteria:
        if all(isinstance(test, IdTest) for test in criterion):
            ids = {account_of(test.logical_id) for test in criterion if isinstance(test, IdTest)}
            narrowed.append(("id", ids - {None}))
        elif all(isinstance(test, TokenTest) and test.parameter == "identifier" and test.code for test in criterion):
            known = [
                local_sub(asker.services, asker.call.token, test.code or "")
                for test in criterion
                if isinstance(test, TokenTest)
            ]
            narrowed.append(("sub", {sub for sub in known if sub is not None}))
    return narrowed


def _may_be_named(resource_type: str, row: Row, criteria: Sequence[Criterion]) -> bool:
    """False for a row that is not to be shown, or surely has not the name that is asked for."""
    if len(row) == 1:
        return False
    named = [criterion for criterion in criteria if all(isinstance(test, TextTest) for test in criterion)]
    if resource_type != "Patient" or not named:
        return True
    folded = (fold(row[2]), fold(row[3]))
    return all(
        any(test.folded in text for test in criterion if isinstance(test, TextTest) for text in folded)
        for criterion in named
    )


async def _consents(
    asker: Asker, _grants: Sequence[Grant], _criteria: Sequence[Criterion], after: int, count: int
) -> list[Row]:
    """The subject's own records: what somebody agreed to is shown to nobody else."""
    if asker.own is None or not asker.is_the_person:
        return []
    return await asker.services.store.all(
        f"{_CONSENT} WHERE a.id = ? AND c.id > ? ORDER BY c.id LIMIT ?", (asker.own, after, count)
    )


_ROWS = {"Patient": _accounts, "Consent": _consents}
