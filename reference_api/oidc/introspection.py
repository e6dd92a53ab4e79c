"""Token introspection: whether a token, and the session behind it, still holds (RFC 7662).

It also serves the city's question whether the session of a token is still valid (contract C2, アクセストークン更新).
"""

from typing import Any

from reference_api.call import Call, Reply, json_reply
from reference_api.fhir.launch import introspected
from reference_api.oidc.access_tokens import read_token
from reference_api.oidc.client_authentication import authenticate_confidential
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.consent_details import told
from reference_api.oidc.grants import Grant, read_grant
from reference_api.oidc.parameters import NO_STORE, oauth_endpoint, token_parameters
from reference_api.oidc.revoked import revoked_tokens
from reference_api.oidc.sessions import client_sid
from reference_api.oidc.subjects import shown_sub
from reference_api.services import Services, sha256_text

THE_CITY = "municipality"
"""As whom the city's own machines are told of people."""

INACTIVE: dict[str, Any] = {"active": False}
"""All that is ever said of a token that does not hold. Source: RFC 7662 section 2.2."""


@oauth_endpoint
async def introspect(services: Services, call: Call) -> Reply:
    """What a token says, to a client that proved who it is.

    An access token is shown to its own client and to the city's machines, which serve what it opens; a refresh token to
    its own client only. To a third party another service's token would tell which of its own users that is. Source:
    RFC 7662 sections 2.2 (who is not allowed to ask is told active:false) and 5.
    """
    form = token_parameters(call)
    client = await authenticate_confidential(services, call, form)
    token = form.require("token")
    said = await _access(services, client, token, call.now_s) or await _refresh(services, client, token, call.now_s)
    return json_reply(said or INACTIVE, headers=NO_STORE)


async def _access(services: Services, asker: ClientRecord, text: str, now_s: float) -> dict[str, Any] | None:
    token = await read_token(services, text, now_s)
    revoked = await revoked_tokens(services, now_s)
    if token is None or token.jti in revoked or token.grant_id in revoked:
        return None
    if asker.client_id != token.client_id and asker.recipient != THE_CITY:
        return None
    members = {
        "active": True,
        "token_type": "Bearer",
        "client_id": token.client_id,
        "sub": token.client_id if token.subject is None else shown_sub(services, asker, token.subject),
        "aud": sorted(token.audience),
        "iss": services.settings.issuer,
        "exp": int(token.expires_s),
        "jti": token.jti,
        "scope": " ".join(sorted(token.scopes)),
        **await introspected(services, token.subject, token.scopes),
    }
    grant = None if token.grant_id is None else await read_grant(services, token.grant_id)
    return members if grant is None else members | _of_grant(services, asker, grant)


async def _refresh(services: Services, asker: ClientRecord, text: str, now_s: float) -> dict[str, Any] | None:
    row = await services.store.one(
        "SELECT grant_id, expires_at_s FROM refresh_token WHERE token_sha256 = ? AND used_at_s IS NULL"
        " AND expires_at_s > ?",
        (sha256_text(text), now_s),
    )
    grant = None if row is None else await read_grant(services, row[0])
    if row is None or grant is None or grant.revoked_at_s is not None or grant.client_id != asker.client_id:
        return None
    return {
        "active": True,
        "client_id": grant.client_id,
        "sub": shown_sub(services, asker, grant.sign_in.sub),
        "iss": services.settings.issuer,
        "exp": int(row[1]),
        "scope": " ".join(grant.granted.scope),
    } | _of_grant(services, asker, grant)


def _of_grant(services: Services, asker: ClientRecord, grant: Grant) -> dict[str, Any]:
    """What is known of the sign-in and the consents. Source: RFC 9396 section 9.2, RFC 9470 section 6.2."""
    sign_in, details = grant.sign_in, grant.granted.authorization_details
    members: dict[str, Any] = {"acr": sign_in.acr, "auth_time": int(sign_in.auth_time_s)}
    if sign_in.sid is not None:
        members["sid"] = client_sid(services, sign_in.sid, asker.client_id)
    if details:
        members["authorization_details"] = told(details)
    return members
