"""Token revocation: a client says that it needs a token no longer (RFC 7009)."""

from reference_api.call import Call, Reply
from reference_api.oidc.access_tokens import read_token
from reference_api.oidc.client_authentication import authenticate
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.grants import REVOKED, read_grant, revoke_grant
from reference_api.oidc.parameters import NO_STORE, oauth_endpoint, token_parameters
from reference_api.oidc.revoked import revoke_token
from reference_api.services import Services, sha256_text


@oauth_endpoint
async def revoke(services: Services, call: Call) -> Reply:
    """End a token. Unknown tokens, and those of others, are answered like those that were ended.

    A refresh token ends its grant with all its tokens; an access token ends alone. The hint is not needed: what a token
    is can be told from itself. Source: RFC 7009 sections 2.1 and 2.2.
    """
    form = token_parameters(call)
    client = await authenticate(services, call, form)
    token = form.require("token")
    async with services.store.transaction():
        if not await _end_grant(services, client, token, call.now_s):
            await _end_token(services, client, token, call.now_s)
    services.memory.forget(REVOKED)
    return Reply(status=200, headers=NO_STORE)


async def _end_grant(services: Services, client: ClientRecord, token: str, now_s: float) -> bool:
    """Whether it was a refresh token; the client's own takes its grant with it."""
    row = await services.store.one("SELECT grant_id FROM refresh_token WHERE token_sha256 = ?", (sha256_text(token),))
    grant = None if row is None else await read_grant(services, row[0])
    if grant is not None and grant.client_id == client.client_id:
        await revoke_grant(services, grant.id, now_s)
    return row is not None


async def _end_token(services: Services, client: ClientRecord, token: str, now_s: float) -> None:
    read = await read_token(services, token, now_s)
    if read is not None and read.client_id == client.client_id:
        await revoke_token(services, read.jti, read.expires_s, now_s)
