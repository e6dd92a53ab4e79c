"""ID tokens: what a client is told about a sign-in, signed; and reading them again when a client shows one."""

import hashlib
import math
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_api.fhir.launch import FHIR_USER, fhir_user
from reference_api.oidc.clients import ClientRecord, read_client
from reference_api.oidc.grants import Grant
from reference_api.oidc.key_ring import signing_key, verify
from reference_api.oidc.sessions import client_sid
from reference_api.oidc.subjects import local_id_in, shown_sub
from reference_api.services import Services

ID_TOKEN_TYPE = "JWT"  # noqa: S105 - the type of the token, RFC 7519 section 5.1
ID_TOKEN_TTL_S = 3_600
"""How long an ID token may be taken as fresh, in seconds. Source: none; as long as an access token. Confidence C."""


@dataclass(frozen=True, slots=True)
class Hint:
    """What a shown ID token says: for which client, about whom (local ID), from which session."""

    client_id: str
    sub: str
    sid: str | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes into an ID token beside the sign-in: its access token's hash, and claims that were asked for in it."""

    access_token: str
    with_nonce: bool
    claims: Mapping[str, Any]


async def mint_id_token(services: Services, client: ClientRecord, grant: Grant, beside: Beside, now_s: float) -> str:
    """An ID token for the sign-in of a grant; refreshed ones leave the nonce out.

    Source: OpenID Connect Core 1.0 sections 2, 3.1.3.6 (at_hash) and 12.2.
    """
    sign_in = grant.sign_in
    claims: dict[str, Any] = {
        **beside.claims,
        "iss": services.settings.issuer,
        "sub": shown_sub(services, client, sign_in.sub),
        "aud": client.client_id,
        "azp": client.client_id,
        "exp": math.ceil(now_s) + ID_TOKEN_TTL_S,
        "iat": int(now_s),
        "auth_time": int(sign_in.auth_time_s),
        "acr": sign_in.acr,
        "amr": list(sign_in.amr),
        "at_hash": _half_hash(beside.access_token),
    }
    if beside.with_nonce and grant.nonce is not None:
        claims["nonce"] = grant.nonce
    if sign_in.sid is not None:
        claims["sid"] = client_sid(services, sign_in.sid, client.client_id)
    if "local_id" in grant.granted.scope:
        claims["local_id"] = sign_in.sub
    if FHIR_USER in grant.granted.scope:
        claims |= await fhir_user(services, sign_in.sub)
    key = await signing_key(services, client.id_token_alg, now_s)
    return key.sign(claims, ID_TOKEN_TYPE)


async def read_hint(services: Services, text: str, now_s: float) -> Hint | None:
    """An ID token that this server issued, expired or not; None for anything else.

    Source: OpenID Connect Core 1.0 section 3.1.2.1 (id_token_hint), RP-Initiated Logout 1.0 section 2.
    """
    claims = await verify(services, text, ID_TOKEN_TYPE, now_s)
    if claims is None or claims.get("iss") != services.settings.issuer or not isinstance(claims.get("aud"), str):
        return None
    client = await read_client(services.store, claims["aud"])
    sub = None if client is None else local_id_in(services, client.sector, claims["sub"])
    return None if sub is None else Hint(claims["aud"], sub, claims.get("sid"))


def _half_hash(token: str) -> str:
    """Left half of the SHA-256, base64url. Both our algorithms are of the 256 family."""
    return urlsafe_b64encode(hashlib.sha256(token.encode("ascii")).digest()[:16]).decode().rstrip("=")
