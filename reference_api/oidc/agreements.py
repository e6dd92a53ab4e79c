"""Agreements: what a person agreed to with a client before, so that the same is not asked twice."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from reference_api.oidc.claims import individual_claims, load_rules
from reference_api.oidc.clients import PUBLIC, read_client
from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.grants import Granted
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.services import Services


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a person granted, and the records (public ids) of every consent that was made of it."""

    granted: Granted
    consents: tuple[str, ...]


async def asked_scopes(services: Services, request: AuthorizationRequest) -> frozenset[str]:
    """Scopes that a request asks for: by name, or by one of their claims."""
    named = {name for part in request.claims.values() for name in part}
    client = await read_client(services.store, request.client_id) if named else None
    if client is None:
        return frozenset(request.scope)
    rules = load_rules().claims
    claims = individual_claims(named, client.scopes)
    by_claim = {scope for name in claims for scope in rules[name].scopes if scope in client.scopes}
    return frozenset((*request.scope, *by_claim))


async def remembered(services: Services, request: AuthorizationRequest, sub: str, now_s: float) -> Granted | None:
    """What the person (local ID) granted when the same client asked for the same; None if they are to be asked.

    An agreement counts for the same details and for scopes that are among its own, while every consent made of it
    holds. Source: OpenID Connect Core 1.0 section 3.1.2.4.
    """
    row = await services.store.one(
        "SELECT scope, details, consents FROM agreement WHERE sub = ? AND client_id = ? AND asked = ?",
        (sub, request.client_id, _fingerprint(request)),
    )
    if row is None or not await asked_scopes(services, request) <= set(row[0].split()):
        return None
    if not await _all_hold(services, row[2].split(), now_s):
        return None
    return Granted(request.scope, msgspec.json.decode(row[1], type=tuple[ConsentDetail, ...]))


async def is_assured(services: Services, request: AuthorizationRequest) -> bool:
    """Whether nobody but the client gets the answer, so that a person need not be asked again.

    Any program on a person's device can name a public client, and take the answer on loopback or by the app's scheme.
    Source: RFC 8252 section 8.6, RFC 6749 section 10.2.
    """
    client = await read_client(services.store, request.client_id)
    return client is not None and (client.auth_method != PUBLIC or urlsplit(request.redirect_uri).scheme == "https")


async def remember(
    services: Services, request: AuthorizationRequest, sub: str, agreement: Agreement, now_s: float
) -> None:
    """Keep what the person granted in place of what was kept before. Call it in a transaction."""
    await services.store.run(
        "INSERT INTO agreement (sub, client_id, asked, scope, details, consents, agreed_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sub, client_id, asked) DO UPDATE SET scope = excluded.scope, details = excluded.details,"
        " consents = excluded.consents, agreed_at_s = excluded.agreed_at_s",
        (
            sub,
            request.client_id,
            _fingerprint(request),
            " ".join(sorted(await asked_scopes(services, request))),
            msgspec.json.encode(agreement.granted.authorization_details).decode(),
            " ".join(agreement.consents),
            now_s,
        ),
    )


async def _all_hold(services: Services, consent_ids: Sequence[str], now_s: float) -> bool:
    for consent_id in consent_ids:
        row = await services.store.one(
            "SELECT 1 FROM consent WHERE record_id = ? AND client_id IS NOT NULL AND state IN ('given', 'renewed')"
            " AND (valid_until_s IS NULL OR valid_until_s > ?)",
            (consent_id, now_s),
        )
        if row is None:
            return False
    return True


def _fingerprint(request: AuthorizationRequest) -> str:
    return hashlib.sha256(msgspec.json.encode(request.authorization_details)).hexdigest()
