"""Validating authorization requests: every parameter, or the fault by which the request is refused."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from reference_api.consent_requests import validate_detail
from reference_api.errors import OAuthError
from reference_api.oidc.clients import PUBLIC, ClientRecord, read_client
from reference_api.oidc.consent_details import ConsentDetail
from reference_api.oidc.grant_types import AUTHORIZATION_CODE
from reference_api.oidc.id_tokens import read_hint
from reference_api.oidc.parameters import Parameters
from reference_api.oidc.requests import AuthorizationRequest, Claims
from reference_api.oidc.resources import check_resources
from reference_api.oidc.scopes import allowed
from reference_api.oidc.subjects import local_sub
from reference_api.services import Services
from reference_api.settings import LOOPBACK

PROMPTS = ("none", "login", "consent", "select_account")
DISPLAYS = ("page", "popup", "touch")
"""Source: OpenID Connect Core 1.0 section 3.1.2.1; our pages fit all of these."""

MAX_AGE_DIGITS = 9
"""Thirty years in seconds have nine. Source: none. Confidence C."""

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 in base64url. Source: RFC 7636 section 4.2."""

_DETAILS = msgspec.json.Decoder(tuple[ConsentDetail, ...])


async def find_client(services: Services, parameters: Parameters) -> tuple[ClientRecord, str]:
    """The client that asks, and where the answer may go. A fault of these is never told by a redirect.

    Raises:
        OAuthError: invalid_request or invalid_client. Source: RFC 6749 section 4.1.2.1, RFC 9700 section 4.1.3.
    """
    if parameters.repeated & {"client_id", "redirect_uri"}:
        raise OAuthError("invalid_request", "client_id or redirect_uri was sent twice")
    client = await read_client(services.store, parameters.require("client_id"))
    if client is None:
        raise OAuthError("invalid_client", "the client is not known here")
    redirect_uri = parameters.require("redirect_uri")
    if not is_registered(client, redirect_uri):
        raise OAuthError("invalid_request", "redirect_uri is not one that the client registered")
    return client, redirect_uri


def is_registered(client: ClientRecord, redirect_uri: str) -> bool:
    """Whether the client registered exactly this URI; an app on a person's device chooses its port on loopback.

    Source: RFC 9700 section 4.1.3, RFC 8252 section 7.3.
    """
    if redirect_uri in client.redirect_uris:
        return True
    return client.auth_method == PUBLIC and _without_port(redirect_uri) in client.redirect_uris


def _without_port(uri: str) -> str | None:
    """A loopback URI with a port, without that port; None for anything else."""
    try:
        parts = urlsplit(uri)
        port, host = parts.port, parts.hostname
    except ValueError:
        return None
    if parts.scheme != "http" or host not in LOOPBACK or port is None or parts.username is not None:
        return None
    return uri.replace(f":{port}", "", 1)


async def validate(
    services: Services, client: ClientRecord, redirect_uri: str, parameters: Parameters, now_s: float
) -> AuthorizationRequest:
    """The request of a known client; unknown parameters are ignored.

    Raises:
        OAuthError: what is told to the client. Source: RFC 6749 4.1.2.1, OpenID Connect Core 1.0 section 3.1.2.6.
    """
    _check_form(client, parameters)
    scope = allowed(client, parameters.get("scope"))
    details = _details(services, client, parameters.get("authorization_details"), now_s)
    if not scope and not details:
        raise OAuthError("invalid_scope", "none of the scopes is one that the client may ask for")
    claims = _claims(parameters.get("claims"))
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=scope,
        code_challenge=_challenge(parameters),
        state=parameters.get("state"),
        nonce=parameters.get("nonce"),
        prompt=_prompt(parameters.get("prompt")),
        max_age_s=_max_age_s(client, parameters.get("max_age")),
        login_hint=parameters.get("login_hint"),
        hinted_sub=await _hinted_sub(services, client, parameters.get("id_token_hint"), claims, now_s),
        ui_locales=_listed(parameters.get("ui_locales")),
        claims_locales=_listed(parameters.get("claims_locales")),
        display=_display(parameters.get("display")),
        acr_values=_listed(parameters.get("acr_values")),
        claims=claims,
        authorization_details=details,
        resources=_resources(services, parameters),
    )


