"""Authorization codes, and the answers that go back to the client through the browser."""

import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from reference_api.call import Call, Reply
from reference_api.oidc.grants import Granted, SignIn, open_grant
from reference_api.oidc.requests import AuthorizationRequest
from reference_api.services import Services, sha256_text

CODE_BYTES = 32
"""Entropy of a code. Source: RFC 6749 10.10, odds of guessing at most 2**-128, better 2**-160."""

CODE_TTL_S = 60.0
"""How long a code may be redeemed. Source: RFC 6749 4.1.2, at most 10 minutes; FAPI 2.0 5.3.2.1, at most 60 s."""


async def grant_code(
    services: Services, call: Call, request: AuthorizationRequest, sign_in: SignIn, granted: Granted
) -> Reply:
    """Keep the grant and send the person back to the client with a code for it.

    Call it in a transaction that also records the consents, so that neither is kept without the other.
    """
    code = secrets.token_urlsafe(CODE_BYTES)
    grant = await open_grant(services, request, sign_in, granted, call.now_s)
    await services.store.run(
        "INSERT INTO authorization_code (code_sha256, grant_id, client_id, redirect_uri, code_challenge, expires_at_s)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            sha256_text(code),
            grant.id,
            request.client_id,
            request.redirect_uri,
            request.code_challenge,
            call.now_s + CODE_TTL_S,
        ),
    )
    return redirect_back(services, request, {"code": code})


def refuse(services: Services, request: AuthorizationRequest, error: str, description: str = "") -> Reply:
    """Send the person back to the client with an error, for example login_required or access_denied.

    Source: RFC 6749 4.1.2.1, OpenID Connect Core 1.0 section 3.1.2.6.
    """
    told = {"error": error} | ({"error_description": description} if description else {})
    return redirect_back(services, request, told)


def redirect_back(services: Services, request: AuthorizationRequest, parameters: Mapping[str, str]) -> Reply:
    """The answer at the redirect URI, with the request's state and with who answers (RFC 9207 section 2)."""
    return redirect_to(services, request.redirect_uri, request.state, parameters)


def redirect_to(services: Services, redirect_uri: str, state: str | None, parameters: Mapping[str, str]) -> Reply:
    """An answer at a registered redirect URI; its own query is kept (RFC 6749 3.1.2).

    The status is 303, so that a form with a password is never posted on (RFC 9700 section 4.12).
    """
    query = dict(parameters) | ({} if state is None else {"state": state}) | {"iss": services.settings.issuer}
    joint = "&" if "?" in redirect_uri else "?"
    location = f"{redirect_uri}{joint}{urlencode(query)}"
    return Reply(
        status=303, headers={"location": location, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    )
