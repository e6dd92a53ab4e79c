"""The token endpoint: one table of grant types."""

from collections.abc import Awaitable, Callable, Mapping

from reference_api.call import Call, Reply
from reference_api.errors import OAuthError
from reference_api.oidc.access_tokens import TokenRequest
from reference_api.oidc.client_authentication import authenticate
from reference_api.oidc.clients import PUBLIC, ClientRecord
from reference_api.oidc.code_redemption import redeem_code
from reference_api.oidc.device_codes import redeem_device_code
from reference_api.oidc.grant_types import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    REFRESH_TOKEN,
    TOKEN_EXCHANGE,
    offered,
)
from reference_api.oidc.issuing import issue, issue_of_grant
from reference_api.oidc.parameters import Parameters, oauth_endpoint, token_parameters
from reference_api.oidc.refresh_tokens import redeem_refresh_token
from reference_api.oidc.resources import check_resources
from reference_api.oidc.scopes import granted_for_subject, granted_to_client
from reference_api.services import Services

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a token type, RFC 8693 3
LOCAL_ID = "urn:citytwin:local-id"

Answer = Callable[[Services, Call, ClientRecord, Parameters], Awaitable[Reply]]


@oauth_endpoint
async def issue_token(services: Services, call: Call) -> Reply:
    """Issue tokens, or say by RFC 6749 section 5.2 why not."""
    form = token_parameters(call)
    grant_type = form.require("grant_type")
    if grant_type not in offered(services.settings):
        raise OAuthError("unsupported_grant_type", f"one of {' '.join(offered(services.settings))}")
    client = await authenticate(services, call, form)
    if grant_type not in client.grant_types:
        raise OAuthError("unauthorized_client", f"the client did not register {grant_type}")
    return await _ANSWERS[grant_type](services, call, client, form)


async def _code(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Reply:
    return await issue_of_grant(services, call, client, await redeem_code(services, call, client, form), form)


async def _refresh(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Reply:
    redeemed = await redeem_refresh_token(services, call, client, form)
    return await issue_of_grant(services, call, client, redeemed, form)


async def _device(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Reply:
    return await issue_of_grant(services, call, client, await redeem_device_code(services, call, client, form), form)


async def _client_credentials(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Reply:
    """A token of the client's own. Source: RFC 6749 section 4.4: confidential clients only."""
    if client.auth_method == PUBLIC:
        raise OAuthError("unauthorized_client", "a client without a secret cannot act for itself")
    scope = granted_to_client(client, form.get("scope"))
    resources = check_resources(services.settings, form.resources)
    return await issue(services, call, TokenRequest(client, None, scope, resources))


async def _exchange(services: Services, call: Call, client: ClientRecord, form: Parameters) -> Reply:
    """RFC 8693, as far as a sandbox needs it: a test client obtains a subject's token by the subject's local ID.

    Source: RFC 8693 sections 2.1, 2.2.2 (an unacceptable subject_token is an invalid_request).
    """
    if form.get("subject_token_type") != LOCAL_ID:
        raise OAuthError("invalid_request", f"subject_token_type must be {LOCAL_ID}")
    subject = form.require("subject_token")
    if await services.store.one("SELECT 1 FROM account WHERE sub = ?", (subject,)) is None:
        raise OAuthError("invalid_request", "subject_token is not acceptable")
    scope = granted_for_subject(client, form.get("scope"))
    resources = check_resources(services.settings, form.resources)
    wanted = TokenRequest(client, subject, scope, resources)
    return await issue(services, call, wanted, issued_token_type=ACCESS_TOKEN)


_ANSWERS: Mapping[str, Answer] = {
    AUTHORIZATION_CODE: _code,
    REFRESH_TOKEN: _refresh,
    CLIENT_CREDENTIALS: _client_credentials,
    TOKEN_EXCHANGE: _exchange,
    DEVICE_CODE: _device,
}
