"""Redeeming an authorization code, once (RFC 6749 section 4.1.3, RFC 7636 section 4.6)."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from reference_api.call import Call
from reference_api.errors import OAuthError
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.grants import REVOKED, Grant, forget_old_grants, read_grant, revoke_grant
from reference_api.oidc.issuing import Redeemed, narrowed_resources
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.refresh_tokens import new_refresh_token
from reference_api.oidc.scopes import OFFLINE_ACCESS
from reference_api.services import Services, sha256_text
from reference_api.store.protocol import Row

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
"""Source: RFC 7636 section 4.1."""

REPLAY_NOTICED_S = 86_400.0
"""How long a redeemed code is remembered, in seconds. Source: none; longer than access tokens live. Confidence C."""


async def redeem_code(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Redeemed:
    """The grant of a code; a code that comes again ends its grant and every token of it.

    Raises:
        OAuthError: invalid_grant, invalid_request or invalid_target. Source: RFC 6749 sections 4.1.2 and 5.2.
    """
    code = sha256_text(form.require("code"))
    row = await services.store.one(
        "SELECT grant_id, client_id, redirect_uri, code_challenge, expires_at_s, used_at_s FROM authorization_code"
        " WHERE code_sha256 = ?",
        (code,),
    )
    grant = None if row is None else await read_grant(services, row[0])
    if row is None or grant is None or row[1] != client.client_id:
        raise OAuthError("invalid_grant", "the code is not valid")
    _check(row, form, call.now_s, replayed=row[5] is not None)
    narrowed_resources(services, grant, form)
    redeemed = await _use(services, code, grant, call.now_s)
    if redeemed is None:
        await _end(services, grant, call.now_s)
        raise OAuthError("invalid_grant", "the code is not valid")
    return redeemed


def _check(row: Row, form: Parameters, now_s: float, *, replayed: bool) -> None:
    """Whether the one who got the code sends it, from where it was sent to, in time.

    A code that comes again is judged no further: that it does is what matters.
    """
    verifier = form.require("code_verifier")
    redirect_uri = form.require("redirect_uri")
    if replayed:
        return
    if row[4] <= now_s:
        raise OAuthError("invalid_grant", "the code is not valid")
    if redirect_uri != row[2]:
        raise OAuthError("invalid_grant", "redirect_uri is not that of the authorization request")
    if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(challenge_of(verifier), row[3]):
        raise OAuthError("invalid_grant", "code_verifier does not match code_challenge")


def challenge_of(verifier: str) -> str:
    """The code challenge of a verifier by S256. Source: RFC 7636 section 4.2."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).decode().rstrip("=")


async def _use(services: Services, code: str, grant: Grant, now_s: float) -> Redeemed | None:
    """Mark the code as used, with the refresh token that is given for it; None if it was used before."""
    scope = grant.granted.scope
    store = services.store
    async with store.transaction():
        first = await store.run(
            "UPDATE authorization_code SET used_at_s = ? WHERE code_sha256 = ? AND used_at_s IS NULL", (now_s, code)
        )
        held = await read_grant(services, grant.id)
        if not first or held is None or held.revoked_at_s is not None:
            return None
        await store.run("DELETE FROM authorization_code WHERE expires_at_s < ?", (now_s - REPLAY_NOTICED_S,))
        await forget_old_grants(services, now_s)
        refresh_token = await new_refresh_token(services, grant, now_s) if OFFLINE_ACCESS in scope else None
    return Redeemed(grant, scope, refresh_token)


async def _end(services: Services, grant: Grant, now_s: float) -> None:
    async with services.store.transaction():
        await revoke_grant(services, grant.id, now_s)
    services.memory.forget(REVOKED)
