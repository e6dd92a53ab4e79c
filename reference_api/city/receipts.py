"""Receipts: a consent record signed by the city OS, to be kept by the person and verified by anybody.

People keep receipts for longer than the authorization server keeps its keys published; therefore the public halves of
all keys that signed receipts are published for good, apart from the JWK set for tokens.
"""

import uuid

import msgspec

from reference_api.call import Call, Reply
from reference_api.city.conditional import json_with_etag, quoted
from reference_api.city.consents import PRIVATE, own_record
from reference_api.consent_records import StoredConsent
from reference_api.consent_shape import histories, shape
from reference_api.notices import notice
from reference_api.oidc.key_ring import signing_key
from reference_api.oidc.keys import ES256
from reference_api.oidc.subjects import shown_sub
from reference_api.services import Services

RECEIPT_TYPE = "consent-receipt+jwt"
"""Media type of the token without its prefix. Source: RFC 8725 section 3.11, explicit typing; the name is ours."""


async def get_consent_receipt(services: Services, call: Call) -> Reply:
    """The receipt of the record as it stands; the same version of a record always has the same receipt."""
    record = await own_record(services, call, call.parameters["consent_id"])
    which = (record.number, record.version, call.token.sector or "")
    jws = await _kept(services, which)
    if jws is None:
        receipt_id = str(uuid.uuid4())
        key = await signing_key(services, ES256, call.now_s)
        signed = key.sign(await _claims(services, call, record, receipt_id), RECEIPT_TYPE)
        async with services.store.transaction():
            await services.store.run(
                "INSERT INTO receipt_key (kid, jwk, first_used_at_s) VALUES (?, ?, ?) ON CONFLICT (kid) DO NOTHING",
                (key.kid, msgspec.json.encode(key.public_jwk()).decode(), call.now_s),
            )
            await services.store.run(
                "INSERT INTO consent_receipt (receipt_id, consent_id, version, sector, issued_at_s, jws)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (consent_id, version, sector) DO NOTHING",
                (receipt_id, *which, call.now_s, signed),
            )
            jws = await _kept(services, which) or signed
    headers = {**PRIVATE, "etag": record.etag(record.updated_at_s)}
    return Reply(body=jws.encode("ascii"), headers=headers, media_type="application/jwt")


async def get_receipt_keys(services: Services, call: Call) -> Reply:
    """The public keys of every receipt that was issued here, as a JWK set (RFC 7517)."""
    rows = await services.store.all("SELECT jwk FROM receipt_key ORDER BY first_used_at_s, kid")
    body, etag = json_with_etag({"keys": [msgspec.Raw(row[0].encode()) for row in rows]})
    return quoted(call, body, etag)


async def _kept(services: Services, which: tuple[int, int, str]) -> str | None:
    row = await services.store.one(
        "SELECT jws FROM consent_receipt WHERE consent_id = ? AND version = ? AND sector = ?", which
    )
    return None if row is None else str(row[0])


async def _claims(services: Services, call: Call, record: StoredConsent, receipt_id: str) -> dict[str, object]:
    """The record as claims, with the words of the notice, so that it can be understood without asking anybody."""
    known_as = shown_sub(services, call.token, record.subject)
    history = await histories(services, [record])
    told = notice(services.settings, record.purpose, record.language)
    return {
        "iss": services.settings.issuer,
        "sub": known_as,
        "iat": int(call.now_s),
        "jti": receipt_id,
        "receipt": {
            "receipt_id": receipt_id,
            **shape(services, record, history[record.number], known_as, record.updated_at_s),
            "notice_text": told.sections,
        },
    }
