"""What has been revoked: grants with all their tokens, and single access tokens; known to every worker at once."""

from reference_api.oidc.grants import REVOKED
from reference_api.services import Services


async def revoked_tokens(services: Services, now_s: float) -> frozenset[str]:
    """Identifiers of revoked grants and access tokens whose tokens might still be shown."""
    return await services.memory.recall(REVOKED, lambda: _read(services, now_s))


async def revoke_token(services: Services, jti: str, expires_at_s: float, now_s: float) -> None:
    """Revoke one access token; what has expired anyway is forgotten. Call it in a transaction."""
    await services.store.run("DELETE FROM revoked_token WHERE expires_at_s <= ?", (now_s,))
    await services.store.run(
        "INSERT INTO revoked_token (jti, expires_at_s) VALUES (?, ?) ON CONFLICT (jti) DO NOTHING", (jti, expires_at_s)
    )
    services.memory.forget(REVOKED)


async def _read(services: Services, now_s: float) -> frozenset[str]:
    # A token made in the second of the revocation ends a second later than the revocation and the lifetime say.
    ended_before_s = now_s - services.settings.access_token_ttl_s - 2.0
    rows = await services.store.all(
        "SELECT id FROM authorization_grant WHERE revoked_at_s > ? UNION ALL"
        " SELECT jti FROM revoked_token WHERE expires_at_s > ?",
        (ended_before_s, now_s),
    )
    return frozenset(row[0] for row in rows)
