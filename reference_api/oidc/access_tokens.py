"""Access tokens: JWTs bound to an audience, read without asking anybody (RFC 9068)."""

import hashlib
import math
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reference_api.call import Token
from reference_api.oidc.clients import ClientRecord, read_client
from reference_api.oidc.consent_details import told
from reference_api.oidc.grants import Grant
from reference_api.oidc.key_ring import signing_key, verify
from reference_api.oidc.keys import ES256
from reference_api.oidc.resources import audience
from reference_api.oidc.sessions import client_sid
from reference_api.oidc.subjects import local_id_in, shown_sub
from reference_api.services import Services

ACCESS_TOKEN_TYPE = "at+jwt"  # noqa: S105 - the type of the token, RFC 9068 section 2.1
REMEMBERED_TOKENS = 100_000
"""Above the number of IDs the contract is sized for (50,000, contract C7) with a renewal each; about 60 MB."""

JTI_BYTES = 12
"""Entropy of a token's identifier. Source: none; 2**96 never collide. Confidence C."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A token to be made: for a client, about a subject (local ID, None for the client itself), from a grant or not."""

    client: ClientRecord
    subject: str | None
    scope: tuple[str, ...]
    resources: tuple[str, ...] = ()
    grant: Grant | None = None


async def mint(services: Services, wanted: TokenRequest, now_s: float) -> str:
    """A signed access token. Source: RFC 9068 section 2.2; sub is the client's own id where no subject is involved.

    What it says is remembered, by its hash: a text that was signed here just now need not be verified when it comes
    back. Time, revocation and audience are judged whenever it is shown.
    """
    client, settings = wanted.client, services.settings
    aud = audience(settings, wanted.scope, wanted.resources)
    claims: dict[str, Any] = {
        "iss": settings.issuer,
        "aud": aud[0] if len(aud) == 1 else list(aud),
        "sub": client.client_id if wanted.subject is None else shown_sub(services, client, wanted.subject),
        "client_id": client.client_id,
        "iat": int(now_s),
        "exp": int(now_s) + settings.access_token_ttl_s,
        "jti": secrets.token_urlsafe(JTI_BYTES),
        "scope": " ".join(wanted.scope),
    }
    if wanted.grant is not None:
        claims |= _of_grant(services, wanted.grant)
    key = await signing_key(services, ES256, now_s)
    text = key.sign(claims, ACCESS_TOKEN_TYPE)
    token = _token_of(services, client, claims)
    if token is not None:
        remember(services, token_digest(text), token)
    return text


def token_digest(text: str) -> bytes:
    """SHA-256 of a token, under which ``Services.tokens`` has what it says."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def remember(services: Services, digest: bytes, token: Token) -> None:
    """Keep a token that was signed or verified here; when there are too many, the oldest goes.

    Dictionaries keep the order of arrival.
    """
    tokens = services.tokens
    if len(tokens) >= REMEMBERED_TOKENS:
        del tokens[next(iter(tokens))]
    tokens[digest] = token


def expires_in_s(services: Services, now_s: float) -> int:
    """For how many whole seconds a token made now holds, so that whoever counts them is never refused a moment early.

    Times in tokens are whole seconds: rounded up, a token would outlive the contract's 60 minutes (C7).
    """
    return int(now_s) + services.settings.access_token_ttl_s - math.ceil(now_s)


def _of_grant(services: Services, grant: Grant) -> dict[str, Any]:
    """Claims on the sign-in and the grant. Source: RFC 9068 section 2.2.1, RFC 9396 section 9.1."""
    sign_in, details = grant.sign_in, grant.granted.authorization_details
    claims: dict[str, Any] = {"grant_id": grant.id, "auth_time": int(sign_in.auth_time_s), "acr": sign_in.acr}
    if sign_in.sid is not None:
        claims["sid"] = client_sid(services, sign_in.sid, grant.client_id)
    if details:
        claims["authorization_details"] = told(details)
    return claims


async def read_token(services: Services, text: str, now_s: float) -> Token | None:
    """What an access token says; None if it was not issued here, has expired, or its client is gone.

    Whether it was revoked, and what it is meant for, is not judged here.
    """
    claims = await verify(services, text, ACCESS_TOKEN_TYPE, now_s)
    if claims is None or claims.get("iss") != services.settings.issuer or claims["exp"] <= now_s:
        return None
    client = await read_client(services.store, claims["client_id"])
    return None if client is None else _token_of(services, client, claims)


def _token_of(services: Services, client: ClientRecord, claims: Mapping[str, Any]) -> Token | None:
    """What the claims of a token that was made for a client say, None if nobody is meant."""
    own = claims["sub"] == client.client_id
    subject = None if own else local_id_in(services, client.sector, claims["sub"])
    if subject is None and not own:
        return None
    return Token(
        client_id=client.client_id,
        subject=subject,
        role=client.role,
        recipient=client.recipient,
        scopes=frozenset(claims["scope"].split()),
        expires_s=float(claims["exp"]),
        audience=frozenset(_listed(claims["aud"])),
        jti=claims["jti"],
        grant_id=claims.get("grant_id"),
        sector=client.sector,
    )


def _listed(aud: str | list[str]) -> Iterable[str]:
    return (aud,) if isinstance(aud, str) else aud
