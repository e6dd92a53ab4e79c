"""What the token endpoint answers: access token, refresh token, ID token."""

from dataclasses import dataclass
from typing import Any

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import OAuthError
from reference_api.fhir.launch import launch_context
from reference_api.oidc.access_tokens import TokenRequest, expires_in_s, mint
from reference_api.oidc.claims import id_token_claims
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.consent_details import told
from reference_api.oidc.grants import Grant
from reference_api.oidc.id_tokens import Beside, mint_id_token
from reference_api.oidc.parameters import NO_STORE, Parameters
from reference_api.oidc.resources import check_resources
from reference_api.services import Services


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A grant redeemed at the token endpoint: the scope of this access token, and the refresh token that goes with it.

    ``first`` says that it is redeemed for the first time.
    """

    grant: Grant
    scope: tuple[str, ...]
    refresh_token: str | None = None
    first: bool = True


async def issue(services: Services, call: Call, wanted: TokenRequest, **members: str) -> Reply:
    """An access token for which nothing is kept. Source: RFC 6749 section 5.1."""
    return _reply({**await _access(services, call, wanted), **members})


async def issue_of_grant(
    services: Services, call: Call, client: ClientRecord, redeemed: Redeemed, form: Parameters
) -> Reply:
    """The tokens of a person's grant. Source: RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3."""
    grant = redeemed.grant
    resources = narrowed_resources(services, grant, form)
    wanted = TokenRequest(client, grant.sign_in.sub, redeemed.scope, resources, grant)
    body = await _access(services, call, wanted)
    if redeemed.refresh_token is not None:
        body["refresh_token"] = redeemed.refresh_token
    if "openid" in redeemed.scope:
        wished = await id_token_claims(services, call, client, grant.sign_in.sub, grant.claims)
        beside = Beside(body["access_token"], redeemed.first, wished)
        body["id_token"] = await mint_id_token(services, client, grant, beside, call.now_s)
    if grant.granted.authorization_details:
        body["authorization_details"] = told(grant.granted.authorization_details)
    return _reply(body)


def narrowed_resources(services: Services, grant: Grant, form: Parameters) -> tuple[str, ...]:
    """What the access token is to be meant for: some of what was asked for at first.

    Raises:
        OAuthError: invalid_target. Source: RFC 8707 section 2.2.
    """
    asked = check_resources(services.settings, form.resources)
    if grant.resources and not set(asked) <= set(grant.resources):
        raise OAuthError("invalid_target", "the grant does not reach that resource")
    return asked or grant.resources


async def _access(services: Services, call: Call, wanted: TokenRequest) -> dict[str, Any]:
    return {
        "access_token": await mint(services, wanted, call.now_s),
        "token_type": "Bearer",
        "expires_in": expires_in_s(services, call.now_s),
        "scope": " ".join(wanted.scope),
        **await launch_context(services, wanted.subject, wanted.scope),
    }


def _reply(body: dict[str, Any]) -> Reply:
    return json_reply(body, headers=NO_STORE)