def _check_form(client: ClientRecord, parameters: Parameters) -> None:
    """Whether this is a request of the one kind that is offered, said once and plainly."""
    for name in ("request", "request_uri"):
        if parameters.get(name) is not None:
            raise OAuthError(f"{name}_not_supported", "push the request to the endpoint for that instead")
    parameters.check_single()
    if parameters.require("response_type") != "code":
        raise OAuthError("unsupported_response_type", "only code is offered")
    if parameters.get("response_mode") not in (None, "query"):
        raise OAuthError("invalid_request", "only response_mode query is offered")
    if AUTHORIZATION_CODE not in client.grant_types:
        raise OAuthError("unauthorized_client", "the client did not register authorization_code")


def _challenge(parameters: Parameters) -> str:
    """The code challenge. Source: RFC 7636 section 4.4.1; plain is not offered (RFC 9700 section 2.1.1)."""
    challenge = parameters.get("code_challenge")
    if challenge is None or parameters.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "code_challenge with code_challenge_method S256 is required")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge is not a SHA-256 in base64url")
    return challenge


def _prompt(text: str | None) -> tuple[str, ...]:
    asked = _listed(text)
    if not set(asked) <= set(PROMPTS) or ("none" in asked and len(asked) > 1):
        raise OAuthError("invalid_request", f"prompt is none alone, or some of {' '.join(PROMPTS[1:])}")
    return asked


def _max_age_s(client: ClientRecord, text: str | None) -> int | None:
    if text is None:
        return client.default_max_age_s
    if not text.isascii() or not text.isdigit() or len(text) > MAX_AGE_DIGITS:
        raise OAuthError("invalid_request", "max_age is a number of seconds")
    return int(text)


async def _hinted_sub(
    services: Services, client: ClientRecord, hint: str | None, claims: Claims, now_s: float
) -> str | None:
    """Of whom the client speaks already, by an ID token or by the claim sub (OpenID Connect Core 1.0, 5.5.1).

    Raises:
        OAuthError: invalid_request or login_required.
    """
    named: set[str | None] = set()
    if hint is not None:
        read = await read_hint(services, hint, now_s)
        if read is None or read.client_id != client.client_id:
            raise OAuthError("invalid_request", "id_token_hint is not an ID token that this client got here")
        named.add(read.sub)
    demand = claims.get("id_token", {}).get("sub")
    if demand and isinstance(demand.get("value"), str):
        named.add(local_sub(services, client, demand["value"]))
    if None in named or len(named) > 1:
        raise OAuthError("login_required", "the request names nobody, or two people")
    return next(iter(named), None)


def _display(text: str | None) -> str | None:
    """How the pages are to look; what is not known is no fault (OpenID Connect Core 1.0 section 15.1)."""
    return text if text in DISPLAYS else None


def _claims(text: str | None) -> Claims:
    """The claims parameter. Source: OpenID Connect Core 1.0 section 5.5; members not understood are ignored."""
    if text is None:
        return {}
    try:
        whole = msgspec.json.decode(text, type=dict[str, Any])
        known = {name: whole[name] for name in ("userinfo", "id_token") if whole.get(name) is not None}
        return msgspec.convert(known, dict[str, dict[str, dict[str, Any] | None]])
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as fault:
        raise OAuthError("invalid_request", "claims is not a request of claims") from fault


def _details(services: Services, client: ClientRecord, text: str | None, now_s: float) -> tuple[ConsentDetail, ...]:
    """What is asked for beyond scopes. Source: RFC 9396 section 5."""
    if text is None:
        return ()
    try:
        details = _DETAILS.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as fault:
        raise OAuthError("invalid_authorization_details", str(fault)) from fault
    api_base = services.settings.audience
    for number, detail in enumerate(details):
        faults = validate_detail(detail, client_id=client.client_id, api_base=api_base, now_s=now_s)
        if detail.consent_id is not None:
            raise OAuthError("invalid_authorization_details", f"/{number}/consent_id: not_to_be_asked_for")
        if faults:
            told = "; ".join(f"/{number}{fault.pointer}: {fault.code}" for fault in faults)
            raise OAuthError("invalid_authorization_details", told)
    return details


def _resources(services: Services, parameters: Parameters) -> tuple[str, ...]:
    """What the tokens are to be meant for; SMART apps say aud (SMART App Launch 2.2, obtain authorization code)."""
    aud = parameters.get("aud")
    return check_resources(services.settings, parameters.resources or ((aud,) if aud else ()))


def _listed(text: str | None) -> tuple[str, ...]:
    """The members of a list separated by blanks, each once, in order."""
    return tuple(dict.fromkeys((text or "").split()))
