"""Refresh tokens: each is used once and gives the next; one that comes again ends the whole family.

Source: RFC 9700 section 4.14.2.
"""

import secrets

from reference_api.call import Call
from reference_api.errors import OAuthError
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.grants import GRANT_LIFE_S, REVOKED, Grant, read_grant, revoke_grant
from reference_api.oidc.issuing import Redeemed, narrowed_resources
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.scopes import narrowed
from reference_api.services import Services, sha256_text

TOKEN_BYTES = 32
"""Entropy of a refresh token. Source: RFC 6749 10.10."""

IDLE_TTL_S = 30 * 86_400.0
"""How long a refresh token may lie unused, in seconds. Source: none; a tablet of a shelter store is taken out and tried
once a month. Confidence C."""


async def new_refresh_token(services: Services, grant: Grant, now_s: float) -> str:
    """Keep and give a refresh token of a grant. Call it in a transaction."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await services.store.run(
        "INSERT INTO refresh_token (token_sha256, grant_id, expires_at_s) VALUES (?, ?, ?)",
        (sha256_text(token), grant.id, min(now_s + IDLE_TTL_S, grant.created_at_s + GRANT_LIFE_S)),
    )
    return token


async def redeem_refresh_token(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Redeemed:
    """The grant of a refresh token with the token that replaces it; the scope may be narrowed for this access token.

    Raises:
        OAuthError: invalid_grant, invalid_scope or invalid_target. Source: RFC 6749 section 6.
    """
    text = form.require("refresh_token")
    row = await services.store.one(
        "SELECT grant_id, expires_at_s, used_at_s FROM refresh_token WHERE token_sha256 = ?", (sha256_text(text),)
    )
    grant = None if row is None else await read_grant(services, row[0])
    if row is None or grant is None or grant.client_id != client.client_id or grant.revoked_at_s is not None:
        raise _invalid()
    if row[2] is None:
        if row[1] <= call.now_s:
            raise _invalid()
        scope = narrowed(grant.granted.scope, form.get("scope"))
        narrowed_resources(services, grant, form)
        replacement = await _replace(services, text, grant, call.now_s)
        if replacement is not None:
            return Redeemed(grant, scope, replacement, first=False)
    async with services.store.transaction():
        await revoke_grant(services, grant.id, call.now_s)
    services.memory.forget(REVOKED)
    raise _invalid()


async def _replace(services: Services, text: str, grant: Grant, now_s: float) -> str | None:
    """The next token, with this one marked as used; None if somebody else was faster."""
    async with services.store.transaction():
        first = await services.store.run(
            "UPDATE refresh_token SET used_at_s = ? WHERE token_sha256 = ? AND used_at_s IS NULL",
            (now_s, sha256_text(text)),
        )
        held = await read_grant(services, grant.id)
        if not first or held is None or held.revoked_at_s is not None:
            return None
        await services.store.run("DELETE FROM refresh_token WHERE expires_at_s < ?", (now_s,))
        return await new_refresh_token(services, grant, now_s)


def _invalid() -> OAuthError:
    return OAuthError("invalid_grant", "the refresh token is not valid")
