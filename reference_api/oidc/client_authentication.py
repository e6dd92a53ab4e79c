"""Which client is calling the authorization server, proven by the method that it registered."""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from reference_api.call import Call
from reference_api.errors import OAuthError
from reference_api.oidc.clients import BASIC, POST, PRIVATE_KEY_JWT, PUBLIC, ClientRecord, read_client
from reference_api.oidc.parameters import Parameters
from reference_api.services import Services, sha256_text

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""Source: RFC 7523 section 2.2."""

ASSERTION_ALGORITHMS = ("ES256", "PS256", "RS256")
ASSERTION_MAX_TTL_S = 600.0
"""An assertion that would hold longer is refused, so that those that count once need not be kept for ever.

Source: none; Client libraries set one to five minutes. Confidence C.
"""

CLOCK_SKEW_S = 10.0
"""By how much a client's clock may be ahead. Source: FAPI 2.0 Security Profile 5.3.2.1, at least 10 s."""

CHALLENGE = 'Basic realm="authorization server"'


async def authenticate(services: Services, call: Call, form: Parameters) -> ClientRecord:
    """The client, which used exactly one method, and the one it registered. Public clients only name themselves.

    Raises:
        OAuthError: invalid_client (401) or invalid_request. Source: RFC 6749 sections 2.3 and 5.2.
    """
    method, client_id, proof = _claimed(call, form)
    client = await read_client(services.store, client_id)
    if client is None or client.auth_method != method:
        raise _unproven(call)
    if method == PRIVATE_KEY_JWT:
        await _check_assertion(services, call, client, proof)
    elif method != PUBLIC and not _is_secret(client, proof):
        raise _unproven(call)
    return client


async def authenticate_confidential(services: Services, call: Call, form: Parameters) -> ClientRecord:
    """The client, which is able to keep a secret and proved it.

    Raises:
        OAuthError: invalid_client (401) or invalid_request.
    """
    client = await authenticate(services, call, form)
    if client.auth_method == PUBLIC:
        raise _unproven(call)
    return client


def _claimed(call: Call, form: Parameters) -> tuple[str, str, str]:
    """Method, client id and proof as the request has them."""
    header = call.headers.get("authorization", "")
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if sum((bool(header), secret is not None, assertion is not None)) > 1:
        raise OAuthError("invalid_request", "authenticate by one method only")
    if header:
        client_id, proof = _basic(call, header)
        if form.get("client_id") not in (None, client_id):
            raise OAuthError("invalid_request", "client_id names another client than the header")
        return BASIC, client_id, proof
    if assertion is not None:
        return PRIVATE_KEY_JWT, _issuer_of(call, form, assertion), assertion
    client_id = form.get("client_id") or ""
    if secret is not None:
        return POST, client_id, secret
    return PUBLIC, client_id, ""


def _basic(call: Call, header: str) -> tuple[str, str]:
    """Id and secret, both form-encoded before they were joined. Source: RFC 6749 section 2.3.1."""
    scheme, _, credential = header.partition(" ")
    try:
        text = b64decode(credential.strip().encode("ascii"), validate=True).decode("utf-8")
        client_id, colon, secret = text.partition(":")
        parts = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except ValueError as fault:
        raise _unproven(call) from fault
    if scheme.lower() != "basic" or not colon:
        raise _unproven(call)
    return parts


def _is_secret(client: ClientRecord, proof: str) -> bool:
    return client.secret_sha256 is not None and hmac.compare_digest(sha256_text(proof), client.secret_sha256)


def _issuer_of(call: Call, form: Parameters, assertion: str) -> str:
    """Whose assertion this says it is."""
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise OAuthError("invalid_request", f"client_assertion_type must be {ASSERTION_TYPE}")
    try:
        payload = msgspec.json.decode(jws.extract_compact(assertion.encode("ascii")).payload, type=dict[str, Any])
    except (JoseError, ValueError, TypeError, msgspec.DecodeError) as fault:
        raise _unproven(call) from fault
    issuer = payload.get("iss")
    if not isinstance(issuer, str) or form.get("client_id") not in (None, issuer):
        raise _unproven(call)
    return issuer


async def _check_assertion(services: Services, call: Call, client: ClientRecord, assertion: str) -> None:
    """Verify an assertion and let it count once.

    Source: RFC 7523 section 3, OpenID Connect Core 1.0 section 9.
    """
    claims = _verified(call, client, assertion)
    settings, now_s = services.settings, call.now_s
    # FAPI 2.0 5.3.2.1: the issuer, as a string; the endpoints' addresses are what older clients send.
    ours = {settings.issuer, settings.issuer + "/token", settings.issuer + call.operation.path}
    aud, exp, jti = claims.get("aud"), claims.get("exp"), claims.get("jti")
    meant = {text for text in (aud if isinstance(aud, list) else [aud]) if isinstance(text, str)}
    if claims.get("sub") != client.client_id or claims.get("iss") != client.client_id or not meant & ours:
        raise _unproven(call)
    if not isinstance(exp, int | float) or not now_s < exp <= now_s + ASSERTION_MAX_TTL_S:
        raise _unproven(call)
    if not isinstance(jti, str) or not jti or any(_is_later(claims.get(name), now_s) for name in ("nbf", "iat")):
        raise _unproven(call)
    async with services.store.transaction():
        await services.store.run("DELETE FROM used_assertion WHERE expires_at_s < ?", (now_s,))
        fresh = await services.store.run(
            "INSERT INTO used_assertion (client_id, jti, expires_at_s) VALUES (?, ?, ?)"
            " ON CONFLICT (client_id, jti) DO NOTHING",
            (client.client_id, jti, float(exp)),
        )
    if not fresh:
        raise _unproven(call)


def _verified(call: Call, client: ClientRecord, assertion: str) -> Mapping[str, Any]:
    try:
        keys = KeySet.import_key_set(msgspec.json.decode(client.jwks or '{"keys": []}'))
        return jwt.decode(assertion, keys, algorithms=list(ASSERTION_ALGORITHMS)).claims
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise _unproven(call) from fault


def _is_later(moment: object, now_s: float) -> bool:
    """Whether a claim names a moment that has not come, or no moment at all; leaving it out is fine."""
    return moment is not None and (not isinstance(moment, int | float) or moment > now_s + CLOCK_SKEW_S)


def _unproven(call: Call) -> OAuthError:
    """Unknown client, wrong method and wrong proof look alike."""
    challenge = CHALLENGE if "authorization" in call.headers else ""
    return OAuthError("invalid_client", "client authentication failed", status=401, challenge=challenge)
