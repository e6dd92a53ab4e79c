"""The end of a session: its grants end with it, and the clients that the person used in it are told."""

import secrets
from urllib.parse import urlencode, urlsplit

from reference_api.oidc.clients import ClientRecord, read_client
from reference_api.oidc.grants import revoke_grants_of_person, revoke_grants_of_session
from reference_api.oidc.key_ring import signing_key
from reference_api.oidc.sessions import client_sid
from reference_api.oidc.subjects import shown_sub
from reference_api.outbox import send_later
from reference_api.receivers import may_be_public
from reference_api.services import Services
from reference_api.settings import LOOPBACK

LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TOKEN_TYPE = "logout+jwt"  # noqa: S105 - the type of the token
"""Source: OpenID Connect Back-Channel Logout 1.0 section 2.4."""

LOGOUT_TOKEN_TTL_S = 120
"""Source: OpenID Connect Back-Channel Logout 1.0 section 2.4, preferably at most two minutes."""

JTI_BYTES = 16
FORM = "application/x-www-form-urlencoded"


async def end_session(services: Services, sid: str, now_s: float) -> None:
    """End a session of that name, if it is not over. Call it in a transaction.

    Grants with offline_access end too: on a shelter's tablet the next person must not go on with them. Source: OpenID
    Connect Back-Channel Logout 1.0 sections 2.3 to 2.7; CITY-AUTH-7. Forget ``REVOKED`` afterwards.
    """
    store = services.store
    row = await store.one("SELECT sub FROM auth_session WHERE sid = ? AND ended_at_s IS NULL", (sid,))
    if row is None:
        return
    await store.run("UPDATE auth_session SET ended_at_s = ? WHERE sid = ?", (now_s, sid))
    for (client_id,) in await store.all("SELECT DISTINCT client_id FROM authorization_grant WHERE sid = ?", (sid,)):
        client = await read_client(store, client_id)
        if client is not None and client.backchannel_logout_uri and may_be_called(client.backchannel_logout_uri):
            body = urlencode({"logout_token": await logout_token(services, client, row[0], sid, now_s)})
            await send_later(store, "back-channel-logout", client.backchannel_logout_uri, FORM, body, now_s)
    await revoke_grants_of_session(services, sid, now_s)


async def end_everything(services: Services, sub: str, now_s: float) -> None:
    """End all sessions and grants of a person (local ID). Call it in a transaction; forget ``REVOKED`` afterwards."""
    rows = await services.store.all("SELECT sid FROM auth_session WHERE sub = ? AND ended_at_s IS NULL", (sub,))
    for (sid,) in rows:
        await end_session(services, sid, now_s)
    await revoke_grants_of_person(services, sub, now_s)


async def logout_token(services: Services, client: ClientRecord, sub: str, sid: str, now_s: float) -> str:
    """What tells a client that a person (local ID) is signed out of a session; never with a nonce."""
    claims = {
        "iss": services.settings.issuer,
        "aud": client.client_id,
        "iat": int(now_s),
        "exp": int(now_s) + LOGOUT_TOKEN_TTL_S,
        "jti": secrets.token_urlsafe(JTI_BYTES),
        "sub": shown_sub(services, client, sub),
        "sid": client_sid(services, sid, client.client_id),
        "events": {LOGOUT_EVENT: {}},
    }
    key = await signing_key(services, client.id_token_alg, now_s)
    return key.sign(claims, LOGOUT_TOKEN_TYPE)


def may_be_called(uri: str) -> bool:
    """Whether this server calls a client there: over TLS on a public host, or on this machine.

    What a name stands for, and whether this machine may be called, is judged again when it is called. Source:
    Back-Channel Logout 1.0 section 2.2.
    """
    parts = urlsplit(uri)
    host = parts.hostname or ""
    if host in LOOPBACK:
        return parts.scheme in ("http", "https")
    return parts.scheme == "https" and bool(host) and may_be_public(host)
