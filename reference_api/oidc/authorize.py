"""The authorization endpoint: a browser brings what a client asks of its person."""

from reference_api.call import Call, Reply
from reference_api.errors import OAuthError
from reference_api.oidc.clients import ClientRecord
from reference_api.oidc.codes import redirect_to
from reference_api.oidc.interaction import begin
from reference_api.oidc.par import take_pushed
from reference_api.oidc.parameters import form_parameters, query_parameters
from reference_api.oidc.refusal import refusal_page
from reference_api.oidc.request_validation import find_client, validate
from reference_api.services import Services


async def authorize(services: Services, call: Call) -> Reply:
    """Ask the person, or tell the client why not; where the answer may not go to the client, tell the person.

    Source: OpenID Connect Core 1.0 section 3.1.2, RFC 6749 section 4.1.2.1, RFC 9207.
    """
    try:
        sent = form_parameters(call) if call.operation.method == "POST" else query_parameters(call)
        pushed = await take_pushed(services, sent, call.now_s)
        parameters = sent if pushed is None else pushed
        client, redirect_uri = await find_client(services, parameters)
    except OAuthError as fault:
        return refusal_page(services, call, fault)
    try:
        _check_way(client, is_pushed=pushed is not None)
        request = await validate(services, client, redirect_uri, parameters, call.now_s)
    except OAuthError as fault:
        state = None if "state" in parameters.repeated else parameters.get("state")
        told = {"error": fault.error} | ({"error_description": fault.description} if fault.description else {})
        return redirect_to(services, redirect_uri, state, told)
    return await begin(services, call, request)


def _check_way(client: ClientRecord, *, is_pushed: bool) -> None:
    """Whether the request came the way that the client registered. Source: RFC 9126 section 6."""
    if client.require_par and not is_pushed:
        raise OAuthError("invalid_request", "the client registered that it pushes its requests")
