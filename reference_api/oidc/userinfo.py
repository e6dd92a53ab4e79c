"""UserInfo: what a client may be told about the person whose token it holds."""

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import ApiError
from reference_api.oidc.claims import individual_claims, requested_claims, scope_claims, told_claims
from reference_api.oidc.clients import read_client
from reference_api.oidc.grants import read_grant
from reference_api.oidc.subjects import shown_sub
from reference_api.services import Services

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


async def get_userinfo(services: Services, call: Call) -> Reply:
    """Claims by scope and by the claims parameter, as far as consent permits.

    Source: OpenID Connect Core 1.0 section 5.3; contract C2 (opt-in decision), OIDC-015.
    """
    token = call.token
    client = await read_client(services.store, token.client_id)
    if client is None or token.subject is None:
        raise ApiError("invalid-token", headers={"www-authenticate": 'Bearer error="invalid_token"'})
    wanted = scope_claims(token.scopes)
    grant = None if token.grant_id is None else await read_grant(services, token.grant_id)
    if grant is not None:
        wanted |= individual_claims(requested_claims(grant.claims, "userinfo"), client.scopes)
    told = await told_claims(services, call, client, token.subject, wanted)
    own: dict[str, object] = {"sub": shown_sub(services, token, token.subject)}
    if "local_id" in token.scopes:
        own["local_id"] = token.subject
    return json_reply({**own, **told}, headers=NO_STORE)
