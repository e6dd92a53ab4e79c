"""Grants: what a person granted to a client once. Every code and token of a grant dies with it.

Whoever revokes does so in a transaction, and forgets ``REVOKED`` in the services' memory when that has ended: until
then another coroutine may have read what held before.
"""

import secrets
from dataclasses import dataclass

import msgspec

from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.services import Services
from reference_api.store.protocol import Row

REVOKED = "revoked"
"""Name under which the memory keeps what is revoked."""

GRANT_LIFE_S = 90 * 86_400.0
"""How long a grant can be refreshed before the person signs in again, in seconds.

Source: none; a disaster's shelters are open for weeks, and a person is asked again each season. Confidence C.
"""

_COLUMNS = (
    "id, client_id, sub, sid, scope, resources, authorization_details, claims, nonce, acr, amr, auth_time_s,"
    " created_at_s, revoked_at_s"
)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who signed in (``sub``, the local ID), when (Unix seconds), and how well; ``sid`` names the session, if any.

    ``acr`` and ``amr`` are as the ID token tells them (OpenID Connect Core 1.0 section 2, RFC 8176).
    """

    sub: str
    sid: str | None
    auth_time_s: float
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """What the person agreed to of what was asked for; consents already recorded, each detail with its consent_id."""

    scope: tuple[str, ...]
    authorization_details: tuple[ConsentDetail, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant as it is kept; ``claims`` is the claims parameter as JSON."""

    id: str
    client_id: str
    sign_in: SignIn
    granted: Granted
    resources: tuple[str, ...]
    claims: bytes
    nonce: str | None
    created_at_s: float
    revoked_at_s: float | None


async def open_grant(
    services: Services, request: AuthorizationRequest, sign_in: SignIn, granted: Granted, now_s: float
) -> Grant:
    """Keep what a person granted. Call it in a transaction, together with the consents and what the client is given.

    Where the session ended at the same moment, the grant ends with it.
    """
    ended = await services.store.one(
        "SELECT 1 FROM auth_session WHERE sid = ? AND ended_at_s IS NOT NULL", (sign_in.sid or "",)
    )
    grant = Grant(
        id=secrets.token_urlsafe(12),
        client_id=request.client_id,
        sign_in=sign_in,
        granted=granted,
        resources=request.resources,
        claims=msgspec.json.encode(request.claims),
        nonce=request.nonce,
        created_at_s=now_s,
        revoked_at_s=None if ended is None else now_s,
    )
    await services.store.run(
        f"INSERT INTO authorization_grant ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(grant)
    )
    consents = {detail.consent_id for detail in granted.authorization_details if detail.consent_id}
    await services.store.many(
        "INSERT INTO grant_consent (consent_id, grant_id) VALUES (?, ?)", [(consent, grant.id) for consent in consents]
    )
    return grant


async def read_grant(services: Services, grant_id: str) -> Grant | None:
    """The grant of that id, revoked ones too; None if there is none."""
    row = await services.store.one(f"SELECT {_COLUMNS} FROM authorization_grant WHERE id = ?", (grant_id,))
    return None if row is None else _grant(row)


async def forget_old_grants(services: Services, now_s: float) -> None:
    """Delete grants of which no token can hold any more. Call it in a transaction."""
    before_s = now_s - GRANT_LIFE_S - services.settings.access_token_ttl_s
    await services.store.run(
        "DELETE FROM grant_consent WHERE grant_id IN (SELECT id FROM authorization_grant WHERE created_at_s < ?)",
        (before_s,),
    )
    await services.store.run("DELETE FROM authorization_grant WHERE created_at_s < ?", (before_s,))


async def revoke_grant(services: Services, grant_id: str, now_s: float) -> None:
    """End a grant with all its tokens, from the next request on in every worker. Call it in a transaction."""
    await _revoke(services, "id = ?", (grant_id,), now_s)


async def revoke_grants_of_session(services: Services, sid: str, now_s: float) -> None:
    """End every grant given in a session, as a logout does. Call it in a transaction.

    Those with offline_access too: on a shelter's tablet the next person must not go on with them (CITY-AUTH-7).
    OpenID Connect Back-Channel Logout 1.0 section 2.7 would normally let them live.
    """
    await _revoke(services, "sid = ?", (sid,), now_s)


async def revoke_grants_of_person(services: Services, sub: str, now_s: float) -> None:
    """End every grant that a person (local ID) gave, to devices too. Call it in a transaction."""
    await _revoke(services, "sub = ?", (sub,), now_s)


async def revoke_grants_of_client_in_session(services: Services, client_id: str, sid: str, now_s: float) -> None:
    """End what one client was granted in a session, as its logout request does when the browser lost the session.

    Call it in a transaction.
    """
    await _revoke(services, "sid = ? AND client_id = ?", (sid, client_id), now_s)


async def revoke_grants_of_client(services: Services, client_id: str, now_s: float) -> None:
    """End every grant given to a client, and its own tokens, as its removal does. Call it in a transaction."""
    await services.store.run(
        "INSERT INTO revoked_token (jti, expires_at_s) VALUES (?, ?) ON CONFLICT (jti) DO NOTHING",
        (client_id, now_s + services.settings.access_token_ttl_s + 1.0),
    )
    await _revoke(services, "client_id = ?", (client_id,), now_s)


async def revoke_grants_of_consent(services: Services, consent_id: str, now_s: float) -> None:
    """A consent was withdrawn: end the grants that rested on it alone. Call it in the transaction of the withdrawal.

    A grant that came with authorization details rests on the consents made of them, and stays while one of them holds.
    Source: contract C4, tokens whose only basis was a withdrawn consent are revoked.
    """
    await services.store.run(
        "UPDATE grant_consent SET withdrawn_at_s = ? WHERE consent_id = ? AND withdrawn_at_s IS NULL",
        (now_s, consent_id),
    )
    await _revoke(
        services,
        "id IN (SELECT grant_id FROM grant_consent WHERE consent_id = ?) AND NOT EXISTS (SELECT 1 FROM grant_consent"
        " WHERE grant_consent.grant_id = authorization_grant.id AND withdrawn_at_s IS NULL)",
        (consent_id,),
        now_s,
    )


async def _revoke(services: Services, which: str, parameters: tuple[str, ...], now_s: float) -> None:
    await services.store.run(
        f"UPDATE authorization_grant SET revoked_at_s = ? WHERE revoked_at_s IS NULL AND {which}", (now_s, *parameters)
    )
    services.memory.forget(REVOKED)


def _row(grant: Grant) -> Row:
    sign_in, granted = grant.sign_in, grant.granted
    return (
        grant.id,
        grant.client_id,
        sign_in.sub,
        sign_in.sid,
        " ".join(granted.scope),
        msgspec.json.encode(grant.resources).decode(),
        msgspec.json.encode(granted.authorization_details).decode(),
        grant.claims.decode(),
        grant.nonce,
        sign_in.acr,
        " ".join(sign_in.amr),
        sign_in.auth_time_s,
        grant.created_at_s,
        grant.revoked_at_s,
    )


def _grant(row: Row) -> Grant:
    details = msgspec.json.decode(row[6], type=tuple[ConsentDetail, ...])
    return Grant(
        id=row[0],
        client_id=row[1],
        sign_in=SignIn(row[2], row[3], row[11], row[9], tuple(row[10].split())),
        granted=Granted(tuple(row[4].split()), details),
        resources=msgspec.json.decode(row[5], type=tuple[str, ...]),
        claims=row[7].encode(),
        nonce=row[8],
        created_at_s=row[12],
        revoked_at_s=row[13],
    )
