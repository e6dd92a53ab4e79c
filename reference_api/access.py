"""Access: who is calling, and whether the operation's scope was granted. A token is verified once, then remembered."""

import hashlib

from reference_api.call import ANONYMOUS, Call, Token
from reference_api.errors import ApiError
from reference_api.services import Services

REMEMBERED_TOKENS = 100_000
"""Above the number of IDs the contract is sized for (50,000, contract C7) with a renewal each; about 60 MB."""


async def authorise(services: Services, call: Call) -> Token:
    """The caller's token, which has one of the operation's scopes.

    Raises:
        ApiError: invalid-token or insufficient-scope. Source: RFC 6750 section 3.1.
    """
    scopes = call.operation.scopes
    if not scopes:
        return ANONYMOUS
    token = await _verified(services, call)
    if token.scopes.isdisjoint(scopes):
        wanted = " ".join(scopes)
        raise ApiError(
            "insufficient-scope",
            f"needs one of: {wanted}",
            headers={"www-authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'},
        )
    return token


async def _verified(services: Services, call: Call) -> Token:
    scheme, _, text = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text:
        raise ApiError("invalid-token", headers={"www-authenticate": 'Bearer realm="city-os"'})
    digest = hashlib.sha256(text.encode("latin-1", "replace")).digest()
    token = services.tokens.get(digest)
    if token is None:
        token = await _verify(services, text.strip(), call.now_s)
        _remember(services.tokens, digest, token)
    if token.expires_s <= call.now_s:
        del services.tokens[digest]
        raise _refused("the token has expired")
    return token


async def _verify(services: Services, text: str, now_s: float) -> Token:
    claims = services.key.verify(text)
    settings = services.settings
    if claims is None or claims.get("iss") != settings.issuer or claims.get("aud") != settings.audience:
        raise _refused("the token was not issued here, or not for this API")
    client = (await services.clients()).get(claims["client_id"])
    if client is None or claims["exp"] <= now_s:
        raise _refused("the token has expired, or its client is gone")
    return Token(
        client_id=client.client_id,
        subject=claims["sub"] if client.role == "citizen_app" else None,
        role=client.role,
        recipient=client.recipient,
        scopes=frozenset(claims["scope"].split()),
        expires_s=float(claims["exp"]),
    )


def _refused(why: str) -> ApiError:
    return ApiError("invalid-token", why, headers={"www-authenticate": 'Bearer error="invalid_token"'})


def _remember(tokens: dict[bytes, Token], digest: bytes, token: Token) -> None:
    """Keep a verified token; when there are too many, the oldest goes (dictionaries keep the order of arrival)."""
    if len(tokens) >= REMEMBERED_TOKENS:
        del tokens[next(iter(tokens))]
    tokens[digest] = token
