"""Agreements: what a person agreed to with a client before, so that the same is not asked twice."""

import hashlib
from collections.abc import Sequence

import msgspec

from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.grants import Granted
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.services import Services


async def remembered(services: Services, request: AuthorizationRequest, sub: str, now_s: float) -> Granted | None:
    """What the person (local ID) granted when the same client asked for the same; None if they are to be asked.

    An agreement counts for the same details and for scopes that are among its own, while every consent made of it
    holds. Source: OpenID Connect Core 1.0 section 3.1.2.4.
    """
    row = await services.store.one(
        "SELECT scope, details FROM agreement WHERE sub = ? AND client_id = ? AND asked = ?",
        (sub, request.client_id, _fingerprint(request)),
    )
    if row is None or not set(request.scope) <= set(row[0].split()):
        return None
    details = msgspec.json.decode(row[1], type=tuple[ConsentDetail, ...])
    if not await _all_hold(services, [detail.consent_id or "" for detail in details], now_s):
        return None
    return Granted(request.scope, details)


async def remember(services: Services, request: AuthorizationRequest, sub: str, granted: Granted, now_s: float) -> None:
    """Keep what the person granted; scopes agreed to before stay. Call it in a transaction."""
    asked = _fingerprint(request)
    row = await services.store.one(
        "SELECT scope FROM agreement WHERE sub = ? AND client_id = ? AND asked = ?", (sub, request.client_id, asked)
    )
    scope = dict.fromkeys([*("" if row is None else row[0]).split(), *granted.scope])
    details = msgspec.json.encode(granted.authorization_details).decode()
    await services.store.run(
        "INSERT INTO agreement (sub, client_id, asked, scope, details, agreed_at_s) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (sub, client_id, asked) DO UPDATE SET scope = excluded.scope, details = excluded.details,"
        " agreed_at_s = excluded.agreed_at_s",
        (sub, request.client_id, asked, " ".join(scope), details, now_s),
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
