"""Consents: the consent records of the city OS as FHIR shows them, to the person and to nobody else.

Read-only here: consent is given, changed and withdrawn through the consents API, which keeps history and receipts.
"""

from typing import Any

from conformance.contract.catalogue import load_consent_catalogue
from reference_api.clock import instant
from reference_api.fhir.compartment import Asker
from reference_api.fhir.search.references import patient_id
from reference_api.store.protocol import Row

CONSENT_CODES = "https://citytwin.example/fhir/CodeSystem/consent-"
"""Systems of the consent catalogue's codes begin with it. Source: none; ours. Confidence C."""

CONSENT_MODE = "https://citytwin.example/fhir/StructureDefinition/consent-mode"
"""Extension: a mode (normal, drill, disaster) that the consent holds in. Source: none; ours. Confidence C."""

_CONSENT = (
    "SELECT c.id, c.record_id, c.purpose, c.categories, c.recipients, c.modes, c.state, c.valid_from_s,"
    " c.valid_until_s, c.updated_at_s, c.version, a.id FROM consent c JOIN account a ON a.sub = c.subject"
)
_STATES = {"requested": "proposed", "deferred": "proposed", "unknown": "draft", "refused": "rejected"}
"""Consent.status of states of ISO/IEC TS 27560 that are neither valid nor over."""


async def records(asker: Asker, after: int, count: int) -> list[Row]:
    """At most ``count`` of the subject's own records after a row: what somebody agreed to is shown to nobody else."""
    if asker.own is None or not asker.is_the_person:
        return []
    return await asker.services.store.all(
        f"{_CONSENT} WHERE a.id = ? AND c.id > ? ORDER BY c.id LIMIT ?", (asker.own, after, count)
    )


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
