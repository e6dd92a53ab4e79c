"""Pushed authorization requests: what is asked for goes from server to server, not through the browser (RFC 9126)."""

import secrets

import msgspec

from reference_api.call import Call, Reply, json_reply
from reference_api.errors import OAuthError
from reference_api.oidc.client_authentication import authenticate
from reference_api.oidc.parameters import NO_STORE, Parameters, form_parameters, oauth_endpoint
from reference_api.oidc.request_validation import find_client, validate
from reference_api.oidc.row_bounds import forget_oldest
from reference_api.services import Services, sha256_text

PREFIX = "urn:ietf:params:oauth:request_uri:"
"""Source: RFC 9126 section 2.2."""

HANDLE_BYTES = 32
"""Entropy of a request URI. Source: RFC 9126 section 7.1, guessing is to be infeasible; as a code. Confidence B."""

TTL_S = 90
"""How long a pushed request waits for the browser, in seconds. Source: RFC 9126 section 2.2, 5 to 600 s."""

_PUSHED = ("client_secret", "client_assertion", "client_assertion_type")
"""Proofs of the client, which are no part of the request."""


@oauth_endpoint
async def push_request(services: Services, call: Call) -> Reply:
    """Keep an authorization request until its browser comes.

    Source: RFC 9126 section 2.
    """
    form = form_parameters(call)
    form.check_single()
    client = await authenticate(services, call, form)
    if form.get("request_uri") is not None:
        raise OAuthError("invalid_request", "request_uri cannot be pushed")
    values = {name: value for name, value in form.values.items() if name not in _PUSHED}
    pushed = Parameters({**values, "client_id": client.client_id}, frozenset(), form.resources)
    _, redirect_uri = await find_client(services, pushed)
    await validate(services, client, redirect_uri, pushed, call.now_s)
    handle = secrets.token_urlsafe(HANDLE_BYTES)
    async with services.store.transaction():
        await services.store.run("DELETE FROM pushed_request WHERE expires_at_s <= ?", (call.now_s,))
        await forget_oldest(services.store, "pushed_request")
        await services.store.run(
            "INSERT INTO pushed_request (handle_sha256, client_id, parameters, expires_at_s) VALUES (?, ?, ?, ?)",
            (sha256_text(handle), client.client_id, _written(pushed), call.now_s + TTL_S),
        )
    return json_reply({"request_uri": PREFIX + handle, "expires_in": TTL_S}, 201, NO_STORE)


async def take_pushed(services: Services, parameters: Parameters, now_s: float) -> Parameters | None:
    """The parameters that the request_uri stands for, which count alone; None where none was pushed.

    Raises:
        OAuthError: invalid_request_uri: unknown, used, too old or another client's. Source: RFC 9126 section 4.
    """
    uri = parameters.get("request_uri")
    if uri is None or not uri.startswith(PREFIX):
        return None
    client_id = parameters.require("client_id")
    if parameters.repeated & {"client_id", "request_uri"}:
        raise OAuthError("invalid_request", "client_id or request_uri was sent twice")
    async with services.store.transaction():
        row = await services.store.one(
            "UPDATE pushed_request SET used_at_s = ? WHERE handle_sha256 = ? AND used_at_s IS NULL AND expires_at_s > ?"
            " AND client_id = ? RETURNING parameters",
            (now_s, sha256_text(uri.removeprefix(PREFIX)), now_s, client_id),
        )
    if row is None:
        raise OAuthError("invalid_request_uri", "unknown, used, too old, or of another client")
    values, resources = msgspec.json.decode(row[0], type=tuple[dict[str, str], tuple[str, ...]])
    return Parameters(values, frozenset(), resources)


def _written(parameters: Parameters) -> str:
    return msgspec.json.encode((parameters.values, parameters.resources)).decode()
